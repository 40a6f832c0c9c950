/** Shops that were not made for ShopFlow: own keys, names, types and schemas, headers with lines, cents. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { MongoClient } from "mongodb";
import { SchemaContractError } from "shopflow/errors/mod.ts";
import { readRawExtract } from "shopflow/lake/mod.ts";
import { checkSources } from "shopflow/sources/compare/mod.ts";
import { createSourcesProgram } from "../../../pipelines/commands/sources.ts";
import { extract } from "../../../pipelines/steps/extract/extract.ts";
import { currentRawRows } from "../../fixtures/current_raw_rows.ts";
import { type Servers, withServers } from "../../fixtures/source_servers.ts";
import { testWith } from "../../requirements.ts";

/** The context with a mapping, or other settings. */
async function mapped({ context }: Servers, yaml: string, settings: object = {}) {
  const sourceMapping = join(context.config.home, "shop.yaml");
  await Deno.writeTextFile(sourceMapping, yaml);
  return { ...context, config: { ...context.config, sourceMapping, ...settings } };
}

/** Names in capitals and in another schema; keys that are numbers; enums, domains, money, times with a zone. */
const TRADERS = `
  CREATE SCHEMA "Sales";
  CREATE DOMAIN "Sales".sku AS varchar(60); CREATE DOMAIN "Sales".short_sku AS "Sales".sku;
  CREATE TYPE "Sales".method AS ENUM ('Card', 'Cash on delivery');
  CREATE TABLE "Sales"."Customers" ("CustomerID" char(5), "Email" text, "FirstName" text, "LastName" text, "City" text,
    "Country" text, "SignupDate" timestamptz, "CustomerSegment" text, "TotalOrders" bigint, "TotalSpent" money,
    tags text[], preferences jsonb, initials text GENERATED ALWAYS AS (left("FirstName", 1)) STORED);
  CREATE TABLE "Sales"."Products" ("ProductID" "Sales".short_sku, "ProductName" text, "Category" text, "Brand" text,
    "Price" numeric, "Cost" double precision, "MarginPct" real, "StockStatus" boolean);
  CREATE TABLE "Sales"."Orders" ("OrderID" uuid, "CustomerID" char(5), "ProductID" "Sales".sku, "OrderDate" timestamp,
    "OrderAmount" numeric(30,6), "Quantity" numeric, "DiscountAmount" numeric, "PaymentMethod" "Sales".method);
  INSERT INTO "Sales"."Customers" VALUES
    ('ALFKI', 'a@b.c', 'Ana', 'B', 'Berlin', 'Germany', '2024-03-01 23:30:00-05', NULL, 3, 12.5, '{a,b}', '{"x": 1}'),
    ('BO', NULL, 'Bo', NULL, NULL, NULL, NULL, NULL, 99999999999, 1, NULL, NULL);
  INSERT INTO "Sales"."Products" VALUES ('P-1', 'Tea', 'Drinks', NULL, 9.999, 4.25, 57.5, true),
    ('P-2', 'Odd', 'Drinks', NULL, 'NaN', 'Infinity', 0, false), ('P-3', 'Cup', NULL, NULL, 3, NULL, NULL, NULL);
  INSERT INTO "Sales"."Orders" VALUES
    ('0190b6b4-0000-7000-8000-000000000001', 'ALFKI', 'P-1', '2024-03-05 08:00', 19.998000, 2, 0, 'Cash on delivery'),
    ('0190b6b4-0000-7000-8000-000000000002', 'ALFKI', 'P-1', 'infinity', 9, 1, 0, 'Card'),
    ('0190b6b4-0000-7000-8000-000000000003', 'BO', 'P-3', '2024-03-06', 4.5, 1.5, 0, 'Card'),
    ('0190b6b4-0000-7000-8000-000000000004', 'BO', 'P-3', '2024-03-07', 1e20, 1, 0, 'Card')`;

testWith(
  ["postgres", "mongodb"],
  "names in capitals, another schema, and types with a plain meaning need no mapping; wrong rows are left out",
  () =>
    withServers(async (servers) => {
      const { context, sql } = servers;
      await sql.query(TRADERS);
      await assert.rejects(extract(context), (error) => {
        assert.ok(error instanceof SchemaContractError);
        assert.match(error.found!, /no table customers in the search_path, but Sales\.Customers/);
        return true;
      });
      const wrong = { ...context, config: { ...context.config, postgresSchema: "sales" } };
      await assert.rejects(extract(wrong), /no such schema: expected one of Sales, public, found sales/);

      const shop = { ...context, config: { ...context.config, postgresSchema: "Sales", ticketsUrl: "none" } };
      const { problems } = await extract(shop);
      assert.deepEqual(problems, []);
      const customers = await currentRawRows(shop.store, "customers");
      assert.deepEqual(
        customers.map((
          { customer_id, signup_date, total_orders, total_spent },
        ) => [customer_id, String(signup_date), total_orders, Number(total_spent)]),
        [["ALFKI", "2024-03-02", 3, 12.5]],
      );
      const products = await currentRawRows(shop.store, "products");
      assert.deepEqual(
        products.map(({ product_id, price, stock_status }) => [product_id, Number(price), stock_status]),
        [["P-1", 10, "true"], ["P-3", 3, null]],
      );
      const orders = await currentRawRows(shop.store, "orders");
      assert.deepEqual(
        orders.map((
          { order_id, order_date, order_amount, quantity, payment_method },
        ) => [order_id, String(order_date), Number(order_amount), quantity, payment_method]),
        [["0190b6b4-0000-7000-8000-000000000001", "2024-03-05", 20, 2, "Cash on delivery"]],
      );
      const { tables } = await readRawExtract(shop.store);
      const counts = Object.entries(tables).map((
        [name, { rows, quarantined = 0 }],
      ) => [name, rows, quarantined]);
      assert.deepEqual(Object.fromEntries(counts.map(([name, ...numbers]) => [name, numbers])), {
        customers: [1, 1],
        products: [2, 1],
        orders: [1, 3],
        events: [0, 0],
        inventory: [0, 0],
        support_tickets: [0, 0],
      });
      assert.equal((await extract(shop)).status, "unchanged");

      // A row far back that is corrected is found by its month; a long key is looked up whole.
      await sql.query(`UPDATE "Sales"."Orders" SET "OrderDate" = '2020-01-01' WHERE "OrderDate" = 'infinity';
        UPDATE "Sales"."Orders" SET "OrderAmount" = 30 WHERE "OrderDate" = '2024-03-05 08:00'`);
      assert.deepEqual((await extract(shop)).problems, []);
      const amounts = (await currentRawRows(shop.store, "orders")).map(({ order_amount }) =>
        Number(order_amount)
      );
      assert.deepEqual(amounts, [30, 9]);
    }),
);

/** Orders as headers with lines, amounts in cents as text, products in a view, and tickets of a desk of their own. */
const CENTS = `
  CREATE TABLE client (id int PRIMARY KEY, mail text, created_at timestamptz);
  CREATE TABLE item (id uuid PRIMARY KEY, "Display Name" text, price_cents int);
  CREATE TABLE sale (id bigint PRIMARY KEY, client int, placed timestamptz);
  CREATE TABLE sale_line (sale bigint, item uuid, pieces smallint, cents text);
  INSERT INTO client SELECT n, 'c' || n || '@example.com', '2024-01-01' FROM generate_series(1, 30) n;
  INSERT INTO item SELECT md5(n::text)::uuid, 'Item ' || n, n * 100 FROM generate_series(1, 5) n;
  INSERT INTO sale SELECT n, 1 + n % 30, timestamptz '2024-01-01 23:30+00' + n * interval '1 day' FROM generate_series(1, 90) n;
  INSERT INTO sale_line SELECT s, md5(i::text)::uuid, 1 + i % 2, (100 * i)::text
    FROM generate_series(1, 90) s, generate_series(1, 3) i;
  UPDATE sale_line SET cents = 'free' WHERE sale = 7 AND item = md5('1')::uuid`;

const CENTS_MAPPING = `
time_zone: Europe/Berlin
tables:
  customers:
    table: client
    columns: { customer_id: id, email: mail, signup_date: created_at }
  products:
    table: public.item
    columns: { product_id: id, product_name: Display Name, price: { sql: price_cents / 100.0 } }
  orders:
    query: |
      SELECT sale.id AS order_id, client AS customer_id, item AS product_id, placed AS order_date,
             CASE WHEN cents ~ '^[0-9]+$' THEN (cents::numeric / 100)::text ELSE cents END AS order_amount,
             pieces AS quantity
      FROM sale JOIN sale_line ON sale_line.sale = sale.id; -- one row a line
  support_tickets:
    collection: cases
    columns:
      ticket_id: _id
      created_date: openedAt
      customer_id: client.id
      status: state
      issue_type: subject
`;

testWith(
  ["postgres", "mongodb"],
  "a mapping brings in a shop of other tables, columns, queries and tickets, and later changes of it",
  () =>
    withServers(async (servers) => {
      const { sql } = servers;
      await sql.query(CENTS);
      await using mongo = new MongoClient(servers.context.config.ticketsUrl);
      const cases = mongo.db().collection("cases");
      await cases.insertMany(Array.from({ length: 6 }, (_, i) => ({
        openedAt: new Date(Date.UTC(2024, 0, 1 + i)),
        client: { id: i + 1, name: "C" },
        state: "Open",
        subject: "Late",
      })));
      const shop = await mapped(servers, CENTS_MAPPING);
      assert.deepEqual((await extract(shop)).problems, []);
      const [customer] = await currentRawRows(shop.store, "customers");
      assert.deepEqual([customer!.customer_id, customer!.email], ["1", "c1@example.com"]);
      const products = await currentRawRows(shop.store, "products");
      assert.deepEqual(products.map(({ price }) => Number(price)).toSorted(), [1, 2, 3, 4, 5]);
      const orders = await currentRawRows(shop.store, "orders");
      assert.equal(orders.length, 269);
      // The day in Berlin, where it was half past midnight.
      assert.equal(orders.map(({ order_date }) => String(order_date)).toSorted()[0], "2024-01-03");
      assert.equal(orders.reduce((sum, { order_amount }) => sum + Number(order_amount), 0), 90 * 6 - 1);
      const tickets = await currentRawRows(shop.store, "support_tickets");
      assert.deepEqual(
        [tickets.length, tickets[0]!.customer_id, tickets[0]!.status, tickets[0]!.issue_type],
        [6, "1", "Open", "Late"],
      );
      assert.match(String(tickets[0]!.ticket_id), /^[0-9a-f]{24}$/);
      assert.equal((await extract(shop)).status, "unchanged");

      await sql.query(`UPDATE sale_line SET cents = '500' WHERE cents = 'free';
        UPDATE client SET mail = 'new@example.com' WHERE id = 1;
        INSERT INTO sale VALUES (91, 1, '2024-04-02'); INSERT INTO sale_line VALUES (91, md5('1')::uuid, 1, '700')`);
      await cases.updateOne({ state: "Open" }, { $set: { state: "Closed" } });
      assert.deepEqual((await extract(shop)).problems, []);
      const later = await currentRawRows(shop.store, "orders");
      assert.equal(later.length, 271);
      assert.equal(
        later.reduce((sum, { order_amount }) => sum + Number(order_amount), 0),
        90 * 6 - 1 + 5 + 7,
      );
      assert.equal((await currentRawRows(shop.store, "support_tickets"))[0]!.status, "Closed");

      // Another mapping reads everything again, though no row of the shop changed.
      const doubled = await mapped(
        servers,
        CENTS_MAPPING.replace("pieces AS quantity", "2 * pieces AS quantity"),
      );
      await extract(doubled);
      const pieces = (rows: Record<string, unknown>[]) =>
        rows.reduce((sum, { quantity }) => sum + Number(quantity), 0);
      assert.equal(pieces(await currentRawRows(shop.store, "orders")), 2 * pieces(later));

      const broken = await mapped(servers, CENTS_MAPPING.replace("pieces AS", "piece AS"));
      const { problems } = await extract(broken);
      assert.match(
        problems![0]!.message,
        /table orders.*column "piece" does not exist.* in the query of orders/,
      );
      assert.equal(problems!.length, 1);
    }),
);

testWith(
  ["postgres", "mongodb"],
  "a check says table by table what fits, with lines of a mapping that work once they are copied",
  () =>
    withServers(async (servers) => {
      const { context, sql } = servers;
      await sql.query(`CREATE TABLE customers (customer_id text, email text, created_at date);
        CREATE TABLE product (id int, title text, unit_price numeric);
        CREATE TABLE order_lines (order_id int, customer_id int, product_id int, order_date date, amount numeric, qty int);
        CREATE VIEW events AS SELECT 1 AS id, 'x' AS kind;
        INSERT INTO product VALUES (1, 'Tea', 2), (2, 'Cup', 'NaN')`);
      await using mongo = new MongoClient(context.config.ticketsUrl);
      await mongo.db().collection("support_tickets").insertMany(
        Array.from({ length: 6 }, (_, i) => ({ ticket_id: `T${i}`, createdAt: new Date(), status: "Open" })),
      );
      const run = async (shop: typeof context, ...args: string[]) => {
        const printed: string[] = [];
        const program = createSourcesProgram(() => shop, (text) => printed.push(text));
        const failure = await program.parseAsync(["check", ...args], { from: "user" }).then(
          () => undefined,
          String,
        );
        return { text: printed.join("\n"), failure };
      };
      const { text, failure } = await run(context);
      assert.match(failure!, /SourceError.*customers, products, orders, events, support_tickets/);
      assert.match(text, /no table products \(product may be meant\)/);
      assert.match(text, /signup_date +wrong .*no column customers\.signup_date/);
      assert.match(text, /inventory: not there, reports do without\n {2}no table inventory/);
      const { text: views } = await run(context, "--suggest", "views");
      assert.match(
        views,
        /CREATE VIEW shopflow\.products AS SELECT\n {2}"id" AS product_id,\n {2}"title" AS product_name/,
      );

      // The suggested lines as they are printed, but for what only a person knows.
      const lines = text.slice(text.indexOf("tables:\n"), text.indexOf("\n\nNot every"));
      assert.match(lines, /^ {2}# events: null, if public\.events is something else\n {2}events:\n/m);
      const events = /^ {2}events:\n(?: {4}.*\n)*/m;
      const shop = await mapped(servers, lines.replace(events, "  events: null\n"));
      const again = await run(shop);
      assert.equal(again.failure, undefined, again.text);
      assert.match(again.text, /products: fits, some columns are converted from public\.product, 1 row\n/);
      assert.match(again.text, /product_id 2: price is "NaN", expected a number below 10\^8/);
      assert.match(again.text, /Every table that the shop has can be extracted/);
      assert.deepEqual((await extract(shop)).problems, []);
      assert.equal((await currentRawRows(shop.store, "support_tickets"))[0]!.ticket_id, "T0");

      const report = JSON.parse((await run(shop, "--json")).text);
      assert.deepEqual(report, JSON.parse(JSON.stringify(await checkSources(shop.config, shop.runtime))));
      assert.deepEqual(report.tables.map(({ table, status }: Record<string, string>) => [table, status]), [
        ["customers", "fits"],
        ["products", "converted"],
        ["orders", "converted"],
        ["events", "absent"],
        ["inventory", "absent"],
        ["support_tickets", "fits"],
      ]);

      const away = { ...shop, config: { ...shop.config, postgresUrl: "postgres://nobody@127.0.0.1:1/shop" } };
      const lost = await run(away);
      assert.match(lost.text, /cannot be reached[^]*support_tickets: fits/);
      assert.match(lost.failure!, /1 source out of reach/);
    }),
);
