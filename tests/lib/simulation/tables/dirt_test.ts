import assert from "node:assert/strict";
import { countBy, share, simulatedRows } from "../simulated_rows.ts";

const { customers, products, orders, events, inventory, tickets } = simulatedRows();
const without = (row: object, ...names: string[]) =>
  JSON.stringify(Object.entries(row).filter(([name]) => !names.includes(name)));
const repeated = (counts: Map<string, number>) => [...counts.values()].filter((count) => count > 1).length;

function between(value: number, least: number, most: number): void {
  assert.ok(value >= least && value <= most, `expected ${least} to ${most}, found ${value}`);
}

Deno.test("some order rows are there twice, and nothing else breaks the key of order and product", () => {
  const twice = repeated(countBy(orders, (line) => JSON.stringify(line)));
  between(twice / orders.length, 0.001, 0.006);
  assert.equal(repeated(countBy(orders, (line) => `${line.order_id}/${line.product_id}`)), twice);
});

Deno.test("some events and tickets are there twice under different ids", () => {
  between(repeated(countBy(events, (event) => without(event, "event_id"))) / events.length, 0.001, 0.004);
  const copies = countBy(tickets, (ticket) => without(ticket, "_id", "ticket_id"));
  between(repeated(copies) / tickets.length, 0.001, 0.012);
  for (const [rows, key] of [[events, "event_id"], [tickets, "ticket_id"], [tickets, "_id"]] as const) {
    assert.equal(new Set(rows.map((row) => (row as Record<string, unknown>)[key])).size, rows.length, key);
  }
});

Deno.test("returns have negative quantities and pay back what was paid", () => {
  const returns = orders.filter((line) => Number(line.quantity) < 0);
  between(returns.length / orders.length, 0.015, 0.045);
  assert.ok(returns.every((line) => Number(line.order_amount) < 0 && line.discount_amount === "0.00"));
  const sales = orders.filter((line) => Number(line.quantity) > 0);
  assert.ok(sales.every((line) => Number(line.order_amount) > Number(line.discount_amount)));
});

Deno.test("some rows come days late: ids follow arrival and not time", () => {
  const daysLate = (rows: string[]) => {
    let latest = "";
    return rows.filter((date) => {
      latest = date > latest ? date : latest;
      return date < latest;
    }).length / rows.length;
  };
  between(daysLate(orders.map((line) => line.order_date!)), 0.002, 0.01);
  between(daysLate(events.map((event) => event.event_timestamp!.slice(0, 10))), 0.001, 0.02);
});

Deno.test("some rows name customers and products that the shop no longer has", () => {
  const customer = new Set(customers.map((row) => row.customer_id!));
  const product = new Set(products.map((row) => row.product_id!));
  between(share(orders, (line) => line.customer_id !== "" && !customer.has(line.customer_id!)), 0.0001, 0.01);
  between(share(orders, (line) => !product.has(line.product_id!)), 0.0005, 0.03);
  assert.ok(inventory.every((row) => product.has(row.product_id!)));
});

Deno.test("some values are missing, keys never", () => {
  between(share(orders, (line) => line.customer_id === ""), 0.001, 0.006);
  between(share(customers, (row) => row.email === ""), 0.001, 0.012);
  between(share(customers, (row) => row.city === ""), 0.004, 0.018);
  between(share(events, (row) => row.customer_id === ""), 0.001, 0.01);
  between(share(events, (row) => row.device_type === ""), 0.001, 0.008);
  assert.ok(orders.every((line) => line.order_id !== "" && line.product_id !== "" && line.order_date !== ""));
});
