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

/**
 * Where a time lies in a time zone.
 *
 * @param timeZone IANA name, e.g. `Europe/Berlin`.
 * @throws {RangeError} when there is none of this name.
 */
export function localTime(time: Date, timeZone: string): LocalTime {
  const local = Temporal.Instant.fromEpochMilliseconds(time.getTime()).toZonedDateTimeISO(timeZone);
  return {
    day: local.toPlainDate().toString(),
    hour: local.hour,
    time: local.toPlainTime().toString({ smallestUnit: "minute" }),
  };
}

/**
 * When a day begins in a time zone; undefined for what is no day. Where midnight does not exist there, it is the first
 * moment after it.
 */
export function startOfDay(day: string, timeZone: string): Date | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return undefined;
  let date: Temporal.PlainDate;
  try {
    date = Temporal.PlainDate.from(day, { overflow: "reject" });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
  return new Date(date.toZonedDateTime(timeZone).epochMilliseconds);
}

/** The day that lies `days` later. */
export const addDays = (day: string, days: number): string =>
  Temporal.PlainDate.from(day).add({ days }).toString();
