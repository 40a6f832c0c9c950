import {
  FINAL_STATUSES,
  type FinalStatus,
  formatRunName,
  type Job,
  type Run,
  shownStatus,
} from "shopflow/jobs/mod.ts";
import { type Paint, STATUS_COLOURS } from "../commands/text.ts";
import type { Incident } from "./incidents.ts";
import { localDay, localTime } from "./clock.ts";
import type { SentAlert } from "./play.ts";
import { textTable } from "shopflow/cli/mod.ts";
import { formatCount } from "shopflow/runtime/mod.ts";

/** The incidents day by day, each with how its runs ended according to the ledger. */
export function storyText(incidents: Incident[], runs: Run[], paint: Paint): string {
  const days = Map.groupBy(incidents.toSorted(byTime), ({ at }) => localDay(at));
  return [...days].map(([day, ofDay]) =>
    [paint("bold", day), ...ofDay.map((incident) => incidentText(incident, runs, paint))].join("\n")
  ).join("\n\n");
}

const byTime = (a: Incident, b: Incident) => a.at.getTime() - b.at.getTime();

function incidentText({ title, at, shows }: Incident, runs: Run[], paint: Paint): string {
  const lines = shows.flatMap(({ job, from, to }) =>
    runs.filter((run) =>
      run.job === job && from <= new Date(run.scheduledFor) && new Date(run.scheduledFor) <= to
    )
  ).map((run) => `         ${outcomeText(run, paint)}`);
  return [`  ${localTime(at)}  ${title}`, ...lines].join("\n");
}

/** `refresh-data Tue 09:05: failed, 4 attempts (…)`. */
function outcomeText(run: Run, paint: Paint): string {
  const { job, status, trigger, reason, attempts } = run;
  const tries = attempts.length > 1 ? `, ${attempts.length} attempts` : "";
  const how = trigger === "catch-up" ? ", caught up with" : "";
  const lost = attempts.find(({ ended }) => ended === "lease expired");
  const why = lost !== undefined
    ? ` (${lost.reason}; ${reason})`
    : status === "succeeded"
    ? ""
    : ` (${reason})`;
  const by = run.requestedBy === undefined ? "" : `, requested by ${run.requestedBy.by}`;
  const day = localDay(new Date(run.scheduledFor)).slice(0, 3);
  return `${job} ${day} ${localTime(new Date(run.scheduledFor))}: ${
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

/** Runs that were due but are not in the ledger, or have no end there. */
export function unplanned(due: { job: string; scheduledFor: Date }[], runs: Run[]): string[] {
  const ended = new Set(runs.filter(({ endedAt }) => endedAt !== undefined).map(formatRunName));
  return due.map(({ job, scheduledFor }) => formatRunName({ job, scheduledFor: scheduledFor.toISOString() }))
    .filter((name) => !ended.has(name));
}

/** How a run ended, as the table shows it. */
type ShownEnd = FinalStatus | "sla-missed";

const LETTERS: Record<ShownEnd, string> = {
  succeeded: "·",
  "sla-missed": "L",
  failed: "F",
  cancelled: "C",
  skipped: "S",
  superseded: "R",
  missed: "M",
};

const letter = (status: ShownEnd, paint: Paint) => paint(STATUS_COLOURS[status], LETTERS[status]);

/** A letter for each run, by job and day. */
export function stripsText(jobs: readonly Job[], runs: Run[], paint: Paint): string {
  const days = Map.groupBy(runs, ({ scheduledFor }) => localDay(new Date(scheduledFor)));
  const rows = [...days].map(([day, ofDay]) => [
    day,
    ...jobs.map(({ name }) =>
      ofDay.filter(({ job }) => job === name).map((run) => letter(shownStatus(run) as ShownEnd, paint)).join(
        "",
      )
    ),
  ]);
  const legend = FINAL_STATUSES.map((status) => `${letter(status, paint)} ${status}`).join("   ");
  return `${textTable([{ title: "" }, ...jobs.map(({ name }) => ({ title: name }))], rows)}\n\n${legend}`;
}

/** How many runs of each job ended how, with sums. */
export function tallyText(jobs: readonly Job[], runs: Run[]): string {
  const count = (ofJob: Run[]) => [
    ...FINAL_STATUSES.map((status) => {
      const found = ofJob.filter((run) => run.status === status).length;
      return found === 0 ? "" : formatCount(found);
    }),
    formatCount(ofJob.length),
  ];
  const rows = jobs.map(({ name }) => [name, ...count(runs.filter(({ job }) => job === name))]);
  const columns = ["job", ...FINAL_STATUSES, "runs"].map((title, i) => ({
    title,
    align: i === 0 ? "left" as const : "right" as const,
  }));
  return textTable(columns, [...rows, ["all", ...count(runs)]]);
}
