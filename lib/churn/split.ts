import { InputError, ModelError, TooLittleDataError } from "shopflow/errors/mod.ts";
import { addDays, type AsOfDate, checkAsOf, daysBetween } from "shopflow/ml/mod.ts";
import { CHURN_HORIZON_DAYS } from "./examples.ts";

/** As-of dates that follow the data, by the name of their rule. */
const RULES = {
  latest: { text: "the day after the last sale", daysAfterLastSale: 1 },
  outcomes_known: {
    text: `the last day whose following ${CHURN_HORIZON_DAYS} days are all in the data`,
    daysAfterLastSale: 1 - CHURN_HORIZON_DAYS,
  },
};

/** What a rule looks like, for people. */
export const AS_OF_RULES = `${Object.keys(RULES).join(" or ")}, or one of them with days before it, ` +
  'e.g. "outcomes_known - 30 days"';

const RULE = /^(?<name>latest|outcomes_known)(?: - (?<days>\d{1,4}) days?)?$/;

/** A rule that gives an as-of date once the last sale is known. */
export interface AsOfRule {
  /** As it was written, e.g. `outcomes_known - 30 days`. */
  rule: string;
  /** What it means, e.g. `30 days before the day after the last sale`. */
  meaning: string;
  /** From the day of the last sale to the date; negative when the date is before that day. */
  daysAfterLastSale: number;
}

/** Reads a rule such as `latest` or `outcomes_known - 30 days`; undefined when it is none. */
export function parseAsOfRule(rule: string): AsOfRule | undefined {
  const { name, days = "0" } = rule.match(RULE)?.groups ?? {};
  if (name === undefined) return undefined;
  const { text, daysAfterLastSale } = RULES[name as keyof typeof RULES];
  const before = Number(days);
  return {
    rule,
    meaning: before === 0 ? text : `${before} ${before === 1 ? "day" : "days"} before ${text}`,
    daysAfterLastSale: daysAfterLastSale - before,
  };
}

/**
 * The as-of date that a parameter means, which may be a date or a rule: a notebook that is opened in an editor finds
 * its dates by itself.
 *
 * @param period The day of the last sale.
 * @throws {InputError} when it is neither a date nor a rule.
 */
export function resolveAsOf(dateOrRule: string, { last }: { last: string }): AsOfDate {
  const rule = parseAsOfRule(dateOrRule);
  if (rule !== undefined) return addDays(last, rule.daysAfterLastSale);
  if (/^\d{4}-\d{2}-\d{2}$/.test(dateOrRule)) return checkAsOf(dateOrRule);
  throw new InputError("Invalid as-of date", {
    expected: `a calendar date as YYYY-MM-DD, or ${AS_OF_RULES}`,
    found: JSON.stringify(dateOrRule),
  });
}

/** As-of dates to learn from and one to be measured on. */
export interface TemporalSplit {
  /** Oldest first. */
  train: AsOfDate[];
  /**
   * The date on which hyper-parameters, the number of trees and the calibration are chosen, and the dates that the
   * candidates learn from: their outcomes end before it, and its own before the test. Undefined where the data is too
   * short.
   */
  validation?: { asOf: AsOfDate; train: AsOfDate[] };
  test: AsOfDate;
}

interface TemporalSplitOptions {
  /** Length of the label window that starts on an as-of date; default 90. */
  horizonDays?: number;
  /** Days between training dates; default 30. */
  stepDays?: number;
  /** Most training dates; default 6. Older ones tell of a shop that has changed since. */
  trainDates?: number;
  /** Least days of data before a training date; default 90, as the longest recent-activity feature. */
  historyDays?: number;
  /** The date to be measured on; default the latest whose label window is complete. */
  test?: AsOfDate;
}

/**
 * Splits time for labels that look `horizonDays` ahead: the label window of every training date ends before
 * the test date, so no outcome of the test period, not even in part, was seen in training. As-of dates of
 * training may overlap each other, which repeats customers but leaks nothing into the test. The validation date is the
 * last training date: what is chosen on it is fitted again with it.
 *
 * @param data First and last day with data (ISO dates).
 * @throws {TooLittleDataError} when the data is too short for one training date.
 * @throws {ModelError} when the test's window reaches beyond the data.
 */
export function temporalSplit(
  data: { first: string; last: string },
  options: TemporalSplitOptions = {},
): TemporalSplit {
  const { horizonDays = CHURN_HORIZON_DAYS, stepDays = 30, trainDates = 6, historyDays = 90 } = options;
  const latest = addDays(data.last, 1 - horizonDays);
  const test = options.test ?? latest;
  if (test > latest) {
    throw new ModelError(`The outcomes of ${test} are not known yet`, {
      expected: `a date up to ${latest}, ${horizonDays} days before the end of the data`,
      found: test,
    });
  }
  const dates = { horizonDays, stepDays, trainDates, historyDays };
  const train = labelledDates({ first: data.first, last: addDays(test, -1) }, dates);
  const asOf = train.at(-1);
  if (asOf !== undefined) {
    const earlier = labelledDates({ first: data.first, last: addDays(asOf, -1) }, dates);
    return { train, ...(earlier.length > 0 && { validation: { asOf, train: earlier } }), test };
  }
  const available = options.test === undefined
    ? daysBetween(data.first, data.last) + 1
    : Math.max(0, daysBetween(data.first, test));
  const needed = historyDays + horizonDays + (options.test === undefined ? horizonDays : 0);
  throw new TooLittleDataError("Not enough data to train on", {
    expected: `at least ${needed} days of orders${options.test === undefined ? "" : ` before ${test}`}`,
    found: `${available} days, from ${data.first} to ${options.test === undefined ? data.last : test}`,
    remedy: options.test === undefined ? "Extract a longer history." : "Choose a later date.",
  });
}

/**
 * As-of dates whose label windows end within the data, oldest first: the latest one, and those `stepDays` apart before
 * it. Empty where the data is too short for one.
 *
 * @param data First and last day with data (ISO dates).
 */
export function labelledDates(
  data: { first: string; last: string },
  options: Omit<TemporalSplitOptions, "test"> = {},
): AsOfDate[] {
  const { horizonDays = CHURN_HORIZON_DAYS, stepDays = 30, trainDates = 6, historyDays = 90 } = options;
  const earliest = addDays(data.first, historyDays);
  const dates: AsOfDate[] = [];
  for (
    let date = addDays(data.last, 1 - horizonDays);
    dates.length < trainDates;
    date = addDays(date, -stepDays)
  ) {
    if (date < earliest) break;
    dates.unshift(date);
  }
  return dates;
}
