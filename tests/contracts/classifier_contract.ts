/** What every classifier must do, on a table whose right answer is known. */
import assert from "node:assert/strict";
import { createRandom } from "shopflow/runtime/mod.ts";
import { auc } from "shopflow/ml/evaluation/mod.ts";
import { type ClassifierTrainer, featureMatrix } from "shopflow/ml/classifier/mod.ts";

const NAMES = ["recency_days", "noise", "sometimes_unknown"];

/** Declares the tests of the contract for a trainer. */
export function testClassifierContract(trainer: ClassifierTrainer): void {
  const test = (sentence: string, body: () => void | Promise<void>) =>
    Deno.test(`${trainer.name}: ${sentence}`, body);

  test("learns that a longer recency means churn, with calibrated probabilities", async () => {
    const model = await trainer.fit(...trainingTable(1));
    const [features, labels] = trainingTable(2);
    const probabilities = model.predict(features);
    assert.equal(probabilities.length, features.rows);
    assert.ok(probabilities.every((p) => p > 0 && p < 1));
    // The table's own probabilities reach an AUC of 0.87.
    assert.ok(auc(labels, probabilities) > 0.83, `AUC ${auc(labels, probabilities)}`);
    const predicted = probabilities.reduce((sum, p) => sum + p, 0);
    const happened = labels.reduce((sum, label) => sum + label, 0);
    assert.ok(
      Math.abs(predicted - happened) < 0.1 * happened,
      `${predicted} predicted, ${happened} happened`,
    );
  });

  test("the same rows and seed give the same bytes", async () => {
    const [first, second] = [await trainer.fit(...trainingTable(1)), await trainer.fit(...trainingTable(1))];
    assert.deepEqual(first.save(), second.save());
  });

  test("a saved model predicts as before it was saved", async () => {
    const [features] = trainingTable(2);
    const model = await trainer.fit(...trainingTable(1));
    const loaded = trainer.load(model.save());
    assert.deepEqual(loaded.featureNames, NAMES);
    assert.deepEqual(loaded.predict(features), model.predict(features));
  });

  test("no rows are refused", async () => {
    const empty = featureMatrix(NAMES, Object.fromEntries(NAMES.map((name) => [name, []])));
    await assert.rejects(trainer.fit(empty, new Uint8Array()), {
      name: "ModelError",
      message: /nothing to learn from: .*found 0 rows/,
    });
  });

  test("rows of one class are refused", async () => {
    const [features] = trainingTable(1);
    for (const [label, found] of [[0, /rows of class 0/], [1, /rows of class 1/]] as const) {
      await assert.rejects(trainer.fit(features, new Uint8Array(features.rows).fill(label)), {
        name: "TooLittleDataError",
        message: found,
      });
    }
  });

  test("labels that are not 0 or 1, or not one a row, are refused", async () => {
    const [features, labels] = trainingTable(1);
    await assert.rejects(trainer.fit(features, labels.with(3, 2)), {
      name: "ModelError",
      message: /found 2/,
    });
    await assert.rejects(trainer.fit(features, labels.subarray(1)), {
      name: "ModelError",
      message: /differ in number/,
    });
  });

  test("NaN in a table is refused with its column and row", () => {
    assert.throws(() => featureMatrix(["a"], { a: [1, NaN] }), {
      name: "ModelError",
      message: /Row 1 of the feature a .*null where it is not known.*NaN/,
    });
  });

  test("other features than those of the fit are refused", async () => {
    const model = await trainer.fit(...trainingTable(1));
    const narrow = featureMatrix(["recency_days"], { recency_days: [1] });
    assert.throws(() => model.predict(narrow), {
      name: "ModelError",
      message: /expected 3 features, found 1 feature/,
    });
  });

  test("files of another kind are refused", () => {
    assert.throws(() => trainer.load({}), { name: "ModelError", message: /missing/ });
    const [file] = Object.keys(fileNames(trainer));
    for (const text of ["not json", '{"format":"other"}']) {
      assert.throws(() => trainer.load({ [file!]: new TextEncoder().encode(text) }), { name: "ModelError" });
    }
  });
}

/** 1,500 customers whose churn follows their recency: P = 1 / (1 + exp(4 - recency / 15)). */
function trainingTable(seed: number): [ReturnType<typeof featureMatrix>, Uint8Array] {
  const random = createRandom(seed);
  const recency = Array.from({ length: 1500 }, () => Math.floor(random() * 120));
  const features = featureMatrix(NAMES, {
    recency_days: recency,
    noise: recency.map(() => random()),
    sometimes_unknown: recency.map(() => random() < 0.5 ? null : random()),
  });
  return [features, Uint8Array.from(recency, (days) => random() < 1 / (1 + Math.exp(4 - days / 15)) ? 1 : 0)];
}

/** The name of the file a trainer looks for, as its complaint gives it. */
function fileNames(trainer: ClassifierTrainer): Record<string, true> {
  try {
    trainer.load({});
  } catch (error) {
    const [, file] = /expected (\S+),/.exec((error as Error).message) ?? [];
    if (file) return { [file]: true };
  }
  throw new Error("load({}) should name the file it misses");
}
