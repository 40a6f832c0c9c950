import assert from "node:assert/strict";
import { calibrate, chooseCalibration } from "shopflow/ml/evaluation/mod.ts";
import { fitCalibration } from "../../../../lib/ml/evaluation/calibration.ts";
import { createRandom } from "shopflow/runtime/mod.ts";

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/** Rows whose true probability is `truth` of the log-odds that a model gives. */
function rows(truth: (logOdds: number) => number, count = 4000, seed = 1) {
  const random = createRandom(seed);
  const logOdds = Float64Array.from({ length: count }, () => 6 * random() - 3);
  return {
    logOdds,
    labels: Uint8Array.from(logOdds, (x) => random() < truth(x) ? 1 : 0),
    groups: Array.from({ length: count }, (_, i) => `C${i % (count / 2)}`),
  };
}

Deno.test("probabilities that are right are left as they are", () => {
  const { calibrator, logLoss } = chooseCalibration(rows(sigmoid));
  assert.equal(calibrator.method, "none");
  assert.deepEqual(Object.keys(logLoss), ["none", "platt", "isotonic"]);
});

Deno.test("log-odds that are too large by a factor are corrected by Platt's", () => {
  const { calibrator } = chooseCalibration(rows((x) => sigmoid(0.5 * x - 0.4)));
  assert.equal(calibrator.method, "platt");
  if (calibrator.method !== "platt") return;
  assert.ok(Math.abs(calibrator.slope - 0.5) < 0.06 && Math.abs(calibrator.intercept + 0.4) < 0.1);
});

Deno.test("steps that no straight line follows are corrected by isotonic regression", () => {
  const steps = (x: number) => x < -1 ? 0.05 : x < 1 ? 0.5 : 0.95;
  const { calibrator } = chooseCalibration(rows(steps));
  assert.equal(calibrator.method, "isotonic");
  for (const x of [-2, 0, 2]) assert.ok(Math.abs(calibrate(calibrator, x) - steps(x)) < 0.08, String(x));
});

Deno.test("no calibration changes who is ahead of whom, not even beyond what was seen", () => {
  const { labels, logOdds } = rows((x) => sigmoid(2 * x), 400);
  for (const method of ["none", "platt", "isotonic"] as const) {
    const calibrator = fitCalibration(method, labels, logOdds);
    let before = 0;
    for (let x = -5; x <= 5; x += 0.01) {
      const probability = calibrate(calibrator, x);
      assert.ok(probability > before && probability < 1, `${method} at ${x}: ${before}, then ${probability}`);
      before = probability;
    }
  }
});

Deno.test("too few rows, or a ranking that is upside down, are not calibrated", () => {
  assert.deepEqual(chooseCalibration(rows((x) => sigmoid(0.3 * x), 60)), {
    calibrator: { method: "none" },
    logLoss: {},
  });
  const { labels, logOdds } = rows((x) => sigmoid(-x));
  assert.equal(fitCalibration("platt", labels, logOdds).method, "none");
});

Deno.test("equal rows and seed give equal calibrations", () => {
  const data = rows((x) => sigmoid(0.5 * x));
  assert.deepEqual(chooseCalibration(data), chooseCalibration(data));
});
