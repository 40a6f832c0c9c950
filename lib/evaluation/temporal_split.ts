import { ModelError, TooLittleDataError } from "shopflow/errors/mod.ts";
import { addDays, CHURN_HORIZON_DAYS, daysBetween } from "shopflow/features/mod.ts";

/** As-of dates to learn from and one to be measured on. */
export interface TemporalSplit {
  /** Oldest first. */
  train: string[];
  test: string;
}

export interface TemporalSplitOptions {
  /** Length of the label window that starts on an as-of date; default 90. */
  horizonDays?: number;
  /** Days between training dates; default 30. */
  stepDays?: number;
  /** Most training dates; default 6. Older ones tell of a shop that has changed since. */
  trainDates?: number;
  /** Least days of data before a training date; default 90, as the longest recent-activity feature. */
  historyDays?: number;
  /** The date to be measured on; default the latest whose label window is complete. */
  test?: string;
}

/**
 * Splits time for labels that look `horizonDays` ahead: the label window of every training date ends before
 * the test date, so no outcome of the test period, not even in part, was seen in training. As-of dates of
 * training may overlap each other, which repeats customers but leaks nothing into the test.
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
  if (train.length > 0) return { train, test };
  const available = options.test === undefined
    ? daysBetween(data.first, data.last) + 1
    : Math.max(0, daysBetween(data.first, test));
  const needed = historyDays + horizonDays + (options.test === undefined ? horizonDays : 0);
  throw new TooLittleDataError("There is too little data to train on", {
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
): string[] {
  const { horizonDays = CHURN_HORIZON_DAYS, stepDays = 30, trainDates = 6, historyDays = 90 } = options;
  const earliest = addDays(data.first, historyDays);
  const dates: string[] = [];
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
