/** A shop in which a few rows are dated years ahead goes the whole way, and everything else comes out as without them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { listReports } from "shopflow/notebook/report/mod.ts";
import { loadChampion, requireScores } from "shopflow/ml/registry/mod.ts";
import { openSession, openSnapshot, sqlString } from "shopflow/warehouse/mod.ts";
import type { Row } from "../../lib/warehouse/session.ts";
import { MongoClient } from "mongodb";
import { createContext, type PipelineContext } from "../../pipelines/context.ts";
import { extract } from "../../pipelines/steps/extract/extract.ts";
import { publish } from "../../pipelines/steps/publish/publish.ts";
import { scoreModels } from "../../pipelines/steps/score/score.ts";
import { simulateIntoSources } from "../../pipelines/commands/simulate.ts";
import { trainModels } from "../../pipelines/steps/train/train.ts";
import { transform } from "../../pipelines/steps/transform.ts";
import { withServers } from "../fixtures/source_servers.ts";
import { testWith } from "../requirements.ts";

/** Of a customer and a product that the shop has, so that they could count for both. */
const AHEAD = `
  INSERT INTO orders SELECT 'ORD9999999', customer_id, product_id, '2042-05-05', 999, 1, 0, payment_method
    FROM orders ORDER BY order_id LIMIT 1;
  INSERT INTO events SELECT 'EVT99999999', customer_id, 'S-2042', 'purchase', '2042-05-05 10:00', product_id, page_url,
    device_type, browser FROM events ORDER BY event_id LIMIT 1;
  INSERT INTO inventory SELECT product_id, warehouse_id, '2042-05-05', 0, 9, '2042-05-05 20:00'
    FROM inventory ORDER BY product_id, warehouse_id, date LIMIT 1`;

testWith(
  ["postgres", "mongodb"],
  "rows dated 2042 are named by a rule, and facts, models, scores and reports are those of the shop without them",
  () =>
    withServers(async ({ context, sql }) => {
      await simulateIntoSources(context, { customers: 2000, products: 80, seed: 7, until: "2024-06-30" });
      const pipelines = [extract, transform, trainModels(), scoreModels()];
      for (const pipeline of pipelines) await pipeline(context);
      await sql.query(AHEAD);
      await using client = new MongoClient(context.config.ticketsUrl);
      await client.db().collection("support_tickets").insertOne({
        ticket_id: "TKT9999999",
        created_date: new Date("2042-05-05"),
        status: "Closed",
      });
      // Once on top of the lake that there is, once into a new one.
      const home = join(context.config.home, "another");
      const another = createContext(
        { ...context.config, home, lakeUrl: join(home, "lake") },
        context.runtime,
      );
      const expected = await outcome(context);
      for (const lake of [context, another]) {
        for (const pipeline of pipelines) await pipeline(lake);
        assert.deepEqual(await outcome(lake), expected);
        assert.deepEqual(await ask(lake, DROPPED), [
          { source_table: "events", rows: 1, amount: null },
          { source_table: "inventory", rows: 1, amount: null },
          { source_table: "orders", rows: 1, amount: 999 },
          { source_table: "support_tickets", rows: 1, amount: null },
        ]);
        const ahead = await ask(lake, RECONCILED);
        assert.equal(ahead.length, 4);
        for (const { rows, explained } of ahead) assert.deepEqual([rows, explained], [1, 1]);
      }
      await publish(another);
      const reports = await listReports(another.store);
      assert.deepEqual([...new Set(reports.map(({ status }) => status))], ["succeeded"]);
      assert.ok(reports.every(({ parameters }) => !JSON.stringify(parameters).includes("2042")));
    }),
);

const DROPPED = `SELECT source_table, "rows", amount FROM data_quality
  WHERE rule = 'dated_after_extraction' ORDER BY source_table`;
const RECONCILED = `SELECT source_rows AS rows, explained_rows AS explained FROM reconciliation
  WHERE "month" = '2042-05'`;

/** What must not differ: facts, dates, what models learned and what they say. */
async function outcome(context: PipelineContext): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (
    const table of [
      "fact_orders",
      "fact_events",
      "fact_inventory_snapshots",
      "fact_support_tickets",
      "dim_dates",
    ]
  ) {
    // When rows arrived is not what they say: the two shops were extracted one after the other.
    const said = `SELECT COLUMNS(name -> name <> 'arrived_at') FROM ${table}`;
    found[table] = await ask(context, `SELECT count(*) AS rows, sum(hash(t)) AS digest FROM (${said}) AS t`);
  }
  for (const model of ["churn", "recommendation"]) {
    const { card, files } = await loadChampion(context.store, model);
    found[model] = { metrics: card.metrics, asOf: card.asOf, files };
  }
  using session = await openSession();
  for (const scores of ["churn", "recommendations", "inventory_plan"]) {
    const { key, asOf } = await requireScores(context.store, scores);
    const file = sqlString(await context.store.localPath(key));
    const rows = await session.rows(`FROM read_parquet(${file}) ORDER BY ALL`);
    found[`scores of ${scores}`] = { asOf, rows: rows.map(rounded) };
  }
  return found;
}

/** Sums of the same numbers in another order differ in their last digits. */
const rounded = (row: Row) =>
  Object.fromEntries(
    Object.entries(row).map((
      [name, value],
    ) => [name, typeof value === "number" ? value.toPrecision(10) : value]),
  );

async function ask(context: PipelineContext, sql: string): Promise<Row[]> {
  using snapshot = await openSnapshot(context.store);
  return await snapshot.rows(sql);
}
