/**
 * Peak memory of extract and transform at ten times full size: ten copies of the simulated shop side by side, made by SQL
 * inside PostgreSQL. Prints its part of documentation/reference/benchmarks.md.
 *
 * `SHOPFLOW_TEST_CUSTOMERS` (100000) is the size of one copy.
 */
import { join } from "node:path";
import { simulateIntoSources } from "../../../pipelines/commands/simulate.ts";
import { withServers } from "../../fixtures/source_servers.ts";
import { measurePipelines } from "./full_size.ts";

const CUSTOMERS = Number(Deno.env.get("SHOPFLOW_TEST_CUSTOMERS") ?? 100_000);

/** Nine more shops: the same rows, every id with the number of its shop. */
const COPIES = [
  `INSERT INTO customers SELECT customer_id || 'X' || k, k || email, first_name, last_name, city, country, signup_date,
     customer_segment, total_orders, total_spent FROM customers, generate_series(1, 9) AS k`,
  `INSERT INTO products SELECT product_id || 'X' || k, product_name, category, brand, price, cost, margin_pct,
     stock_status FROM products, generate_series(1, 9) AS k`,
  `INSERT INTO orders SELECT order_id || 'X' || k, customer_id || 'X' || k, product_id || 'X' || k, order_date,
     order_amount, quantity, discount_amount, payment_method FROM orders, generate_series(1, 9) AS k`,
  `INSERT INTO events SELECT event_id || 'X' || k, customer_id || 'X' || k, session_id || 'X' || k, event_type,
     event_timestamp, product_id || 'X' || k, page_url, device_type, browser FROM events, generate_series(1, 9) AS k`,
  `INSERT INTO inventory SELECT product_id || 'X' || k, warehouse_id, date, stock_level, reorder_level, last_updated
   FROM inventory, generate_series(1, 9) AS k`,
];

await withServers(async ({ context, sql }) => {
  const { config } = context;
  const shop = { customers: CUSTOMERS, products: CUSTOMERS / 20, seed: 42, until: "2024-12-31" };
  await simulateIntoSources(context, shop);
  for (const statement of COPIES) await sql.query(statement);
  const rows: string[] = [];
  for (const step of ["extract", "transform"]) {
    const { seconds, peakBytes } = await measurePipelines(context, join(config.home, "ten"), [step]);
    rows.push(`| \`${step}\` | ${seconds.toFixed(0)} s | ${(peakBytes / 2 ** 30).toFixed(2)} GiB |`);
    console.error(rows.at(-1));
  }
  const { rows: [counts] } = await sql.query(
    "SELECT (SELECT count(*) FROM events) AS events, (SELECT count(*) FROM orders) AS orders, (SELECT count(*) FROM customers) AS customers",
  );
  const count = (n: string) => Number(n).toLocaleString("en-US");
  console.log(`## Ten times full size

${count(counts.customers)} customers, ${count(counts.orders)} order lines, ${
    count(counts.events)
  } events in PostgreSQL. Aim: under 2 GiB of
resident memory.

| step | seconds | peak memory |
| --- | ---: | ---: |
${rows.join("\n")}
`);
});
