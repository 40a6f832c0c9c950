import assert from "node:assert/strict";
import { simulateShop } from "shopflow/simulation/mod.ts";
import { countBy, PARAMETERS, type Row, share, simulatedRows } from "./simulated_rows.ts";

const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const { shop, customers, orders, events, inventory, truth } = simulatedRows();

function near(found: number, expected: number, tolerance: number, what: string): void {
  assert.ok(Math.abs(found - expected) <= tolerance, `${what}: expected about ${expected}, found ${found}`);
}

/** Of the customers who ordered in the 90 days before a month, those who did not in the 90 days before its end. */
function lapsedByMonth(lines: Row[]): number[] {
  const days = new Map<string, string[]>();
  for (const { customer_id, order_date, quantity } of lines) {
    if (customer_id === "" || Number(quantity) < 0) continue;
    days.set(customer_id!, [...days.get(customer_id!) ?? [], order_date!]);
  }
  const months = Array.from(
    { length: 21 },
    (_, i) => Temporal.PlainDate.from("2023-04-01").add({ months: i }),
  );
  return months.map((start) => {
    const before = (end: Temporal.PlainDate) =>
      [...days].filter(([, of]) =>
        of.some((day) => day < end.toString() && day >= end.subtract({ days: 90 }).toString())
      ).map(([customer]) => customer);
    const atEnd = new Set(before(start.add({ months: 1 })));
    return share(before(start), (customer) => !atEnd.has(customer));
  });
}

Deno.test("about 15 % of the active customers lapse in a month: 90 days without an order", () => {
  const months = lapsedByMonth(orders);
  assert.equal(months.length, 21);
  near(mean(months), 0.15, 0.015, "lapsed");
  near(mean(months.slice(0, 3)), 0.15, 0.03, "lapsed at the start");
  near(shop.metrics.monthlyLapsed, mean(months), 0.002, "figure");
});

Deno.test("shops of other seeds, and those that end on another day, have the same troubles", () => {
  const shops = ["2024-12-31", "2026-11-29", "2027-06-15"].flatMap((until) =>
    [1, 42, 2024].map((seed) => simulateShop({ ...PARAMETERS, seed, until }).metrics)
  );
  const troubles = [
    { of: "monthlyLapsed", is: 0.15, each: 0.015, together: 0.006 },
    { of: "cartAbandonment", is: 0.68, each: 0.02, together: 0.01 },
    { of: "stockouts", is: 0.2, each: 0.045, together: 0.02 },
    { of: "overstock", is: 0.3, each: 0.075, together: 0.035 },
  ] as const;
  for (const { of, is, each, together } of troubles) {
    for (const metrics of shops) near(metrics[of], is, each, of);
    near(mean(shops.map((metrics) => metrics[of])), is, together, `mean of ${of}`);
  }
});

Deno.test("customers drop out with the hazard that the hidden truth records", () => {
  const atStart = truth.filter((row) => row.alive_at_start === "1");
  const gone = share(atStart, (row) => row.alive_at_end === "0");
  const expected = atStart.reduce((sum, row) => sum + Number(row.hazard), 0) / atStart.length;
  near(expected, gone, 0.01, "mean hazard");
  assert.ok(gone < shop.metrics.monthlyLapsed, "not everybody who lapses is gone for good");
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
  near(stockouts, 0.2, 0.045, "stockouts");
  near(shop.metrics.stockouts, stockouts, 0.005, "figure");
  near(shop.metrics.overstock, 0.3, 0.075, "overstock");
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
