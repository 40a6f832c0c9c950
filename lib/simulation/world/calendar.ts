import { InputError } from "shopflow/errors/mod.ts";
import { CATEGORIES, type Category } from "./words.ts";

/** How much history a simulated shop has. */
export const HISTORY_MONTHS = 24;

/** The days of the history, numbered from 0, and the months they form. */
export interface Calendar {
  /** Number of days of history. */
  days: number;
  /** Day numbers on which a month starts, and last the day after the end: month m is [starts[m], starts[m + 1]). */
  monthStarts: number[];
  /** The days of a month, from (inclusive) and to (exclusive). @throws {RangeError} when the history has no such month. */
  monthDays(month: number): { start: number; end: number };
  /** `YYYY-MM-DD` of a day; days before the history have negative numbers. */
  date(day: number): string;
  /** `YYYY-MM-DD HH:MM:SS` of a second counted from the start of the history. */
  timestamp(second: number): string;
  /** The time (UTC) of a second counted from the start of the history. */
  dateAt(second: number): Date;
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
  const end = parseDate(until).add({ days: 1 });
  const first = end.subtract({ months: HISTORY_MONTHS });
  const numberOf = (date: Temporal.PlainDate) => first.until(date).days;
  const days = numberOf(end);
  const monthStarts = Array.from(
    { length: HISTORY_MONTHS + 1 },
    (_, month) => numberOf(end.subtract({ months: HISTORY_MONTHS - month })),
  );
  const dates = Array.from({ length: days }, (_, day) => first.add({ days: day }));
  const texts = dates.map((date) => date.toString());
  const dateOf = (day: number) => dates[day] ?? first.add({ days: day });
  const date = (day: number) => texts[day] ?? dateOf(day).toString();
  const startMs = first.toZonedDateTime("UTC").epochMilliseconds;
  return {
    days,
    monthStarts,
    monthDays(month) {
      const [start, end] = monthStarts.slice(month, month + 2);
      if (start === undefined || end === undefined) throw new RangeError(`The history has no month ${month}`);
      return { start, end };
    },
    date,
    timestamp: (second) => `${date(Math.floor(second / 86_400))} ${timeOfDay(second % 86_400)}`,
    dateAt: (second) => new Date(startMs + second * 1000),
    calendarMonth: (day) => dateOf(day).month - 1,
    dayOfMonth: (day) => dateOf(day).day,
    weekday: (day) => dateOf(day).dayOfWeek % 7,
  };
}

const twoDigits = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, "0"));

function timeOfDay(second: number): string {
  const hour = Math.floor(second / 3600);
  const minute = Math.floor(second / 60) % 60;
  return `${twoDigits[hour]}:${twoDigits[minute]}:${twoDigits[second % 60]}`;
}

function parseDate(text: string): Temporal.PlainDate {
  try {
    if (/^20\d\d-\d\d-\d\d$/.test(text)) return Temporal.PlainDate.from(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw new InputError("Invalid date of until", {
    expected: "a day from 2000-01-01 to 2099-12-31 as YYYY-MM-DD",
    found: JSON.stringify(text),
    remedy: "Give the last day of the history, e.g. --until 2024-12-31; without it, it is yesterday.",
  });
}

/** How the year and the years move demand. */
export interface Season {
  /** Visits on a day relative to a day of average interest. */
  interest: Float64Array;
  /** Sign-ups on a day relative to the first day's. */
  signups: Float64Array;
  /** Chance that a customer who thinks of a category on a day follows the thought; 1 at the category's peak. */
  appetite(category: number, day: number): number;
  /** Days of the sales before and on Black Friday, when coupons are common. */
  isSale(day: number): boolean;
}

/** Demand by month, January first, where 1 is an average month; and its factor from one year to the next. */
const CATEGORY_DEMAND: Record<Category, { year: number[]; trend: number }> = {
  "Electronics": { year: [0.9, 0.8, 0.85, 0.85, 0.9, 0.9, 0.95, 1.0, 0.95, 1.0, 1.5, 1.4], trend: 1.15 },
  "Clothing": { year: [0.9, 0.8, 1.1, 1.15, 1.1, 0.95, 0.85, 0.9, 1.15, 1.1, 1.05, 0.95], trend: 1.05 },
  "Home & Garden": { year: [0.7, 0.8, 1.2, 1.45, 1.5, 1.3, 1.05, 0.95, 0.9, 0.8, 0.7, 0.65], trend: 1.0 },
  "Sports": { year: [1.3, 1.0, 1.0, 1.1, 1.2, 1.2, 1.1, 0.95, 0.9, 0.75, 0.7, 0.8], trend: 1.05 },
  "Books": { year: [1.0, 0.95, 0.9, 0.85, 0.85, 0.95, 1.1, 1.05, 1.0, 0.95, 1.1, 1.3], trend: 0.8 },
  "Beauty": { year: [0.9, 1.05, 0.95, 0.95, 1.1, 1.0, 0.95, 0.95, 0.95, 0.95, 1.1, 1.15], trend: 1.2 },
  "Toys": { year: [0.6, 0.65, 0.75, 0.85, 0.8, 0.85, 0.85, 0.8, 0.9, 1.05, 1.8, 2.1], trend: 0.95 },
};
const VISITS_BY_MONTH = [0.95, 0.9, 0.95, 0.97, 0.98, 0.95, 0.92, 0.94, 1.0, 1.03, 1.2, 1.22];
const VISITS_BY_WEEKDAY = [1.15, 1.02, 0.96, 0.95, 0.96, 0.93, 1.03];
/** Growth of sign-ups in a month. */
const SIGNUP_GROWTH = 0.012;

/** The seasons of the days of a calendar; nothing is left to chance. */
export function createSeason(calendar: Calendar): Season {
  const interest = new Float64Array(calendar.days);
  const signups = new Float64Array(calendar.days);
  const isSale = (day: number) => calendar.calendarMonth(day) === 10 && calendar.dayOfMonth(day) >= 20;
  for (let day = 0; day < calendar.days; day++) {
    const month = VISITS_BY_MONTH[calendar.calendarMonth(day)] ?? 1;
    interest[day] = month * (VISITS_BY_WEEKDAY[calendar.weekday(day)] ?? 1) * (isSale(day) ? 1.25 : 1);
    signups[day] = month * Math.exp(SIGNUP_GROWTH * day / 30.4);
  }
  const appetite = CATEGORIES.map((category) => {
    const { year, trend } = CATEGORY_DEMAND[category];
    const demand = Float64Array.from(
      { length: calendar.days },
      (_, day) => (year[calendar.calendarMonth(day)] ?? 1) * trend ** (day / 365),
    );
    const peak = demand.reduce((a, b) => Math.max(a, b));
    return demand.map((value) => value / peak);
  });
  return { interest, signups, appetite: (category, day) => appetite[category]![day]!, isSale };
}
