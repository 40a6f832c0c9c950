import { valueAt } from "shopflow/ml/mod.ts";
import type { Trial } from "./trial.ts";

/** A covariate that the others explain to this share of its variance adds nothing. */
const COLLINEAR = 1e-9;

/**
 * The outcome less what covariates known before the draw explain of it: Y − θ'(X − mean X), with θ of the regression of
 * Y on X within the arms (CUPED; Deng, Xu, Kohavi and Walker 2013, "Improving the sensitivity of online controlled
 * experiments by utilizing pre-experiment data", WSDM). Its mean differs between the arms as that of Y does, with a
 * variance smaller by the share that X explains. Covariates that are constant, or a sum of others, are left out.
 *
 * @param weights Of each row, 1 or 1 / propensity.
 * @returns The adjusted outcome, one a row, and how many covariates were used.
 */
export function cupedOutcome(
  trial: Trial,
  weights: Float64Array,
): { outcome: Float64Array; covariates: number } {
  const values = trial.covariates.map(({ values }) => values);
  const within = [...values, trial.outcome].map((column) => centered(column, trial.arm, weights));
  const response = within.pop()!;
  const product = (a: Float64Array, b: Float64Array) =>
    a.reduce((sum, value, row) => sum + valueAt(weights, row) * value * valueAt(b, row), 0);
  // Gram–Schmidt: each covariate less its part along those before, so that a collinear one is seen and left out.
  const basis: { direction: Float64Array; total: Float64Array; norm: number }[] = [];
  for (const [j, column] of within.entries()) {
    const direction = Float64Array.from(column), total = Float64Array.from(values[j]!);
    for (const earlier of basis) {
      const slope = product(direction, earlier.direction) / earlier.norm;
      for (let row = 0; row < direction.length; row++) {
        direction[row]! -= slope * valueAt(earlier.direction, row);
        total[row]! -= slope * valueAt(earlier.total, row);
      }
    }
    const norm = product(direction, direction);
    if (norm > COLLINEAR * product(column, column)) basis.push({ direction, total, norm });
  }
  const outcome = Float64Array.from(trial.outcome);
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  for (const { direction, total, norm } of basis) {
    const slope = product(response, direction) / norm;
    const mean = total.reduce((sum, value, row) => sum + valueAt(weights, row) * value, 0) / all;
    for (let row = 0; row < outcome.length; row++) outcome[row]! -= slope * (valueAt(total, row) - mean);
  }
  return { outcome, covariates: basis.length };
}

/** A column less the weighted mean of the row's arm. */
function centered(column: Float64Array, arm: Uint8Array, weights: Float64Array): Float64Array {
  const sums = new Map<number, { total: number; weighted: number }>();
  for (let row = 0; row < column.length; row++) {
    const of = sums.get(valueAt(arm, row)) ?? { total: 0, weighted: 0 };
    of.total += valueAt(weights, row);
    of.weighted += valueAt(weights, row) * valueAt(column, row);
    sums.set(valueAt(arm, row), of);
  }
  return column.map((value, row) => {
    const { total, weighted } = sums.get(valueAt(arm, row))!;
    return value - weighted / total;
  });
}
