import type { Attempt, Slot } from "shopflow/jobs/mod.ts";
import { type Paint, STATUS_COLOURS } from "./paint.ts";
import { durationText } from "./time_text.ts";

/** The status of a slot in its colour. */
export const statusText = ({ status }: Pick<Slot, "status">, paint: Paint) =>
  paint(STATUS_COLOURS[status], status);

/** How long a try took, or has been going on. */
export function attemptText({ startedAt, finishedAt }: Attempt, now: Date): string {
  const milliseconds = Date.parse(finishedAt ?? now.toISOString()) - Date.parse(startedAt);
  return finishedAt === undefined ? `${durationText(milliseconds)} so far` : durationText(milliseconds);
}

/** How long the last try of a slot took; – where it was not tried. */
export function tookText({ attempts }: Slot, now: Date): string {
  const last = attempts.at(-1);
  return last === undefined ? "–" : attemptText(last, now);
}
