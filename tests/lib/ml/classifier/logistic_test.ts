import assert from "node:assert/strict";
import { featureMatrix } from "shopflow/ml/classifier/mod.ts";
import { logisticTrainer } from "../../../../lib/ml/classifier/logistic.ts";

// The labels and expected probabilities are those of scikit-learn 1.9: LogisticRegression(C=1) on standardised columns.
const ROWS = Array.from({ length: 40 }, (_, i) => i);
const LABELS = Uint8Array.from(ROWS, (i) => i * 7919 % 13 < 5 ? 1 : 0);
const FEATURES = featureMatrix(["a", "b"], {
  a: ROWS.map((i) => i * 31 % 17 / 17),
  b: ROWS.map((i) => i * 13 % 11 / 11 - 0.5),
});

Deno.test("the fit is scikit-learn's", async () => {
  const model = await logisticTrainer({ lambda: 1 }).fit(FEATURES, LABELS);
  const expected = [0.6511345928961987, 0.3365808020561201, 0.3540175076065488, 0.37185121390558834];
  for (const [row, probability] of expected.entries()) {
    assert.ok(Math.abs(model.predict(FEATURES)[row]! - probability) < 1e-6, `${row}`);
  }
});

Deno.test("that a value is unknown can be a reason of its own", async () => {
  const features = featureMatrix(["gap"], { gap: ROWS.map((i) => i % 4 === 0 ? null : i) });
  const model = await logisticTrainer().fit(features, Uint8Array.from(ROWS, (i) => i % 4 === 0 ? 1 : 0));
  const [unknown, known] = model.predict(features);
  assert.ok(unknown! > 0.8 && known! < 0.2, `${unknown} and ${known}`);
});

Deno.test("a stronger penalty pulls probabilities together, and a column that separates the classes stays finite", async () => {
  const features = featureMatrix(["x", "same"], { x: ROWS, same: ROWS.map(() => 0.1) });
  const labels = Uint8Array.from(ROWS, (i) => i < 20 ? 0 : 1);
  const spread = async (lambda: number) => {
    const found = (await logisticTrainer({ lambda }).fit(features, labels)).predict(features);
    return found.at(-1)! - found[0]!;
  };
  assert.ok(await spread(0.1) > await spread(10) && await spread(10) > await spread(1000));
  assert.throws(() => logisticTrainer({ lambda: 0 }), {
    name: "ModelError",
    message: /a lambda above 0, found 0/,
  });
});
