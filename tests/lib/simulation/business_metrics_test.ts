import assert from "node:assert/strict";
import { countBy, type Row, share, simulatedRows } from "./simulated_rows.ts";

const { shop, customers, orders, events, inventory, truth } = simulatedRows();

function near(found: number, expected: number, tolerance: number, what: string): void {
  assert.ok(Math.abs(found - expected) <= tolerance, `${what}: expected about ${expected}, found ${found}`);
}

Deno.test("about 15 % of the living customers drop out in a month, by the hidden truth", () => {
  const atStart = truth.filter((row) => row.alive_at_start === "1");
  const churn = share(atStart, (row) => row.alive_at_end === "0");
  near(churn, 0.15, 0.015, "churn");
  assert.equal(churn, shop.metrics.monthlyChurn);
  const expected = atStart.reduce((sum, row) => sum + Number(row.hazard), 0) / atStart.length;
  near(expected, churn, 0.01, "mean hazard");
});

Deno.test("about 68 % of carts are abandoned", () => {
  const sessionsWith = (type: string) =>
    new Set(events.filter((event) => event.event_type === type).map((event) => event.session_id!));
  const carts = sessionsWith("add_to_cart");
  const bought = sessionsWith("purchase");
  const abandonment = share([...carts], (session) => !bought.has(session));
  near(abandonment, 0.68, 0.02, "abandonment");
  near(shop.metrics.cartAbandonment, abandonment, 0.001, "figure");
});

Deno.test("about 20 % of inventory rows are out of stock and about 30 % overstocked", () => {
  const stockouts = share(inventory, (row) => Number(row.stock_level) <= 0);
  near(stockouts, 0.2, 0.035, "stockouts");
  near(shop.metrics.stockouts, stockouts, 0.005, "figure");
  near(shop.metrics.overstock, 0.3, 0.04, "overstock");
  assert.equal(inventory.every((row) => Number(row.stock_level) >= 0), true);
});

Deno.test("orders and money per customer are those of the orders table", () => {
  const known = new Set(orders.map((line) => `${line.order_id}/${line.product_id}`));
  const unique = orders.filter((line) => known.delete(`${line.order_id}/${line.product_id}`));
  const spent = new Map<string, number>();
  const bought = new Map<string, Set<string>>();
  for (const line of unique) {
    const net = Number(line.order_amount) - Number(line.discount_amount);
    spent.set(line.customer_id!, (spent.get(line.customer_id!) ?? 0) + net);
    if (Number(line.quantity) < 0) continue;
    bought.set(line.customer_id!, (bought.get(line.customer_id!) ?? new Set()).add(line.order_id!));
  }
  for (const customer of customers) {
    const id = customer.customer_id!;
    assert.equal(Number(customer.total_orders), bought.get(id)?.size ?? 0, id);
    near(Number(customer.total_spent), spent.get(id) ?? 0, 0.01, id);
  }
});

Deno.test("segments follow recency first and then spending", () => {
  const segments = countBy(customers, (row: Row) => row.customer_segment!);
  assert.deepEqual([...segments.keys()].sort(), [
    "At Risk",
    "Churned",
    "High Value",
    "Low Value",
    "Medium Value",
  ]);
  const last = new Map<string, string>();
  for (const line of orders) {
    if (Number(line.quantity) < 0) continue;
    if ((last.get(line.customer_id!) ?? "") < line.order_date!) last.set(line.customer_id!, line.order_date!);
  }
  for (const customer of customers) {
    const recent = (last.get(customer.customer_id!) ?? "") >= "2024-10-03";
    assert.equal(customer.customer_segment !== "Churned", recent, customer.customer_id!);
  }
});
