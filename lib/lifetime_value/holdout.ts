import { mean } from "shopflow/ml/mod.ts";
import { expectedOfNewCustomer, type PurchaseModel } from "./estimation/mod.ts";
import { fitLifetimeValueModel, type FittedLifetimeValue, type ModelChoice, valueCustomers } from "./fit.ts";
import {
  type CustomerHistories,
  DAYS_IN,
  type HistoryOptions,
  purchaseHistories,
  type Purchases,
  purchasesAfter,
} from "./transactions.ts";

/** How well predictions of single customers were met. */
export interface HoldoutErrors {
  /** Mean absolute error. A forecast of 0 has a low one where most customers do not come back: look at the RMSE, too. */
  mae: number;
  rmse: number;
  /** Of predicted and actual; null where either does not vary. */
  correlation: number | null;
  predicted: number;
  actual: number;
}

/** Errors of predictions, a customer a place. */
export function holdoutErrors(predicted: ArrayLike<number>, actual: ArrayLike<number>): HoldoutErrors {
  const [ours, theirs] = [Array.from(predicted), Array.from(actual)];
  const errors = ours.map((value, i) => value - theirs[i]!);
  const [meanOurs, meanTheirs] = [mean(ours), mean(theirs)];
  let xx = 0, yy = 0, xy = 0;
  for (const [i, value] of ours.entries()) {
    xx += (value - meanOurs) ** 2;
    yy += (theirs[i]! - meanTheirs) ** 2;
    xy += (value - meanOurs) * (theirs[i]! - meanTheirs);
  }
  return {
    mae: mean(errors.map(Math.abs)),
    rmse: Math.sqrt(mean(errors.map((error) => error * error))),
    correlation: xx > 0 && yy > 0 ? xy / Math.sqrt(xx * yy) : null,
    predicted: sumOf(ours),
    actual: sumOf(theirs),
  };
}

const sumOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

/** A model that was fitted on purchases until a day, and what happened after it. */
export interface Holdout {
  histories: CustomerHistories;
  model: FittedLifetimeValue;
  /** Length of the hold-out, in the unit of the histories. */
  horizon: number;
  predicted: Float64Array;
  actual: Float64Array;
  /** Predicted and actual amount; undefined without amounts. */
  money: { predicted: Float64Array; actual: Float64Array } | undefined;
}

/**
 * Fits on what was known by one day and predicts until another.
 *
 * @throws As {@linkcode fitLifetimeValueModel}.
 */
export function holdOut(
  purchases: Purchases,
  { calibrateUntil, until, model = "best", unit = "week", ...cut }: Omit<HistoryOptions, "observedUntil"> & {
    calibrateUntil: string;
    until: string;
    model?: ModelChoice;
  },
): Holdout {
  const histories = purchaseHistories(purchases, { ...cut, unit, observedUntil: calibrateUntil });
  const fitted = fitLifetimeValueModel(histories, { model });
  const days = (Date.parse(until) - Date.parse(calibrateUntil)) / 86_400_000;
  const horizon = days / DAYS_IN[unit];
  const values = valueCustomers(fitted, histories, { horizon });
  const after = purchasesAfter(purchases, { after: calibrateUntil, until, of: histories.customers });
  return {
    histories,
    model: fitted,
    horizon,
    predicted: values.purchases,
    actual: after.purchases,
    money: values.value && { predicted: values.value, actual: after.amount },
  };
}

/**
 * Expected repeat purchases of all customers together by each time: the sum of E[X(t − start)] over customers who began
 * before it, beside which a tracking plot draws those that were made.
 *
 * @param starts When each customer first bought.
 * @param times On the same scale, in the unit of the model.
 */
export function expectedCumulative(
  model: PurchaseModel,
  starts: ArrayLike<number>,
  times: readonly number[],
): number[] {
  const cohorts = new Map<number, number>();
  for (let i = 0; i < starts.length; i++) cohorts.set(starts[i]!, (cohorts.get(starts[i]!) ?? 0) + 1);
  const ages = new Set(times.flatMap((time) => [...cohorts.keys()].map((start) => time - start)));
  const positive = [...ages].filter((age) => age > 0);
  const expected = new Map(expectedOfNewCustomer(model, positive).map((value, i) => [positive[i]!, value]));
  return times.map((time) =>
    sumOf([...cohorts].map(([start, customers]) => customers * (expected.get(time - start) ?? 0)))
  );
}
