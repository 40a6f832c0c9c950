import assert from "node:assert/strict";
import { ConfigError } from "shopflow/errors/mod.ts";
import { parseMapping, readMapping } from "../../../../lib/sources/compare/mapping.ts";

const parse = (text: string) => parseMapping(text, "shop.yaml");

Deno.test("a mapping names tables, columns, queries, SQL of columns, and what the shop does without", () => {
  const mapping = parse(`
time_zone: Europe/Berlin
tables:
  customers:
    table: sales.client
    columns: { customer_id: id, signup_date: null }
  orders:
    query: SELECT 1 AS order_id
  products:
    columns:
      price: { sql: price_cents / 100.0 }
  events: null
  support_tickets:
    collection: cases
    columns: { ticket_id: _id, created_date: createdAt, customer_id: customer.id }
`);
  assert.equal(mapping.timeZone, "Europe/Berlin");
  assert.deepEqual(mapping.tables, {
    customers: { table: "sales.client", columns: { customer_id: "id", signup_date: null } },
    products: { columns: { price: { sql: "price_cents / 100.0" } } },
    orders: { query: "SELECT 1 AS order_id", columns: {} },
    events: null,
  });
  assert.deepEqual(mapping.tickets, {
    collection: "cases",
    columns: { ticket_id: "_id", created_date: "createdAt", customer_id: "customer.id" },
  });
});

Deno.test("an empty mapping, and one in JSON, are fine", () => {
  assert.deepEqual(parse("").tables, {});
  assert.equal(parse(`{"tables": {"support_tickets": null}}`).tickets, null);
  assert.deepEqual(parse("time_zone:\ntables:\n"), parse(""));
  assert.deepEqual(parse("tables:\n  customers:\n    columns:\n").tables, { customers: { columns: {} } });
});

Deno.test("a mapping as Windows writes it is fine", () => {
  assert.deepEqual(parse("\uFEFFtables:\r\n  customers:\r\n    table: client\r\n").tables, {
    customers: { table: "client", columns: {} },
  });
});

Deno.test("what a mapping must not say is told with its place and what may be meant", () => {
  const cases: [string, RegExp][] = [
    [
      "tables: {customer: {table: x}}",
      /shop\.yaml is malformed at tables: .*found "customer"\. Is customers meant\?/,
    ],
    [
      "tables: {products: {columns: {product_nam: x}}}",
      /at tables > products > columns: .*found "product_nam"\. Is product_name meant\?/,
    ],
    ["tables: {orders: null}", /at tables > orders: found null, but every shop has orders/],
    ["tables: {orders: {columns: {order_date: null}}}", /orders > columns > order_date: found null/],
    [
      "tables: {orders: {table: a, query: SELECT 1}}",
      /at tables > orders: found either table or query, not both/,
    ],
    [
      "tables: {orders: {columns: {quantity: 1}}}",
      /orders > columns > quantity: found expected a column, null, or/,
    ],
    ["tables: {orders: {tabel: a}}", /at tables > orders: .*tabel/],
    ["schema: x", /at the top level: .*schema/],
    ["time_zone: Berlin/Mitte", /at time_zone: found expected a name such as Europe\/Berlin/],
    [
      "tables: {support_tickets: {columns: {ticket_id: null}}}",
      /support_tickets > columns > ticket_id: found null/,
    ],
    [
      "tables: {orders: {query: SELECT 1, columns: {quantity: {sql: pieces}}}}",
      /at tables > orders: found either query or \{ sql: … \} of a column, not both/,
    ],
    ["time_zone: '+02:00'", /at time_zone: found expected a name such as Europe\/Berlin/],
    ["tables:\n  orders: {\n", /is not YAML/],
    ["tables: {customers: *client}", /is not YAML: found Unresolved alias/],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => parse(text), (error) => {
      assert.ok(error instanceof ConfigError, text);
      assert.match(error.message, message);
      return true;
    });
  }
});

Deno.test("a mapping file that is not there is told with its setting", async () => {
  await assert.rejects(readMapping("/nowhere/shop.yaml"), /SHOPFLOW_SOURCE_MAPPING/);
  assert.deepEqual((await readMapping(undefined)).tables, {});
});
