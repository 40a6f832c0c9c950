import { matrixRow } from "shopflow/ml/classifier/mod.ts";
import { bootstrapIntervals, type Interval } from "shopflow/ml/evaluation/mod.ts";
import { valueAt } from "shopflow/ml/mod.ts";
import type { ChurnExamples } from "../examples.ts";
import { checkPlaybook, type ChurnPlaybook, spendOf } from "../playbook.ts";

/** What an offer to all customers above a risk would have brought. */
export interface ProfitPoint {
  riskAbove: number;
  contacted: number;
  /** In currency over the horizon, by what those customers did. */
  profit: Interval;
}

/** Risks at which the curve is drawn. */
const RISKS = Array.from({ length: 20 }, (_, i) => i / 20);

type Economics = Omit<ChurnPlaybook, "riskAbove">;

/**
 * What the playbook's offer would have brought on a date whose outcomes are known, by the risk from which customers are
 * contacted: of each who did not order, saveRate × usual spend × (margin − discount); of each who did, the discount given
 * away for nothing; of all the contact (the profit curve of Provost and Fawcett 2013, Data Science for Business, chapter
 * 8). The save rate is an assumption until a trial has measured it.
 *
 * @param examples Active customers of the date.
 * @param probabilities What a model that had not seen them says.
 * @param options.risks In ascending order; default 0, 0.05 … 0.95.
 * @throws {InputError} when a share of the playbook is not between 0 and 1.
 */
export function profitCurve(
  examples: ChurnExamples,
  probabilities: Float64Array,
  { playbook, horizonDays, risks = RISKS }: { playbook: Economics; horizonDays: number; risks?: number[] },
): ProfitPoint[] {
  const gains = gainsOf(examples, { playbook, horizonDays });
  const names = risks.map(String);
  const above = (weights: ArrayLike<number> | undefined) => {
    const sums = new Float64Array(risks.length);
    for (const [row, gain] of gains.entries()) {
      const weighted = gain * (weights?.[row] ?? 1);
      for (let i = 0; i < risks.length && valueAt(probabilities, row) > valueAt(risks, i); i++) {
        sums[i]! += weighted;
      }
    }
    return Object.fromEntries(names.map((name, i) => [name, valueAt(sums, i)]));
  };
  const intervals = bootstrapIntervals(examples.customerIds, above);
  return risks.map((riskAbove) => ({
    riskAbove,
    contacted: probabilities.filter((probability) => probability > riskAbove).length,
    profit: intervals[String(riskAbove)] ?? { value: NaN, lower: NaN, upper: NaN },
  }));
}

/**
 * The risk above which contacting customers brought most on a validation date: one of the predicted probabilities, or 1,
 * above which is nobody, where no offer paid.
 *
 * @param probabilities Of a model that had not seen the customers.
 * @throws {InputError} when a share of the playbook is not between 0 and 1.
 */
export function thresholdByValue(
  examples: ChurnExamples,
  probabilities: Float64Array,
  options: { playbook: Economics; horizonDays: number },
): { riskAbove: number; profit: number } {
  const gains = gainsOf(examples, options);
  const order = [...gains.keys()].sort((a, b) => valueAt(probabilities, b) - valueAt(probabilities, a));
  let [sum, best] = [0, { riskAbove: 1, profit: 0 }];
  for (const [place, row] of order.entries()) {
    sum += valueAt(gains, row);
    const next = order[place + 1];
    const below = next === undefined ? 0 : valueAt(probabilities, next);
    // Between equal risks there is no threshold.
    if (sum > best.profit && below < valueAt(probabilities, row)) best = { riskAbove: below, profit: sum };
  }
  return best;
}

/** What contacting each customer would have brought, in currency. */
function gainsOf(
  { features, labels }: ChurnExamples,
  { playbook, horizonDays }: { playbook: Economics; horizonDays: number },
): Float64Array {
  checkPlaybook({ ...playbook, riskAbove: 0 });
  const { saveRate, margin, discount, contactCost } = playbook;
  const [sales, returned, tenure] = ["net_sales", "return_share", "tenure_days"].map((name) =>
    features.names.indexOf(name)
  ) as [number, number, number];
  return Float64Array.from(labels, (label, row) => {
    const values = matrixRow(features, row);
    const known = (column: number) => Number.isNaN(values[column]) ? null : values[column] ?? null;
    const spend = spendOf(
      { net_sales: known(sales), return_share: known(returned), tenure_days: known(tenure) },
      horizonDays,
    );
    return (label === 1 ? saveRate * spend * (margin - discount) : -spend * discount) - contactCost;
  });
}
