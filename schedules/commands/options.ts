import { InputError } from "shopflow/errors/mod.ts";
import { FINAL_STATUSES, OPEN_STATUSES, parseTime, type SlotStatus } from "shopflow/jobs/mod.ts";

const STATUSES: readonly SlotStatus[] = [...OPEN_STATUSES, ...FINAL_STATUSES];
const UNITS_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** @throws {InputError} when it is no time. */
export function readTime(option: string, text: string): Date {
  const time = parseTime(text);
  if (time !== undefined) return time;
  throw new InputError(`${option} is not a time`, {
    expected:
      "a time with its zone, 2024-10-02T03:05Z or 2024-10-02T05:05+02:00, or a date, 2024-10-02, in UTC",
    found: JSON.stringify(text),
  });
}

/** A time, or how long ago it is: `90m`, `12h`, `7d`. @throws {InputError} when it is neither. */
export function readSince(option: string, text: string, now: Date): Date {
  const [, count, unit] = text.match(/^(\d{1,5})([mhd])$/) ?? [];
  if (count === undefined) {
    if (parseTime(text) !== undefined) return parseTime(text)!;
    throw new InputError(`${option} is not a time`, {
      expected: "a time (2024-10-02T03:05Z), a date (2024-10-02), or how long ago (90m, 12h, 7d)",
      found: JSON.stringify(text),
    });
  }
  return new Date(now.getTime() - Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS]);
}

/** One or several, `failed` or `failed,late`. @throws {InputError} on an unknown one. */
export function readStatuses(text: string): SlotStatus[] {
  return text.split(",").map((part) => {
    const found = STATUSES.find((status) => status === part.trim());
    if (found !== undefined) return found;
    throw new InputError("Unknown status", {
      expected: `one of ${STATUSES.join(", ")}, or several with commas between`,
      found: JSON.stringify(part.trim()),
    });
  });
}
