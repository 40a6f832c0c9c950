import { backtestChurn } from "../../../lib/churn/backtest/backtest.ts";
import assert from "node:assert/strict";
import { readChurnExamples } from "../../../lib/churn/examples.ts";
import { checkAsOf, salesPeriod } from "shopflow/ml/mod.ts";
import { temporalSplit } from "../../../lib/churn/split.ts";
import { churnEvidence } from "../../../lib/churn/evidence.ts";
import { createChurnModel } from "../../../lib/churn/model.ts";
import { CUSTOMER_FEATURES } from "shopflow/customers/mod.ts";
import { readFeatures } from "shopflow/ml/features/mod.ts";
import { openSession } from "shopflow/warehouse/mod.ts";
import { shiftFrom } from "../../../lib/ml/monitoring/distribution.ts";
import { openChurnShop } from "../../fixtures/churn_shop.ts";

Deno.test("the model beats recency alone where customers have rhythms of their own", async () => {
  using shop = await openChurnShop({ customers: 1200 });
  const { metrics, calibration } = await backtestChurn(shop, temporalSplit(await salesPeriod(shop)));
  assert.ok(metrics.auc! > metrics.baseline_auc! + 0.05, JSON.stringify(metrics));
  assert.ok(metrics.all_auc! > metrics.all_baseline_auc! + 0.02, JSON.stringify(metrics));
  assert.ok(metrics.log_loss! < metrics.baseline_log_loss!);
  assert.ok(metrics.calibration_error! < 0.05);
  assert.equal(calibration.length, 10);
  assert.equal(calibration.reduce((sum, { rows }) => sum + rows, 0), metrics.test_rows);
});

Deno.test("a year of orders without events and tickets is enough", async () => {
  using shop = await openChurnShop({ customers: 800, days: 374, ordersOnly: true });
  const { metrics } = await backtestChurn(shop, temporalSplit(await salesPeriod(shop)));
  assert.ok(metrics.auc! > 0.75, JSON.stringify(metrics));
});

Deno.test("visits recorded for a part of the time are no shift of features once they are known", async () => {
  using shop = await openChurnShop({ customers: 800 });
  await shop.run("DELETE FROM fact_events WHERE event_timestamp < TIMESTAMP '2024-03-01'");
  const split = temporalSplit(await salesPeriod(shop));
  const backtest = await backtestChurn(shop, split, { trials: 1 });
  const { data, features } = churnEvidence(backtest, [], { features: 0, dates: [], flagged: [] });
  const line = data.find((text) => text.includes("days_since_session"));
  assert.match(
    line!,
    /^Visits have not been recorded for long enough for [\d,]+ of [\d,]+ of them: of these sessions_90d, .* are not known/,
  );
  const [now] = await readFeatures(shop, CUSTOMER_FEATURES, [checkAsOf("2025-01-01")]);
  const { names, rows, values } = now!.matrix;
  for (const name of ["sessions_90d", "days_since_session", "cart_abandonment_share", "tickets_180d"]) {
    const { training } = features.find((feature) => feature.name === name)!;
    assert.ok(training.rows > 0, name);
    const column = Float64Array.from(
      { length: rows },
      (_, row) => values[row * names.length + names.indexOf(name)]!,
    );
    const { verdict, psi } = shiftFrom(training, column);
    assert.notEqual(verdict, "moved far", `${name} ${psi}`);
  }
});

Deno.test("a model is measured on active customers: ordered in the 90 days before", async () => {
  using shop = await openChurnShop({ customers: 800 });
  const split = temporalSplit(await salesPeriod(shop));
  const { metrics, test } = await backtestChurn(shop, split);
  const active = await shop.rows<{ customer_id: string; churned: number }>(`
SELECT customer_id, CAST(NOT bool_or(order_date >= DATE '${split.test}') AS INTEGER) AS churned
FROM fact_orders
WHERE line_type = 'sale' AND order_date < DATE '${split.test}' + 90 AND customer_id <> 'UNKNOWN'
GROUP BY customer_id
HAVING max(order_date) FILTER (order_date < DATE '${split.test}') >= DATE '${split.test}' - 90
ORDER BY customer_id`);
  assert.deepEqual(test.customerIds, active.map(({ customer_id }) => customer_id));
  assert.deepEqual([...test.labels], active.map(({ churned }) => churned));
  assert.equal(metrics.test_rows, active.length);
  assert.ok(metrics.all_rows! > active.length);
  assert.ok(metrics.all_auc! > metrics.auc!, "those lost already are easily told");
});

Deno.test("the model finds the cause that was put into the shop", async () => {
  using shop = await openChurnShop({ customers: 1200 });
  const { model, test, probabilities } = await backtestChurn(shop, temporalSplit(await salesPeriod(shop)));
  const churnModel = createChurnModel(model, { reasons: 3 });
  const riskiest = probabilities.indexOf(Math.max(...probabilities));
  const names = test.features.names;
  const values = test.features.values.slice(riskiest * names.length, (riskiest + 1) * names.length);
  const { reasons } = churnModel.predict(
    Object.fromEntries(names.map((name, j) => [name, Number.isNaN(values[j]!) ? null : values[j]!])),
  );
  assert.equal(reasons.length, 3);
  // Who has left for good neither orders nor visits.
  assert.match(reasons[0]!.feature, /recency|session|orders_90d|net_sales_90d/);
  assert.ok(reasons[0]!.contribution > 0);
});

Deno.test("a shop without orders and a date without customers are refused", async () => {
  using empty = await openSession();
  await empty.run("CREATE TABLE fact_orders (order_date DATE, line_type VARCHAR, customer_id VARCHAR)");
  await assert.rejects(salesPeriod(empty), { name: "ModelError", message: /no orders to learn from/ });
  using shop = await openChurnShop({ customers: 20 });
  await assert.rejects(readChurnExamples(shop, [checkAsOf("2020-01-01")]), {
    name: "TooLittleDataError",
    message: /There are no customers to score as of 2020-01-01/,
  });
});
