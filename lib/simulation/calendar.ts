import { InputError } from "shopflow/errors/mod.ts";

/** How much history a simulated shop has. */
export const HISTORY_MONTHS = 24;

const DAY_MS = 86_400_000;

/** The days of the history, numbered from 0, and the months they form. */
export interface Calendar {
  /** Number of days of history. */
  days: number;
  /** Day numbers on which a month starts, and last the day after the end: month m is [starts[m], starts[m + 1]). */
  monthStarts: number[];
  /** `YYYY-MM-DD` of a day; days before the history have negative numbers. */
  date(day: number): string;
  /** `YYYY-MM-DD HH:MM:SS` of a second counted from the start of the history. */
  timestamp(second: number): string;
  /** The moment (UTC) of a second counted from the start of the history. */
  moment(second: number): Date;
  /** 0 for January. */
  calendarMonth(day: number): number;
  dayOfMonth(day: number): number;
  /** 0 for Sunday. */
  weekday(day: number): number;
}

/**
 * The {@link HISTORY_MONTHS} months that end with the day `until` (inclusive). Months are counted back from
 * the end, so that all of them are whole whatever the date.
 *
 * @throws {InputError} when `until` is not a date.
 */
export function createCalendar(until: string): Calendar {
  const end = parseDate(until) + 1;
  const starts = Array.from(
    { length: HISTORY_MONTHS + 1 },
    (_, month) => monthsBefore(end, HISTORY_MONTHS - month),
  );
  const first = starts[0]!;
  const days = end - first;
  const dateOf = (day: number) => new Date((first + day) * DAY_MS);
  const text = (day: number) => dateOf(day).toISOString().slice(0, 10);
  const dates = Array.from({ length: days }, (_, day) => text(day));
  const date = (day: number) => dates[day] ?? text(day);
  return {
    days,
    monthStarts: starts.map((start) => start - first),
    date,
    timestamp: (second) => `${date(Math.floor(second / 86_400))} ${timeOfDay(second % 86_400)}`,
    moment: (second) => new Date(first * DAY_MS + second * 1000),
    calendarMonth: (day) => dateOf(day).getUTCMonth(),
    dayOfMonth: (day) => dateOf(day).getUTCDate(),
    weekday: (day) => dateOf(day).getUTCDay(),
  };
}

const twoDigits = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, "0"));

function timeOfDay(second: number): string {
  const hour = Math.floor(second / 3600);
  const minute = Math.floor(second / 60) % 60;
  return `${twoDigits[hour]}:${twoDigits[minute]}:${twoDigits[second % 60]}`;
}

/** Day number since 1970 of a date text. */
function parseDate(text: string): number {
  const moment = /^20\d\d-\d\d-\d\d$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  // Date.parse rolls 2024-02-31 over into March, so the text has to come back unchanged.
  if (Number.isNaN(moment) || new Date(moment).toISOString().slice(0, 10) !== text) {
    throw new InputError("until is not a date", {
      expected: "a day from 2000-01-01 to 2099-12-31 as YYYY-MM-DD",
      found: JSON.stringify(text),
      remedy: "Give the last day of the history, e.g. --until 2024-12-31.",
    });
  }
  return moment / DAY_MS;
}

function monthsBefore(day: number, months: number): number {
  const date = new Date(day * DAY_MS);
  const firstOfMonth = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - months, 1);
  const lastOfMonth = new Date(
    Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - months + 1, 0),
  ).getUTCDate();
  return firstOfMonth / DAY_MS + Math.min(date.getUTCDate(), lastOfMonth) - 1;
}
