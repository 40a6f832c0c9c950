import type { Calendar } from "./calendar.ts";
import { CATEGORIES } from "./catalogue_words.ts";

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

/** Demand by month, January first; 1 is an average month. */
const CATEGORY_YEAR: Record<string, number[]> = {
  "Electronics": [0.9, 0.8, 0.85, 0.85, 0.9, 0.9, 0.95, 1.0, 0.95, 1.0, 1.5, 1.4],
  "Clothing": [0.9, 0.8, 1.1, 1.15, 1.1, 0.95, 0.85, 0.9, 1.15, 1.1, 1.05, 0.95],
  "Home & Garden": [0.7, 0.8, 1.2, 1.45, 1.5, 1.3, 1.05, 0.95, 0.9, 0.8, 0.7, 0.65],
  "Sports": [1.3, 1.0, 1.0, 1.1, 1.2, 1.2, 1.1, 0.95, 0.9, 0.75, 0.7, 0.8],
  "Books": [1.0, 0.95, 0.9, 0.85, 0.85, 0.95, 1.1, 1.05, 1.0, 0.95, 1.1, 1.3],
  "Beauty": [0.9, 1.05, 0.95, 0.95, 1.1, 1.0, 0.95, 0.95, 0.95, 0.95, 1.1, 1.15],
  "Toys": [0.6, 0.65, 0.75, 0.85, 0.8, 0.85, 0.85, 0.8, 0.9, 1.05, 1.8, 2.1],
};
/** Factor of a category's demand from one year to the next. */
const CATEGORY_TREND: Record<string, number> = {
  "Electronics": 1.15,
  "Clothing": 1.05,
  "Home & Garden": 1.0,
  "Sports": 1.05,
  "Books": 0.8,
  "Beauty": 1.2,
  "Toys": 0.95,
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
    const month = VISITS_BY_MONTH[calendar.calendarMonth(day)]!;
    interest[day] = month * VISITS_BY_WEEKDAY[calendar.weekday(day)]! * (isSale(day) ? 1.25 : 1);
    signups[day] = month * Math.exp(SIGNUP_GROWTH * day / 30.4);
  }
  const appetite = CATEGORIES.map((category) => {
    const demand = Float64Array.from(
      { length: calendar.days },
      (_, day) =>
        CATEGORY_YEAR[category]![calendar.calendarMonth(day)]! * CATEGORY_TREND[category]! ** (day / 365),
    );
    const peak = demand.reduce((a, b) => Math.max(a, b));
    return demand.map((value) => value / peak);
  });
  return { interest, signups, appetite: (category, day) => appetite[category]![day]!, isSale };
}
