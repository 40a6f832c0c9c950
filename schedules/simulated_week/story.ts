import { FINAL_STATUSES, type FinalStatus, formatRunName, type Job, type Slot } from "shopflow/jobs/mod.ts";
import { type Paint, STATUS_COLOURS } from "../commands/text.ts";
import type { Incident } from "./incidents.ts";
import { localDay, localTime } from "./clock.ts";
import type { SentAlert } from "./play.ts";
import { textTable } from "shopflow/cli/mod.ts";
import { formatCount } from "shopflow/runtime/mod.ts";

/** Day by day what happened, and what the ledger says became of the slots that it was about. */
export function storyText(incidents: Incident[], slots: Slot[], paint: Paint): string {
  const days = Map.groupBy(incidents.toSorted(byTime), ({ at }) => localDay(at));
  return [...days].map(([day, ofDay]) =>
    [paint("bold", day), ...ofDay.map((incident) => incidentText(incident, slots, paint))].join("\n")
  ).join("\n\n");
}

const byTime = (a: Incident, b: Incident) => a.at.getTime() - b.at.getTime();

function incidentText({ title, at, shows }: Incident, slots: Slot[], paint: Paint): string {
  const lines = shows.flatMap(({ job, from, to }) =>
    slots.filter((slot) => slot.job === job && from <= new Date(slot.slot) && new Date(slot.slot) <= to)
  ).map((slot) => `         ${outcomeText(slot, paint)}`);
  return [`  ${localTime(at)}  ${title}`, ...lines].join("\n");
}

/** `refresh-data Tue 09:05: failed, 4 tries (…)`. */
function outcomeText(slot: Slot, paint: Paint): string {
  const { job, status, trigger, reason, attempts } = slot;
  const tries = attempts.length > 1 ? `, ${attempts.length} tries` : "";
  const how = trigger === "catch-up" ? ", caught up with" : "";
  const lost = attempts.find(({ ended }) => ended === "lost");
  const why = lost !== undefined
    ? ` (${lost.reason}; ${reason})`
    : status === "succeeded"
    ? ""
    : ` (${reason})`;
  const by = slot.requestedBy === undefined ? "" : `, asked for by ${slot.requestedBy.by}`;
  const day = localDay(new Date(slot.slot)).slice(0, 3);
  return `${job} ${day} ${localTime(new Date(slot.slot))}: ${
    paint(STATUS_COLOURS[status], status)
  }${tries}${how}${by}${why}`;
}

/** The alerts that would have been sent, the oldest first. */
export function alertsText(alerts: SentAlert[], paint: Paint): string {
  return alerts.map(({ at, channel, title }) =>
    `  ${localDay(at).slice(0, 3)} ${localTime(at)}  ${channel.padEnd(10)}  ${
      title.startsWith("Recovered") ? paint("green", title) : paint("red", title)
    }`
  ).join("\n");
}

/** Slots that were due but are not in the ledger, or have no end there. */
export function unaccounted(due: { job: string; slot: Date }[], slots: Slot[]): string[] {
  const ended = new Set(slots.filter(({ endedAt }) => endedAt !== undefined).map(formatRunName));
  return due.map(({ job, slot }) => formatRunName({ job, slot: slot.toISOString() }))
    .filter((name) => !ended.has(name));
}

const LETTERS: Record<FinalStatus, string> = {
  succeeded: "·",
  late: "L",
  failed: "F",
  skipped: "S",
  replaced: "R",
  missed: "M",
};

const letter = (status: FinalStatus, paint: Paint) => paint(STATUS_COLOURS[status], LETTERS[status]);

/** A letter for each slot, by job and day. */
export function stripsText(jobs: readonly Job[], slots: Slot[], paint: Paint): string {
  const days = Map.groupBy(slots, ({ slot }) => localDay(new Date(slot)));
  const rows = [...days].map(([day, ofDay]) => [
    day,
    ...jobs.map(({ name }) =>
      ofDay.filter(({ job }) => job === name).map(({ status }) => letter(status as FinalStatus, paint)).join(
        "",
      )
    ),
  ]);
  const legend = FINAL_STATUSES.map((status) => `${letter(status, paint)} ${status}`).join("   ");
  return `${textTable([{ title: "" }, ...jobs.map(({ name }) => ({ title: name }))], rows)}\n\n${legend}`;
}

/** How many slots of each job ended how, with sums. */
export function tallyText(jobs: readonly Job[], slots: Slot[]): string {
  const count = (ofJob: Slot[]) => [
    ...FINAL_STATUSES.map((status) => {
      const found = ofJob.filter((slot) => slot.status === status).length;
      return found === 0 ? "" : formatCount(found);
    }),
    formatCount(ofJob.length),
  ];
  const rows = jobs.map(({ name }) => [name, ...count(slots.filter(({ job }) => job === name))]);
  const columns = ["job", ...FINAL_STATUSES, "slots"].map((title, i) => ({
    title,
    align: i === 0 ? "left" as const : "right" as const,
  }));
  return textTable(columns, [...rows, ["all", ...count(slots)]]);
}
