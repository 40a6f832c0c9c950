import assert from "node:assert/strict";
import { salesPeriod } from "shopflow/ml/mod.ts";
import { temporalSplit } from "../../../lib/churn/split.ts";
import { reasonOf } from "../../../lib/churn/reasons.ts";
import { leadingReasons, playbookOutcome, scoreCustomers } from "shopflow/churn/mod.ts";
import { backtestChurn } from "../../../lib/churn/backtest/backtest.ts";
import { openChurnShop } from "../../fixtures/churn_shop.ts";

Deno.test("customers are scored as in the backtest, highest value at risk first", async () => {
  using shop = await openChurnShop({ customers: 400 });
  const split = temporalSplit(await salesPeriod(shop));
  const { model, test, probabilities } = await backtestChurn(shop, split);
  const customers = await scoreCustomers(shop, model, split.test);
  const active = customers.filter(({ isActive }) => isActive);
  assert.deepEqual(active.map(({ customerId }) => customerId).sort(), [...test.customerIds].sort());
  for (const customer of customers) {
    const row = test.customerIds.indexOf(customer.customerId);
    if (row >= 0) assert.equal(customer.churnProbability, probabilities[row]);
    assert.equal(customer.isActive, customer.recencyDays <= 90);
    assert.ok(Math.abs(customer.valueAtRisk - customer.churnProbability * customer.usualSpend) < 1e-9);
  }
  const values = customers.map(({ valueAtRisk }) => valueAtRisk);
  assert.deepEqual(values, values.toSorted((a, b) => b - a));

  // Outcomes of those whom the playbook would have named then.
  const named = customers.filter(({ isActive, churnProbability }) => isActive && churnProbability > 0.5);
  const left = named.filter(({ customerId }) => test.labels[test.customerIds.indexOf(customerId)] === 1);
  const outcome = playbookOutcome({ test, probabilities }, 0.5);
  assert.equal(outcome.contacted, named.length);
  assert.ok(named.length > 0);
  assert.equal(outcome.churned, left.length / named.length);
  assert.equal(playbookOutcome({ test, probabilities }, 1).contacted, 0);
});

Deno.test("who gave everything back has no sales at risk", async () => {
  using shop = await openChurnShop({ customers: 400 });
  const split = temporalSplit(await salesPeriod(shop));
  const { model } = await backtestChurn(shop, split);
  const [first] = await scoreCustomers(shop, model, split.test);
  await shop.run(`INSERT INTO fact_orders
    SELECT * REPLACE (order_id || '-back' AS order_id, 'return' AS line_type, -net_amount AS net_amount)
    FROM fact_orders
    WHERE customer_id = '${first!.customerId}' AND line_type = 'sale' AND order_date < DATE '${split.test}'`);
  const after = await scoreCustomers(shop, model, split.test);
  const same = after.find(({ customerId }) => customerId === first!.customerId)!;
  assert.ok(first!.valueAtRisk > 0);
  assert.ok(Math.abs(same.usualSpend) < 1e-6 && Math.abs(same.valueAtRisk) < 1e-6, JSON.stringify(same));
});

Deno.test("a feature leads where it raises the risk most, even if another lowers it more", () => {
  const reason = (feature: string, contribution: number) => reasonOf({ feature, contribution }, {});
  const leading = leadingReasons([
    { reasons: [reason("orders_90d", -2), reason("tickets_open", 1), reason("recency_days", 0.5)] },
    { reasons: [reason("recency_days", 0.5)] },
    { reasons: [reason("recency_days", 0.4), reason("orders_90d", 0.3)] },
    { reasons: [reason("orders_90d", -1)] },
  ]);
  assert.deepEqual(leading, [
    { feature: "recency_days", customers: 2 },
    { feature: "tickets_open", customers: 1 },
  ]);
});
