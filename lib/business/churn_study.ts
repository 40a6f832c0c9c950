import { TooLittleDataError } from "shopflow/errors/mod.ts";
import { type TemporalSplit, temporalSplit } from "shopflow/evaluation/mod.ts";
import { addDays, CHURN_HORIZON_DAYS, resolveAsOf } from "shopflow/features/mod.ts";

/** The dates of a churn report. */
export interface ChurnStudy {
  /** Lists of action are of this day: customers as they were before it. */
  asOf: string;
  /** Whether that is the day after the last sale; else the lists, too, look back. */
  isLatest: boolean;
  /**
   * Dates the report's model learns from and is measured on; the 90 days after the latter are known. Undefined where the
   * data is too short for any.
   */
  split?: TemporalSplit;
  /** What the reader must know when these are not the dates that were asked for. */
  notes: string[];
}

/**
 * The dates of a report: that of its lists of action, and that on which its model is measured. A date outside the data
 * is replaced by the latest, and a note says so: a report with a stated other date is of more use than none.
 *
 * @param wanted Dates, or rules for them such as `latest`.
 * @param period First and last day with a sale.
 * @throws {InputError} when what is wanted is neither a date nor a rule.
 */
export function planChurnStudy(
  wanted: { asOf: string; backtestAsOf: string },
  period: { first: string; last: string },
): ChurnStudy {
  const latest = addDays(period.last, 1);
  const [wantedAsOf, wantedBacktest] = [wanted.asOf, wanted.backtestAsOf].map((date) =>
    resolveAsOf(date, period)
  ) as [string, string];
  const notes: string[] = [];
  const known = measurable(period);
  if ("tooLittle" in known) {
    if (wantedAsOf !== latest) {
      notes.push(`Without a model there is no list as of ${wantedAsOf}, only as of ${latest}.`);
    }
    notes.push(`No model is measured. ${known.tooLittle}`);
    return { asOf: latest, isLatest: true, notes };
  }
  // Training needs 90 days of history and 90 days of outcomes before the date.
  const earliest = addDays(period.first, 2 * CHURN_HORIZON_DAYS);
  const within = (date: string, end: string, what: string, meaning: string) => {
    if (date >= earliest && date <= end) return date;
    notes.push(
      `${date} lies outside the data: orders run from ${period.first} to ${period.last}, so ${what} can be as of ` +
        `${earliest} to ${end}. Here it is ${end}, ${meaning}.`,
    );
    return end;
  };
  const asOf = within(
    wantedAsOf,
    latest,
    "a list of customers",
    "the day after the last sale",
  );
  const backtest = within(
    wantedBacktest,
    known.test,
    "a backtest",
    `the last day whose ${CHURN_HORIZON_DAYS} days are known`,
  );
  if (backtest > asOf) {
    notes.push(
      `The backtest is as of ${asOf}, too: a model that knows of later days must not score that day.`,
    );
  }
  const test = backtest < asOf ? backtest : asOf;
  return { asOf, isLatest: asOf === latest, split: temporalSplit(period, { test }), notes };
}

/** The latest dates that a model can be measured on, or why there are none. */
function measurable(period: { first: string; last: string }): TemporalSplit | { tooLittle: string } {
  try {
    return temporalSplit(period);
  } catch (error) {
    if (error instanceof TooLittleDataError) return { tooLittle: error.message };
    throw error;
  }
}
