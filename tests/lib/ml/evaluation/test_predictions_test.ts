import { TEST_PREDICTIONS_FILE } from "../../../../lib/ml/evaluation/comparison.ts";
import { predictionLookup, readTestPredictions, testPredictionsFile } from "shopflow/ml/evaluation/mod.ts";
import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";

const VALUES = {
  metric: "churn_probability",
  customerIds: ["C1", 'C"2', "Ç3"],
  days: ["2024-10-03", "2024-10-03", "2024-10-04"],
  values: Float64Array.of(0.1, 1 / 3, 1e-9),
};

Deno.test("what a version said comes back to the last bit, and equal values give equal files", () => {
  const files = testPredictionsFile(VALUES);
  assert.deepEqual(readTestPredictions(files, "churn_probability"), VALUES);
  assert.deepEqual(testPredictionsFile(VALUES), files);
  const of = predictionLookup(VALUES);
  assert.equal(of('C"2', "2024-10-03"), 1 / 3);
  assert.equal(of("C1", "2024-10-04"), undefined, "another day is another question");
  assert.equal(of("C4", "2024-10-03"), undefined);
});

Deno.test("a version of 100,000 customers takes less than 2 MB", () => {
  const customerIds = Array.from({ length: 100_000 }, (_, i) => `CUST${String(i).padStart(6, "0")}`);
  const file = testPredictionsFile({
    metric: "churn_probability",
    customerIds,
    days: customerIds.map(() => "2024-10-03"),
    values: Float64Array.from(customerIds, (_, i) => Math.sin(i) ** 2),
  })[TEST_PREDICTIONS_FILE]!;
  assert.ok(file.length < 2e6, String(file.length));
});

Deno.test("a file that is missing is none, and one that is damaged is named", () => {
  assert.equal(readTestPredictions({}, "churn_probability"), undefined);
  const whole = testPredictionsFile(VALUES)[TEST_PREDICTIONS_FILE]!;
  const json = (content: object) => new Uint8Array(gzipSync(JSON.stringify(content)));
  for (
    const damaged of [
      whole.slice(0, 20),
      new TextEncoder().encode("{}"),
      json({ format: "shopflow-test-predictions-2" }),
      json({
        format: "shopflow-test-predictions-1",
        metric: "churn_probability",
        customerIds: ["a"],
        days: ["b"],
        values: "",
      }),
    ]
  ) {
    assert.throws(() => readTestPredictions({ [TEST_PREDICTIONS_FILE]: damaged }, "churn_probability"), {
      name: "ModelError",
      message: /stored predictions of a model cannot be read: expected .*found /,
    });
  }
  assert.throws(
    () => readTestPredictions(testPredictionsFile(VALUES), "ndcg_at_10"),
    /shopflow-test-predictions-1 of ndcg_at_10/,
  );
});
