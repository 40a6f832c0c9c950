import assert from "node:assert/strict";
import { comparePolicies, estimateEffect, policyValue } from "shopflow/offers/effect/mod.ts";
import type { Trial } from "../../../../lib/offers/effect/trial.ts";
import { inventedTrial } from "../../../fixtures/invented_trial.ts";

const near = (found: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(found - expected) <= tolerance, `expected ${expected}, found ${found}`);

/** The offer adds 0.4 x² to a rate of 0.1 + 0.5 x: those with the highest x gain most. */
const draw = (seed: number, rows = 2000, columns = {}) =>
  inventedTrial(
    { rows, seed, rate: (x, treated) => 0.1 + 0.5 * x + (treated ? 0.4 * x * x : 0), share: () => 0.7 },
    columns,
  );
const xOf = (trial: Trial) =>
  Float64Array.from({ length: trial.arm.length }, (_, row) => trial.features.values[2 * row]!);

Deno.test("contacting everybody gains the effect of the trial, nobody nothing", () => {
  const trial = draw(1);
  const [nobody, everybody] = policyValue(trial, xOf(trial), { budgets: [0, 1] });
  near(nobody!.gain.estimate, 0, 0);
  const [effect] = estimateEffect(trial);
  near(everybody!.gain.estimate, effect!.effect, 1e-12);
  near(everybody!.gain.standardError, effect!.standardError, 1e-4);
  near(nobody!.value.estimate, effect!.controlMean, 1e-12);
});

Deno.test("gains at each budget hold the truth in 95 % of trials, with predictions too, which narrow them", () => {
  // The mean of 0.4 x² above the (1 − b) quantile of a uniform x: 0.4 (1 − (1 − b)³) / 3.
  const trials = 600, budgets = [0.2, 0.5, 0.8];
  const covered = { weights: [0, 0, 0], predictions: [0, 0, 0] };
  let narrowing = 0;
  for (let seed = 0; seed < trials; seed++) {
    const trial = draw(seed, 1000), x = xOf(trial);
    const predictions = {
      control: x.map((x) => 0.1 + 0.5 * x),
      treated: x.map((x) => 0.1 + 0.5 * x + 0.4 * x * x),
    };
    const weights = policyValue(trial, x, { budgets }),
      better = policyValue(trial, x, { budgets, predictions });
    for (const [i, b] of budgets.entries()) {
      const truth = 0.4 * (1 - (1 - b) ** 3) / 3;
      for (const [name, points] of [["weights", weights], ["predictions", better]] as const) {
        const { interval } = points[i]!.gain;
        covered[name][i]! += Number(interval.low <= truth && truth <= interval.high) / trials;
      }
    }
    narrowing += better[1]!.gain.standardError / weights[1]!.gain.standardError / trials;
  }
  for (const share of [...covered.weights, ...covered.predictions]) {
    near(share, 0.95, 3 * Math.sqrt(0.95 * 0.05 / trials));
  }
  assert.ok(narrowing < 0.95, `${narrowing}`);
});

Deno.test("two policies are compared on the same customers, so that a small difference shows", () => {
  const trial = draw(3, 6000), x = xOf(trial);
  const random = x.map(() => 0), nearly = x.map((x) => x > 0.98 ? 0.5 : x);
  const better = comparePolicies(trial, x, random);
  assert.ok(better.overall.interval.low > 0);
  // Of the areas: ∫ 0.4 (1 − (1 − b)³) / 3 db − 0.4 / 6.
  near(better.overall.estimate, 0.1 - 0.4 / 6, 3 * better.overall.standardError);
  near(better.budgets.find(({ share }) => share === 1)!.estimate, 0, 1e-15);
  const [one, other] = [
    policyValue(trial, x, { budgets: [0.3] })[0]!,
    policyValue(trial, random, { budgets: [0.3] })[0]!,
  ];
  const [at30] = comparePolicies(trial, x, random, { budgets: [0.3] }).budgets;
  near(at30!.estimate, one.gain.estimate - other.gain.estimate, 1e-12);
  assert.ok(comparePolicies(trial, x, nearly).overall.standardError < better.overall.standardError / 3);
  const same = comparePolicies(trial, x, x.map((x) => 2 * x)).overall;
  assert.deepEqual([same.estimate, same.standardError], [0, 0]);
});

Deno.test("profit takes off contacts and vouchers, so contacting everybody may lose", () => {
  const trial = draw(4, 8000), x = xOf(trial);
  const economics = { profitPerOutcome: 10, costPerContact: 0.5, costPerOutcome: 1 };
  const points = policyValue(trial, x, { economics, budgets: [0, 0.3, 1] });
  const [effect] = estimateEffect(trial);
  near(points[2]!.gain.estimate, 9 * effect!.mean - 0.5 - 10 * effect!.controlMean, 1e-9);
  near(points[0]!.value.estimate, 10 * effect!.controlMean, 1e-9);
  assert.equal(points[1]!.contacted, 2400);
  assert.ok(points[1]!.gain.estimate > points[2]!.gain.estimate - 0.2);
});

Deno.test("what is no policy of this trial is refused", () => {
  const trial = draw(5, 100), x = xOf(trial);
  assert.throws(() => policyValue(trial, x.subarray(1)), { message: /Invalid scores: expected 100 numbers/ });
  assert.throws(() => policyValue(trial, x.map((x, i) => i === 7 ? NaN : x)), { message: /NaN in row 7/ });
  assert.throws(() => policyValue(trial, x, { budgets: [30] }), { message: /Invalid budget.*found 30/ });
  assert.throws(() => policyValue({ ...trial, arms: ["a", "b", "c"] }, x), {
    message: /A policy contacts or does not/,
  });
  assert.throws(() => policyValue(trial, x, { predictions: { control: x, treated: x.subarray(1) } }), {
    message: /Invalid predictions/,
  });
});
