import assert from "node:assert/strict";
import { InputError } from "shopflow/errors/mod.ts";
import { productsFor, simulateShop } from "shopflow/simulation/mod.ts";
import { fingerprint, PARAMETERS, simulatedRows } from "./simulated_rows.ts";

const SMALL = { customers: 300, products: 60, seed: 1, until: "2024-12-31" };

Deno.test("equal parameters give equal bytes, any other parameter gives others", () => {
  const bytes = fingerprint(simulateShop(SMALL));
  assert.equal(fingerprint(simulateShop(SMALL)), bytes);
  for (const change of [{ seed: 2 }, { customers: 301 }, { products: 61 }, { until: "2024-12-30" }]) {
    assert.notEqual(fingerprint(simulateShop({ ...SMALL, ...change })), bytes, JSON.stringify(change));
  }
});

Deno.test("a seed gives the same shop in every version, unless its simulation is changed on purpose", () => {
  assert.equal(
    fingerprint(simulateShop(SMALL)),
    "746022ffd7fc0839ec2e75f489d76ae21b1d083bd086e2e8c219be56e4adac95",
  );
});

Deno.test("a shop can be read twice and has as many rows as it says", () => {
  const shop = simulateShop(SMALL);
  assert.equal(fingerprint(shop), fingerprint(shop));
  for (const { table, rows, csv } of shop.tables) {
    let lines = 0;
    for (const chunk of csv) lines += new TextDecoder().decode(chunk).split("\n").length - 1;
    assert.equal(lines, rows, table);
  }
  assert.equal([...shop.tickets.documents].length, shop.tickets.rows);
  assert.deepEqual(shop.tables.map(({ table }) => table), [
    "customers",
    "products",
    "orders",
    "events",
    "inventory",
  ]);
});

Deno.test("volumes follow the number of customers", () => {
  const { shop, inventory, products, customers } = simulatedRows();
  const perCustomer = Object.fromEntries(
    shop.tables.map(({ table, rows }) => [table, rows / PARAMETERS.customers]),
  );
  assert.equal(customers.length, PARAMETERS.customers);
  assert.equal(products.length, PARAMETERS.products);
  assert.equal(inventory.length, PARAMETERS.products * 4 * 31);
  assert.ok(perCustomer.orders! > 4.3 && perCustomer.orders! < 5.7, `${perCustomer.orders} order lines`);
  assert.ok(perCustomer.events! > 17 && perCustomer.events! < 23, `${perCustomer.events} events`);
  const tickets = shop.tickets.rows / PARAMETERS.customers;
  assert.ok(tickets > 0.42 && tickets < 0.58, `${tickets} tickets`);
  assert.equal(productsFor(100_000), 5000);
  assert.equal(productsFor(5000), 250);
});

Deno.test("parameters that cannot be simulated are refused with what was expected and found", () => {
  const refused = (change: Partial<typeof SMALL>, message: RegExp) =>
    assert.throws(
      () => simulateShop({ ...SMALL, ...change }),
      (error) => error instanceof InputError && message.test(error.message),
    );
  refused({ customers: 5 }, /customers .* whole number from 100 to 990000, found 5/);
  refused({ products: 60.5 }, /products .* found 60.5/);
  refused({ seed: -1 }, /seed .* found -1/);
  refused({ until: "2024-02-30" }, /Invalid date of until: expected a day .* found "2024-02-30"/);
  refused({ until: "tomorrow" }, /found "tomorrow"/);
});
