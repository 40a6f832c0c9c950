import { formatDuration } from "shopflow/runtime/mod.ts";
import { type Attempt, type Run, type ShownStatus, shownStatus } from "shopflow/jobs/mod.ts";
import { styleText } from "node:util";
import type { Ledger } from "shopflow/jobs/ledger/mod.ts";
import { runsWhilePaused } from "shopflow/jobs/requests/mod.ts";
import { pausedText } from "shopflow/jobs/scheduler/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";

/** Times and durations as people at a terminal read them. */

/** `2025-03-24 06:00`, with seconds where there are some; UTC. */
export function utcText(time: string | Date): string {
  const iso = new Date(time).toISOString();
  return iso.slice(0, iso.slice(17, 19) === "00" ? 16 : 19).replace("T", " ");
}

type Colour = "green" | "yellow" | "red" | "cyan" | "magenta" | "dim" | "bold";

/** Gives text a colour, where colours are seen. */
export type Paint = (colour: Colour, text: string) => string;

/** @param colours False leaves texts as they are. */
export function paintFor(colours: boolean): Paint {
  return colours ? (colour, text) => styleText(colour, text, { validateStream: false }) : (_, text) => text;
}

/** The colour of each status. */
export const STATUS_COLOURS: Record<ShownStatus, Colour> = {
  succeeded: "green",
  "sla-missed": "yellow",
  failed: "red",
  cancelled: "magenta",
  skipped: "dim",
  superseded: "magenta",
  missed: "yellow",
  waiting: "cyan",
  queued: "cyan",
  retrying: "yellow",
  interrupted: "red",
  running: "cyan",
};

/** The status of a run in its colour. */
export function statusText(run: Pick<Run, "status" | "slaMissed">, paint: Paint): string {
  const status = shownStatus(run);
  return paint(STATUS_COLOURS[status], status);
}

/** How long an attempt took, or has been going on. */
export function attemptText({ startedAt, finishedAt, ended }: Attempt, now: Date): string {
  const milliseconds = Date.parse(finishedAt ?? now.toISOString()) - Date.parse(startedAt);
  if (finishedAt !== undefined) return formatDuration(milliseconds);
  return ended === undefined ? `${formatDuration(milliseconds)} so far` : "unknown";
}

/** How long the last attempt of a run took; – where it was not tried. */
export function tookText({ attempts }: Run, now: Date): string {
  const last = attempts.at(-1);
  return last === undefined ? "–" : attemptText(last, now);
}

/** What a person has to know who asks for a run of a paused job; nothing where it is not paused. */
export async function pauseNote(ledger: Ledger, run: Pick<Run, "job" | "trigger">): Promise<string> {
  const { paused } = await ledger.jobState(run.job).read();
  if (paused === undefined) return "";
  const then = runsWhilePaused(run)
    ? "a run that is triggered by hand starts all the same"
    : `it waits for \`deno task jobs resume ${run.job}\``;
  return `. The job is ${pausedText(paused)}; ${then}`;
}

/** What a person has to know whose request nobody will see. */
export const noScheduler = ({ url }: Pick<ObjectStore, "url">) =>
  `No scheduler is running for the lake ${url}. Start one with \`deno task schedule\`, or run due jobs once with ` +
  "`deno task jobs tick`.";
