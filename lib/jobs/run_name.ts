import { InputError } from "shopflow/errors/mod.ts";

/** What identifies a run: a slot of a job. */
export interface RunName {
  job: string;
  /** ISO, UTC. */
  slot: string;
}

/** A run as people write it, e.g. `refresh-data@2024-10-02T03:05Z`. */
export const formatRunName = ({ job, slot }: RunName): string => `${job}@${shortTime(slot)}`;

/** A time in UTC without seconds that are zero: `2024-10-02T03:05Z`. */
export const shortTime = (iso: string): string => new Date(iso).toISOString().replace(/(:00)?\.000Z$/, "Z");

/**
 * Reads the name of a run; a job alone is undefined's slot: the caller takes the last run.
 *
 * @throws {InputError} when it is neither.
 */
export function parseRunName(name: string): { job: string; slot?: string } {
  const [job = "", time, ...more] = name.split("@");
  if (job !== "" && more.length === 0) {
    if (time === undefined) return { job };
    const slot = parseTime(time);
    if (slot !== undefined) return { job, slot: slot.toISOString() };
  }
  throw new InputError("Not the name of a run", {
    expected: "JOB@SLOT as `deno task jobs runs` prints it, e.g. refresh-data@2024-10-02T03:05Z, " +
      "or a job's name for its last run",
    found: JSON.stringify(name),
  });
}

/** A time with its zone, or a date, which begins at midnight UTC; undefined for anything else. */
export function parseTime(text: string): Date | undefined {
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/.test(text)) return undefined;
  const time = new Date(text);
  // 31 February is an invalid date, or March.
  const real = !Number.isNaN(time.getTime()) &&
    new Date(`${text.slice(0, 10)}T00:00Z`).toISOString().startsWith(text.slice(0, 10));
  return real ? time : undefined;
}
