import assert from "node:assert/strict";
import { estimateEffect } from "shopflow/offers/effect/mod.ts";
import { qini, shareOfEffect, upliftByBin } from "shopflow/offers/uplift/mod.ts";
import { readTrial } from "../../../../lib/offers/effect/trial.ts";
import { inventedTrial } from "../../../fixtures/invented_trial.ts";

const near = (found: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(found - expected) <= tolerance, `expected ${expected}, found ${found}`);

/** 400 customers by a generator that Python repeats: x ← 1103515245 x + 12345 mod 2³¹. */
function repeatable() {
  let state = 7n;
  const next = () => Number(state = (1103515245n * state + 12345n) % 2n ** 31n) / 2 ** 31;
  const rows = Array.from({ length: 400 }, () => {
    const [arm, score, outcome] = [next(), next(), next(), next()] as const;
    const treated = Number(arm < 0.4);
    return { arm: treated, score, outcome: Number(outcome < 0.2 + 0.3 * treated * score) };
  });
  return {
    trial: readTrial(rows, { treatment: "arm", outcome: "outcome" }),
    scores: rows.map(({ score }) => score),
  };
}

Deno.test("the Qini curve is that of scikit-uplift and causalml, in outcomes a treated customer", () => {
  const { trial, scores } = repeatable();
  const treated = trial.arm.reduce((sum, arm) => sum + arm, 0);
  // sklift.metrics.qini_curve and causalml.metrics.get_qini(normalize=False), scikit-uplift 0.5.1 and causalml 0.18.0.
  const { curve, coefficient } = qini(trial, scores);
  near(curve[120]!.gain * treated, 17.42857142857143, 1e-9);
  near(curve.at(-1)!.gain * treated, 27.497991967871485, 1e-9);
  near(coefficient, 0.05658899648545171, 1e-12);
  // With scores rounded to two digits, many are equal.
  const tied = qini(trial, scores.map((score) => Math.round(score * 100) / 100));
  assert.deepEqual(tied.curve.slice(0, 5).map(({ share }) => Math.round(400 * share)), [0, 6, 7, 11, 17]);
  for (const [i, gain] of [0, 2, 3, 4.16666667, 4.6].entries()) {
    near(tied.curve[i]!.gain * treated, gain, 1e-7);
  }
  near(tied.coefficient, 0.056780832181017066, 1e-12);
});

Deno.test("equal scores are a draw at random: no coefficient, and 30 % of the effect", () => {
  const { trial, scores } = repeatable();
  const flat = scores.map(() => 1);
  near(qini(trial, flat).coefficient, 0, 1e-15);
  near(shareOfEffect(trial, flat, { samples: 20 }).estimate, 0.3, 1e-12);
  near(qini(trial, flat).effect, estimateEffect(trial)[0]!.effect, 1e-12);
});

Deno.test("the share of the effect has an interval that holds the truth, and depends on the seed alone", () => {
  // The offer adds 0.4 x: the 30 % with the highest x have 1 − 0.7² of it.
  let covered = 0;
  const trials = 150;
  for (let seed = 0; seed < trials; seed++) {
    const trial = inventedTrial({ rows: 1500, seed, rate: (x, treated) => 0.2 + (treated ? 0.4 * x : 0) });
    const x = Float64Array.from({ length: 1500 }, (_, row) => trial.features.values[2 * row]!);
    const { interval } = shareOfEffect(trial, x, { samples: 100, seed });
    covered += Number(interval.low <= 0.51 && 0.51 <= interval.high) / trials;
  }
  near(covered, 0.95, 3 * Math.sqrt(0.95 * 0.05 / trials));
  const { trial, scores } = repeatable();
  const once = shareOfEffect(trial, scores, { seed: 3 });
  assert.deepEqual(shareOfEffect(trial, scores, { seed: 3 }), once);
  assert.notEqual(shareOfEffect(trial, scores, { seed: 4 }).standardError, once.standardError);
});

Deno.test("customers with several rows are drawn together, which widens the interval", () => {
  const { trial, scores } = repeatable();
  const twice = {
    ...trial,
    arm: Uint8Array.from([...trial.arm, ...trial.arm]),
    outcome: Float64Array.from([...trial.outcome, ...trial.outcome]),
    propensity: trial.propensity.map((values) => Float64Array.from([...values, ...values])),
  };
  const clusters = Int32Array.from([...trial.arm.keys(), ...trial.arm.keys()]);
  const [apart, together] = [twice, { ...twice, clusters }].map((trial) =>
    shareOfEffect(trial, [...scores, ...scores])
  );
  near(together!.standardError / apart!.standardError, Math.SQRT2, 0.2);
});

Deno.test("bins of scores show the effect of each", () => {
  const trial = inventedTrial({
    rows: 8000,
    seed: 1,
    rate: (x, treated) => 0.2 + (treated && x > 0.8 ? 0.5 : 0),
  });
  const x = Float64Array.from({ length: 8000 }, (_, row) => trial.features.values[2 * row]!);
  const bins = upliftByBin(trial, x, { bins: 5 });
  assert.deepEqual(
    bins.map(({ bin, customers }) => [bin, customers]),
    [1, 2, 3, 4, 5].map((bin) => [bin, 1600]),
  );
  near(bins[0]!.estimate, 0.5, 0.07);
  for (const { interval } of bins.slice(1)) assert.ok(interval.low < 0.03 && interval.high > -0.03);
});

Deno.test("scores that do not fit the trial are refused", () => {
  const { trial, scores } = repeatable();
  assert.throws(() => qini(trial, scores.slice(1)), { message: /Invalid scores: expected 400 numbers/ });
  assert.throws(() => qini({ ...trial, arms: ["a", "b", "c"] }, scores), { message: /compares two arms/ });
  assert.throws(() => shareOfEffect(trial, scores, { share: 30 }), { message: /Invalid share.*found 30/ });
});
