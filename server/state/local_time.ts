import type { Job } from "shopflow/jobs/mod.ts";

/** Where a time lies in a time zone. */
interface LocalTime {
  /** `2024-10-02`. */
  day: string;
  hour: number;
  /** `07:05`. */
  time: string;
}

/** The time zone that a job is thought of in. */
export const zoneOf = ({ schedule }: Pick<Job, "schedule">): string =>
  "on" in schedule ? "UTC" : schedule.timeZone;

const formats = new Map<string, Intl.DateTimeFormat>();

/**
 * Where a time lies in a time zone.
 *
 * @param timeZone IANA name, e.g. `Europe/Berlin`.
 * @throws {RangeError} when there is none of this name.
 */
export function localTime(time: Date, timeZone: string): LocalTime {
  const format = formats.get(timeZone) ?? new Intl.DateTimeFormat("en-CA", {
    timeZone,
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  formats.set(timeZone, format);
  const parts = Object.fromEntries(format.formatToParts(time).map(({ type, value }) => [type, value]));
  return {
    day: `${parts.year}-${parts.month}-${parts.day}`,
    hour: Number(parts.hour),
    time: `${parts.hour}:${parts.minute}`,
  };
}

/**
 * When a day begins in a time zone; undefined for what is no day. Where midnight does not exist there, it is the first
 * moment after it.
 */
export function startOfDay(day: string, timeZone: string): Date | undefined {
  const midnight = Date.parse(`${day}T00:00:00Z`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day) || Number.isNaN(midnight)) return undefined;
  if (new Date(midnight).toISOString().slice(0, 10) !== day) return undefined;
  // Offsets lie between -12 and +14 hours, in steps of 15 minutes.
  for (let minutes = -14 * 60; minutes <= 12 * 60; minutes += 15) {
    const time = new Date(midnight + minutes * 60_000);
    if (localTime(time, timeZone).day === day) return time;
  }
  return undefined;
}

/** The day that lies `days` later. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}
