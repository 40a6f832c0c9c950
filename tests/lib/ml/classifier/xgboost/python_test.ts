import assert from "node:assert/strict";
import { createTreeExplainer, type FeatureMatrix, sigmoid } from "shopflow/ml/classifier/mod.ts";
import { createBatchScorer, SCORING_WAYS } from "../../../../../lib/ml/classifier/xgboost/scoring/margins.ts";
import { readXgboostJson } from "../../../../fixtures/xgboost_json.ts";

// What Python's XGBoost 3.2 says; made by tests/fixtures/xgboost_3_2/make.py.
const FOLDER = new URL("../../../../fixtures/xgboost_3_2/", import.meta.url);

interface Answers {
  rows: (number | null)[][];
  depth_3: Answer;
  depth_6: Answer;
}

interface Answer {
  margins: number[];
  probabilities: number[];
  /** One a feature, and the expected margin. */
  contributions: number[][];
}

const answers = JSON.parse(await Deno.readTextFile(new URL("answers.jsonl", FOLDER))) as Answers;
const matrix: FeatureMatrix = {
  names: answers.rows[0]!.map((_, j) => `f${j}`),
  rows: answers.rows.length,
  values: Float32Array.from(answers.rows.flat(), (value) => value ?? NaN),
};

for (const depth of [3, 6] as const) {
  const expected = answers[`depth_${depth}`];
  const read = () => readXgboostJson(new URL(`depth_${depth}.model`, FOLDER).pathname);

  Deno.test(`every way predicts what Python's XGBoost predicts, trees of depth ${depth}`, async () => {
    const ensemble = await read();
    for (const way of SCORING_WAYS) {
      const margins = createBatchScorer(ensemble, 6, { ways: [way] }).margins(matrix);
      for (const [row, margin] of margins.entries()) {
        assert.ok(Math.abs(margin - expected.margins[row]!) < 1e-6, `${way}, row ${row}`);
        assert.ok(Math.abs(sigmoid(margin) - expected.probabilities[row]!) < 1e-6, `${way}, row ${row}`);
      }
    }
  });

  Deno.test(`contributions are pred_contribs of Python's XGBoost, trees of depth ${depth}`, async () => {
    const explainer = createTreeExplainer(await read());
    const all = explainer.contributionsOf(matrix);
    for (const [row, own] of expected.contributions.entries()) {
      assert.ok(Math.abs(explainer.expectedMargin - own.at(-1)!) < 1e-6);
      for (let j = 0; j < 6; j++) {
        assert.ok(Math.abs(all[row * 6 + j]! - own[j]!) < 1e-6, `row ${row}, feature ${j}`);
      }
    }
  });
}
