import { CUSTOMER_FEATURES } from "shopflow/customers/mod.ts";
import { featuresSql } from "shopflow/ml/features/mod.ts";
import { churnLabelsSql } from "../../../../lib/churn/examples.ts";
import { type AsOfDate, checkAsOf } from "shopflow/ml/mod.ts";
import { type DeclaredChurnModel, loadDeclaredChurnModel } from "../../../../lib/churn/model.ts";
import {
  churnInputs,
  inputProblem,
  saveChurnInputs,
  type SentFeatures,
} from "../../../../lib/churn/serving/inputs.ts";
import { featureMatrix, xgboostTrainer } from "shopflow/ml/classifier/mod.ts";
import assert from "node:assert/strict";
import { openChurnShop } from "../../../fixtures/churn_shop.ts";
import { plainChurn } from "../../../fixtures/plain_churn.ts";

interface Shop {
  model: DeclaredChurnModel;
  /** Customers of the test date, with their outcomes. */
  customers: Record<string, number | null>[];
  churned: number[];
}

/** A model of a made-up shop, as it comes out of the registry, and customers that it has not seen. */
async function trainedShop(options: { ordersOnly?: boolean } = {}): Promise<Shop> {
  using session = await openChurnShop({ customers: 1200, ...options });
  const columnsAt = async (asOf: AsOfDate) => {
    const columns = await session.columns(
      `SELECT f.*, l.churned FROM (${featuresSql(CUSTOMER_FEATURES, asOf)}) AS f
      JOIN (${churnLabelsSql(asOf)}) AS l ON l.customer_id = f.customer_id ORDER BY f.customer_id`,
    );
    const names = Object.keys(columns).filter((name) => name !== "customer_id" && name !== "churned");
    return { columns, names, churned: columns.churned as number[] };
  };
  const training = await columnsAt(checkAsOf("2024-06-01"));
  const features = featureMatrix(training.names, training.columns);
  const trees = plainChurn(
    await xgboostTrainer({ rounds: 80 }).fit(features, Uint8Array.from(training.churned)),
  );
  const test = await columnsAt(checkAsOf("2024-10-01"));
  return {
    model: loadDeclaredChurnModel({ ...trees.save(), ...saveChurnInputs(churnInputs(features)) }),
    customers: test.churned.map((_, i) =>
      Object.fromEntries(test.names.map((name) => [name, test.columns[name]![i] as number | null]))
    ),
    churned: test.churned,
  };
}

let shared: Promise<Shop> | undefined;
const sharedShop = () => shared ??= trainedShop();

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

Deno.test("an estimate by recency and orders is near the churn rate of such customers", async () => {
  const { model, customers, churned } = await sharedShop();
  const alike: [recency: [number, number], orders: [number, number]][] = [
    [[1, 12], [12, 99]],
    [[1, 30], [3, 6]],
    [[60, 120], [2, 8]],
    [[200, 365], [1, 9]],
  ];
  for (const [[from, to], [fewest, most]] of alike) {
    const rows = customers.keys().filter((i) => {
      const { recency_days: recency, order_count: orders } = customers[i]!;
      return recency! >= from && recency! <= to && orders! >= fewest && orders! <= most;
    }).toArray();
    const rate = mean(rows.map((i) => churned[i]!));
    const estimate = mean(rows.map((i) => {
      const { recency_days, order_count } = customers[i]!;
      return model.estimate({ recency_days: recency_days!, order_count: order_count! }).probability;
    }));
    assert.ok(rows.length >= 30, `${rows.length} customers`);
    assert.ok(
      Math.abs(estimate - rate) < 0.1,
      `recency ${from} to ${to}, orders ${fewest} to ${most}: ${estimate}, of ${rows.length} customers ${rate} left`,
    );
  }
});

Deno.test("a frequent buyer of two days ago gets no discount for what nobody sent", async () => {
  const { model } = await sharedShop();
  const sent = { recency_days: 2, order_count: 25 };
  const { probability, reasons, averagedFeatures, averagedOver } = model.estimate(sent);
  assert.ok(probability < 0.35, `${probability}`);
  assert.ok(reasons.every(({ feature }) => feature in sent), "reasons are of what was sent");
  assert.deepEqual([averagedFeatures.length, averagedOver], [CUSTOMER_FEATURES.names.length - 2, 40]);
  assert.deepEqual(model.estimate({ ...sent, carts_90d: null }), model.estimate(sent), "null is not known");
});

Deno.test("every customer of the shop may be sent as it is, and gets the score that it has", async () => {
  const { model, customers } = await sharedShop();
  for (const features of customers) {
    const sent: SentFeatures = Object.fromEntries(
      Object.entries(features).map(([name, value]) => [name, value ?? "none"] as const)
        // What is null of orders is so without a reason that one could send.
        .filter(([name, value]) =>
          value !== "none" || model.inputs.features.find((f) => f.name === name)!.canBeAbsent
        ),
    );
    assert.equal(inputProblem(model.inputs, sent), undefined, JSON.stringify(sent));
    const estimate = model.estimate(sent);
    if (estimate.averagedFeatures.length > 0) continue;
    const { probability, reasons } = model.predict(features);
    assert.deepEqual([estimate.probability, estimate.reasons], [probability, reasons]);
  }
});

Deno.test("the more of a customer is sent, the nearer the estimate is to the score", async () => {
  const { model, customers } = await sharedShop();
  const sample = customers.filter((_, i) => i % 5 === 0);
  const distance = (names: string[]) =>
    mean(sample.map((features) => {
      const sent = Object.fromEntries(names.map((name) => [name, features[name] ?? null]));
      return Math.abs(model.estimate(sent).probability - model.predict(features).probability);
    }));
  const two = distance(["recency_days", "order_count"]);
  const more = distance([
    "recency_days",
    "order_count",
    "tenure_days",
    "order_gap_mean_days",
    "relative_recency",
    "days_since_session",
  ]);
  const all = distance(model.featureNames);
  assert.ok(more < two && all < more && all < 0.02, `${two}, ${more}, ${all}`);
});

Deno.test("a shop without visits and tickets gets no reasons that speak of them", async () => {
  const { model, customers } = await trainedShop({ ordersOnly: true });
  const silent = /cart|visit|ticket|session|support|page/;
  for (const features of customers) {
    const known = Object.fromEntries(Object.entries(features).filter(([, value]) => value !== null));
    for (const { text, feature } of [...model.predict(features).reasons, ...model.estimate(known).reasons]) {
      assert.doesNotMatch(text, silent);
      assert.doesNotMatch(feature, silent);
    }
  }
});

Deno.test("what contradicts itself is refused", async () => {
  const { model } = await sharedShop();
  const wrong: [SentFeatures, RegExp][] = [
    [{ recency_days: 100, order_count: 3, tenure_days: 50 }, /recency_days 100 above tenure_days 50/],
    [{ recency_days: 10, order_count: 3, orders_90d: 4 }, /orders_90d 4 above order_count 3/],
    [{ recency_days: 100, order_count: 3, orders_90d: 1 }, /recency_days 100 with orders_90d 1/],
    [{ recency_days: 10, order_count: 3, orders_90d: 0 }, /recency_days 10 with orders_90d 0/],
    [
      { recency_days: 10, order_count: 3, sessions_30d: 5, sessions_90d: 2 },
      /sessions_30d 5 above sessions_90d 2/,
    ],
  ];
  for (const [sent, found] of wrong) {
    const problem = inputProblem(model.inputs, sent);
    assert.equal(problem?.code, "contradictory_features");
    assert.match(problem.found, found);
  }
  assert.equal(inputProblem(model.inputs, { recency_days: 90, order_count: 3, orders_90d: 1 }), undefined);
});

Deno.test("shares, scores and what cannot be absent have their limits", async () => {
  const { model } = await sharedShop();
  const sent = (more: SentFeatures) =>
    inputProblem(model.inputs, { recency_days: 10, order_count: 3, ...more });
  for (
    const [name, value, expected] of [
      ["cart_abandonment_share", 1.2, /a number from 0 to 1 \(the training saw .*\), or "none"$/],
      ["discount_share", -0.1, /a number from 0 to/],
      ["discount_share", "none", /a number from 0 to 1 \(the training saw [\d.]+ to [\d.]+\)$/],
      ["ticket_satisfaction", 6, /from 1 to 5/],
      ["tenure_days", NaN, /from 0 to/],
      ["net_sales", 1e9, /from 0 to [\d,]+ \(/],
    ] as const
  ) {
    const problem = sent({ [name]: value });
    assert.equal(problem?.code, "feature_out_of_range", name);
    assert.match(problem.expected, expected);
  }
  assert.equal(sent({ cart_abandonment_share: "none", ticket_satisfaction: 4.5 }), undefined);
  const never = model.estimate({ recency_days: 10, order_count: 3, cart_abandonment_share: "none" });
  assert.ok(!never.averagedFeatures.includes("cart_abandonment_share"));
});

Deno.test("the same rows give the same declaration, whose background is a sample of them", () => {
  const rows = Array.from({ length: 500 }, (_, i) => i);
  const features = featureMatrix(["recency_days", "order_count"], {
    recency_days: rows.map((i) => i % 300),
    order_count: rows.map((i) => i % 7 === 0 ? null : 1 + i % 5),
  });
  const [one, two] = [churnInputs(features, { rows: 50 }), churnInputs(features, { rows: 50 })];
  assert.deepEqual(one, two);
  assert.equal(one.background.rows, 50);
  assert.notDeepEqual(churnInputs(features, { rows: 50, seed: 2 }).background, one.background);
  assert.deepEqual(one.features.map(({ name, required, seen }) => [name, required, seen]), [
    ["recency_days", true, { least: 0, most: 299 }],
    ["order_count", true, { least: 1, most: 5 }],
  ]);
});

Deno.test("a model that does not say what it takes is refused with what to do", async () => {
  const features = featureMatrix(["recency_days"], { recency_days: [1, 2, 300, 301] });
  const trees = await xgboostTrainer({ rounds: 2, minChildWeight: 0 }).fit(
    features,
    Uint8Array.of(0, 0, 1, 1),
  );
  assert.throws(() => loadDeclaredChurnModel(plainChurn(trees).save()), {
    name: "ModelError",
    message: /expected inputs\.json/,
  });
});
