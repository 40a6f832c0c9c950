/** What is loaded into PostgreSQL and MongoDB arrives in the lake, and all of it. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { loadConfig } from "shopflow/config/mod.ts";
import { readRawExtract } from "shopflow/lake/mod.ts";
import { silentProgress } from "shopflow/runtime/mod.ts";
import { loadSourceTables } from "../../../lib/sources/postgres/load.ts";
import { loadTickets } from "../../../lib/sources/tickets/load.ts";
import { createContext } from "../../../pipelines/context.ts";
import { extract } from "../../../pipelines/steps/extract/extract.ts";
import { importOnlineRetail } from "shopflow/sources/online_retail/mod.ts";
import { AWKWARD_TABLES, AWKWARD_TICKETS, lakeRow, sourceRow } from "../../fixtures/awkward_shop.ts";
import { withServers } from "../../fixtures/source_servers.ts";
import { TEST_DATASETS, testWith } from "../../requirements.ts";

testWith(
  ["postgres", "mongodb", "datasets"],
  "the Online Retail transactions arrive in the lake with every row and every penny",
  () =>
    withServers(async ({ context, sql }) => {
      const from = join(TEST_DATASETS, "online_retail", "online_retail.csv.gz");
      const report = await importOnlineRetail(context, { from: [from], replace: false });
      assert.deepEqual(report.rows, {
        customers: 4372,
        products: 4070,
        orders: 541909,
        events: 0,
        inventory: 0,
        support_tickets: 0,
      });
      const rules = Object.fromEntries(report.rules.map(({ rule, rows }) => [rule, rows]));
      assert.equal(rules.cancelled_invoice, 9288);
      assert.equal(rules.missing_customer, 135080);
      assert.equal(rules.rejected_line, 0);

      await extract(context);
      const totals =
        `count(*)::int AS rows, sum(order_amount)::text AS amount, sum(quantity)::int AS quantity,
        count(customer_id)::int AS with_customer, count(DISTINCT order_id)::int AS orders,
        min(order_date)::text AS first, max(order_date)::text AS last`;
      const source = await sourceRow(sql, "orders", totals);
      assert.deepEqual(await lakeRow(context, "orders", totals), source);
      assert.equal(source.orders, 25900);
      assert.equal(source.amount, "9747747.93");
      const products = "count(*)::int AS rows, sum(price)::text AS price, count(product_name)::int AS named";
      assert.deepEqual(
        await lakeRow(context, "products", products),
        await sourceRow(sql, "products", products),
      );
      const { tables } = await readRawExtract(context.store);
      assert.equal(tables.events!.rows + tables.inventory!.rows + tables.support_tickets!.rows, 0);
    }),
);

testWith(
  ["postgres", "mongodb"],
  "servers and the embedded shop give the same content",
  () =>
    withServers(async ({ context }) => {
      const embedded = createContext(
        loadConfig({ SHOPFLOW_HOME: join(context.config.home, "embedded") }),
        context.runtime,
      );
      const contents = [];
      for (const shop of [context, embedded]) {
        await loadSourceTables(shop.config.postgresUrl, AWKWARD_TABLES, { progress: silentProgress });
        assert.equal(
          await loadTickets(shop.config.ticketsUrl, AWKWARD_TICKETS, { progress: silentProgress }),
          2,
        );
        await extract(shop);
        const { tables } = await readRawExtract(shop.store);
        contents.push(
          Object.entries(tables).map(([name, { rows, contentSha256 }]) => [name, rows, contentSha256]),
        );
      }
      assert.deepEqual(contents[0], contents[1]);
      assert.deepEqual(contents[0]!.map(([, rows]) => rows), [2, 2, 3, 2, 1, 2]);
      assert.equal((await extract(context)).status, "unchanged");
    }),
);
