import assert from "node:assert/strict";
import { planTrial, type TrialDesign } from "../../../../lib/offers/effect/planner.ts";

const near = (found: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(found - expected) <= tolerance, `expected ${expected}, found ${found}`);

Deno.test("sizes and power of two rates are those of statsmodels", () => {
  // samplesize_proportions_2indep_onetail and power_proportions_2indep of statsmodels 0.15, treated rows.
  for (
    const [effect, baseline, ratio, alpha, treated, powerOf1000] of [
      [0.01, 0.1, 1, 0.05, 14750.790469, 0.1127918164394184],
      [0.02, 0.05, 9, 0.05, 1162.729043, 0.7437706743262897],
      [-0.03, 0.3, 0.25, 0.01, 13085.734198, 0.05544061604211111],
    ] as const
  ) {
    const design = { measure: "rate", baseline, effect, alpha, treatedShare: 1 / (1 + ratio) } as const;
    assert.equal(planTrial(design).treated, Math.ceil(treated));
    near(planTrial({ ...design, rows: 1000 * (1 + ratio) }).power, powerOf1000, 1e-9);
  }
  const oneSided = planTrial({ measure: "rate", baseline: 0.1, effect: 0.01, power: 0.9, sides: 1 });
  assert.equal(oneSided.treated, Math.ceil(16093.87585589595));
});

Deno.test("sizes, power and detectable effects of two means are those of statsmodels' TTestIndPower", () => {
  for (
    const [effect, ratio, alpha, power, sides, treated] of [
      [0.5, 1, 0.05, 0.8, 2, 63.7656],
      [0.1, 1, 0.05, 0.9, 2, 2102.4447],
      [1.2, 1, 0.05, 0.8, 2, 11.94226],
      [0.2, 3, 0.01, 0.8, 2, 390.1291],
      [0.3, 1, 0.05, 0.8, 1, 138.0716],
    ] as const
  ) {
    const plan = planTrial({
      measure: "mean",
      standardDeviation: 1,
      effect,
      alpha,
      power,
      sides,
      treatedShare: 1 / (1 + ratio),
    });
    near(plan.treated, Math.ceil(treated), 1);
  }
  near(planTrial({ measure: "mean", standardDeviation: 1, effect: 0.8, rows: 24 }).power, 0.46575888, 1e-3);
  near(planTrial({ measure: "mean", standardDeviation: 1, rows: 1000 }).effect, 0.17735842, 1e-5);
});

Deno.test("rows, effect and power agree whichever is asked for", () => {
  const design = { measure: "rate", baseline: 0.12, treatedShare: 0.9 } as const;
  const plan = planTrial({ ...design, effect: 0.02 });
  assert.equal(plan.treated + plan.control, plan.rows);
  near(plan.treated / plan.rows, 0.9, 1e-3);
  near(planTrial({ ...design, rows: plan.rows }).effect, 0.02, 1e-5);
  near(planTrial({ ...design, rows: plan.rows, effect: 0.02 }).power, 0.8, 1e-3);
  // Half as wide an interval takes four times the rows.
  near(
    planTrial({ ...design, rows: 4 * plan.rows, effect: 0.02 }).intervalHalfWidth,
    plan.intervalHalfWidth / 2,
    1e-6,
  );
});

Deno.test("CUPED saves the rows it explains, clusters cost theirs", () => {
  const design: TrialDesign = { measure: "mean", standardDeviation: 10, effect: 0.5 };
  const rows = planTrial(design).rows;
  near(planTrial({ ...design, covariateCorrelation: 0.7 }).rows / rows, 1 - 0.49, 0.01);
  near(planTrial({ ...design, clusterSize: 5, clusterCorrelation: 0.2 }).rows / rows, 1.8, 0.01);
});

Deno.test("a design without an answer says why", () => {
  const refused = (design: TrialDesign, message: RegExp) =>
    assert.throws(() => planTrial(design), { message });
  refused({ measure: "rate", effect: 0.1 }, /A rate needs its baseline/);
  refused(
    { measure: "rate", baseline: 10, effect: 0.1 },
    /Invalid baseline: expected a number between 0 and 1/,
  );
  refused(
    { measure: "rate", baseline: 0.95, effect: 0.1 },
    /Invalid effect: expected a rate between 0 and 1/,
  );
  refused({ measure: "rate", baseline: 0.1, effect: 0 }, /nothing to solve for/);
  refused({ measure: "rate", baseline: 0.1 }, /nothing to solve for/);
  refused({ measure: "rate", baseline: 0.1, effect: 0.1, rows: 10, power: 0.8 }, /nothing to solve for/);
  refused({ measure: "mean", effect: 1 }, /A mean needs its standard deviation/);
  refused({ measure: "rate", baseline: 0.1, effect: 0.1, treatedShare: 1 }, /Invalid treatedShare/);
  refused({ measure: "rate", baseline: 0.1, rows: 4 }, /So few customers can show no effect/);
  refused({ measure: "rate", baseline: 0.5, effect: 1e-9 }, /No trial is large enough/);
});
