/** Churn at full size: 100,000 customers' features, training beside XGBoost's own tree method, scores and reasons. */
import { CUSTOMER_FEATURES } from "shopflow/customers/mod.ts";
import { featuresSql } from "shopflow/ml/features/mod.ts";
import { checkAsOf } from "shopflow/ml/mod.ts";
import { type FeatureMatrix, xgboostTrainer } from "shopflow/ml/classifier/mod.ts";
import { createChurnModel } from "../../lib/churn/model.ts";
import { createRandom } from "shopflow/runtime/mod.ts";
import { openChurnShop } from "../fixtures/churn_shop.ts";
import { plainChurn } from "../fixtures/plain_churn.ts";

const shop = await openChurnShop({ customers: 100_000 });
const { features, labels } = table(20_000, 20);
const classifier = await xgboostTrainer({ rounds: 100 }).fit(features, labels);
const model = createChurnModel(plainChurn(classifier));
const customers = Array.from({ length: 1000 }, (_, row) => customer(row));
// The first customers fill the explainer's tables; a run over many pays for that once.
for (const values of customers) model.predict(values);

Deno.bench("features of 100,000 customers from 785,000 order lines and 4,300,000 events", {
  n: 3,
  warmup: 1,
}, async () => {
  await shop.run(
    `CREATE OR REPLACE TABLE features AS ${featuresSql(CUSTOMER_FEATURES, checkAsOf("2024-10-03"))}`,
  );
});

for (const treeMethod of ["hist", "auto"] as const) {
  Deno.bench(`training on 20,000 rows of 20 features, 100 trees: ${treeMethod}`, {
    group: "training",
    baseline: treeMethod === "auto",
    n: 1,
    warmup: 0,
  }, async () => {
    await xgboostTrainer({ rounds: 100, treeMethod }).fit(features, labels);
  });
}

const thousand = { ...features, rows: 1000, values: features.values.subarray(0, 1000 * 20) };
Deno.bench("our scores of 1,000 rows with 100 trees", { group: "scoring" }, () => {
  classifier.predict(thousand);
});
Deno.bench("our scores and TreeSHAP reasons of 1,000 rows with 100 trees", { group: "scoring" }, () => {
  for (const values of customers) model.predict(values);
});

function table(rows: number, columns: number): { features: FeatureMatrix; labels: Uint8Array } {
  const random = createRandom(1);
  const values = Float32Array.from({ length: rows * columns }, random);
  const labels = Uint8Array.from({ length: rows }, (_, row) => {
    const [a, b, c] = values.subarray(row * columns);
    return a! + b! * c! + 0.5 * random() > 1 ? 1 : 0;
  });
  return { features: { names: Array.from({ length: columns }, (_, j) => `x${j}`), rows, values }, labels };
}

function customer(row: number): Record<string, number> {
  const { names, values } = features;
  return Object.fromEntries(names.map((name, j) => [name, values[row * names.length + j]!]));
}
