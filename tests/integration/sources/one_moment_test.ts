/** All tables of an extract are of one moment. */
import assert from "node:assert/strict";
import { silentProgress } from "shopflow/runtime/mod.ts";
import { loadSourceTables } from "shopflow/sources/mod.ts";
import { extract } from "../../../pipelines/extract.ts";
import { AWKWARD_TABLES, extractHeldAtOrders, lakeRow } from "../../fixtures/awkward_shop.ts";
import { withServers } from "../../fixtures/source_servers.ts";
import { testWith } from "../../requirements.ts";

testWith(
  ["postgres", "mongodb"],
  "an order placed while the extract runs is in none of its tables",
  () =>
    withServers(async ({ context, sql }) => {
      await loadSourceTables(context.config.postgresUrl, AWKWARD_TABLES, { progress: silentProgress });
      const extracting = await extractHeldAtOrders(context, sql);
      await sql.query(`INSERT INTO customers (customer_id) VALUES ('LATE');
      INSERT INTO orders (order_id, customer_id) VALUES ('LATE', 'LATE');
      COMMIT`);
      await extracting.result;
      const late = "count(*) FILTER (WHERE order_id = 'LATE')::int AS late, count(*)::int AS rows";
      assert.deepEqual(await lakeRow(context, "orders", late), { late: 0, rows: 3 });
      await extract(context);
      assert.deepEqual(await lakeRow(context, "orders", late), { late: 1, rows: 4 });
    }),
);
