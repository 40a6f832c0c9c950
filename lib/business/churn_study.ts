import { type TemporalSplit, temporalSplit } from "shopflow/evaluation/mod.ts";
import { addDays, checkAsOf, CHURN_HORIZON_DAYS } from "shopflow/features/mod.ts";

/** The dates of a churn report. */
export interface ChurnStudy {
  /** Customers are seen as they were before this day. */
  asOf: string;
  /** Dates the report's model learns from and is measured on; the latter is `asOf` where its outcomes are known. */
  split: TemporalSplit;
  /** Whether what became of the customers after `asOf` is known in full. */
  outcomesKnown: boolean;
  /** What the reader must know when these are not the dates that were asked for. */
  note?: string;
}

/**
 * The dates of a report as of a wanted date. Outside the data the latest date with known outcomes takes its
 * place, and the note says so: a report with a stated other date is of more use than none.
 *
 * @param period First and last day with a sale.
 * @throws {InputError} when `wanted` is not a date.
 * @throws {ModelError} when the data is too short for any date.
 */
export function planChurnStudy(wanted: string, period: { first: string; last: string }): ChurnStudy {
  const latest = temporalSplit(period);
  checkAsOf(wanted);
  // Training needs 90 days of history and 90 days of outcomes before the date.
  const earliest = addDays(period.first, 2 * CHURN_HORIZON_DAYS);
  const end = addDays(period.last, 1);
  if (wanted < earliest || wanted > end) {
    return {
      asOf: latest.test,
      split: latest,
      outcomesKnown: true,
      note: `${wanted} lies outside the data: orders run from ${period.first} to ${period.last}, so a ` +
        `report can look back from ${earliest} to ${end}. This one is as of ${latest.test}, the latest date ` +
        `whose ${CHURN_HORIZON_DAYS} days of outcomes are known.`,
    };
  }
  if (wanted > latest.test) {
    return {
      asOf: wanted,
      split: latest,
      outcomesKnown: false,
      note:
        `What became of customers in the ${CHURN_HORIZON_DAYS} days from ${wanted} is not known yet. The ` +
        `model is measured on ${latest.test} instead.`,
    };
  }
  return { asOf: wanted, split: temporalSplit(period, { test: wanted }), outcomesKnown: true };
}
