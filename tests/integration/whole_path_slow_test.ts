/** From real source servers to reports: the star schema is the source's rows and money, and everything after it works. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { loadChampion, requireScores } from "shopflow/ml/registry/mod.ts";
import { listReports, readReport } from "shopflow/notebook/report/mod.ts";
import { openSnapshot } from "shopflow/warehouse/mod.ts";
import type { Row } from "../../lib/warehouse/session.ts";
import type { PipelineContext } from "../../pipelines/context.ts";
import { extract } from "../../pipelines/steps/extract/extract.ts";
import { importOnlineRetail } from "shopflow/sources/online_retail/mod.ts";
import { publish } from "../../pipelines/steps/publish/publish.ts";
import { scoreModels } from "../../pipelines/steps/score/score.ts";
import { simulateIntoSources } from "../../pipelines/commands/simulate.ts";
import { trainModels } from "../../pipelines/steps/train/train.ts";
import { transform } from "../../pipelines/steps/transform.ts";
import { reportNotebooks } from "../fixtures/report_notebooks.ts";
import { withServers } from "../fixtures/source_servers.ts";
import { TEST_DATASETS, testWith } from "../requirements.ts";

const REPORTS = reportNotebooks();

testWith(
  ["postgres", "mongodb", "datasets"],
  "the real shop goes from PostgreSQL to reports with every row and every penny accounted for",
  () =>
    withServers(async ({ context, sql }) => {
      const from = join(TEST_DATASETS, "online_retail", "online_retail.csv.gz");
      await importOnlineRetail(context, { from: [from], replace: false });
      for (const pipeline of [extract, transform, trainModels(), scoreModels(), publish]) {
        await pipeline(context);
      }

      const source = (await sql.query(
        `SELECT count(*)::int AS lines, sum(order_amount)::text AS amount,
                count(DISTINCT (order_id, product_id))::int AS order_products
         FROM orders`,
      )).rows[0];
      const quality = Object.fromEntries(
        (await lakeRows(context, "SELECT * FROM data_quality WHERE source_table = 'orders'"))
          .map(({ rule, rows }) => [rule as string, rows as number]),
      );
      const [{ dropped }] = await lakeRows(
        context,
        "SELECT sum(rows) AS dropped FROM data_quality WHERE source_table = 'orders' AND action = 'dropped'",
      ) as [{ dropped: number }];
      const [money] = await lakeRows(
        context,
        `SELECT (SELECT sum(order_amount) FROM fact_orders)
              + (SELECT sum(amount) FROM data_quality WHERE source_table = 'orders' AND action = 'dropped')
                AS amount`,
      );
      assert.equal(money!.amount, Number(source.amount));
      const [facts] = await lakeRows(
        context,
        `SELECT count(*) AS rows, count(DISTINCT (order_id, product_id)) AS keys,
                count(*) FILTER (WHERE line_type = 'return') AS returns,
                count(*) FILTER (WHERE customer_id = 'UNKNOWN') AS without_customer,
                max(order_date) AS last_day FROM fact_orders`,
      );
      assert.equal(facts!.rows, facts!.keys);
      assert.ok((facts!.rows as number) <= source.order_products);
      assert.equal(facts!.returns, quality.return);
      assert.equal(facts!.without_customer, quality.missing_customer_id);
      assert.equal(source.lines, (facts!.rows as number) + quality.several_lines_summed! + dropped);
      assert.equal(facts!.last_day, "2011-12-09");
      for (const empty of ["fact_events", "fact_inventory_snapshots", "fact_support_tickets"]) {
        assert.deepEqual(await lakeRows(context, `SELECT count(*) AS rows FROM ${empty}`), [{ rows: 0 }]);
      }

      const { metrics } = (await loadChampion(context.store, "churn")).card;
      assert.ok(metrics.auc! > 0.7, `AUC ${metrics.auc}`);
      const recommender = (await loadChampion(context.store, "recommendation")).card.metrics;
      assert.ok(recommender.recall_at_10! > recommender.popularity_recall_at_10!);
      assert.equal((await requireScores(context.store, "inventory_plan")).rows, 0);
      // Without inventory rows there is nothing to draw on that page.
      await everyReportIsGood(context, REPORTS.filter((name) => name !== "inventory"));
    }),
);

testWith(
  ["postgres", "mongodb"],
  "a simulated shop goes from PostgreSQL and MongoDB to reports, and a second run has nothing to do",
  () =>
    withServers(async ({ context, sql }) => {
      await simulateIntoSources(context, { customers: 1200, products: 80, seed: 7, until: "2024-06-30" });
      const pipelines = { extract, transform, train: trainModels(), score: scoreModels(), publish };
      for (const pipeline of Object.values(pipelines)) await pipeline(context);

      for (
        const [table, dimension, key] of [
          ["customers", "dim_customers", "customer_id"],
          ["products", "dim_products", "product_id"],
        ] as const
      ) {
        const source = (await sql.query(`SELECT ${key} FROM ${table} ORDER BY ${key} COLLATE "C"`)).rows;
        const known = await lakeRows(
          context,
          `SELECT ${key} FROM ${dimension} WHERE is_current AND NOT is_inferred AND ${key} <> 'UNKNOWN' ORDER BY ${key}`,
        );
        assert.deepEqual(known, source);
      }
      const source = (await sql.query(
        `SELECT (SELECT sum(order_amount) FROM orders)::float AS order_amount,
                (SELECT sum(quantity) FROM orders)::int AS quantity,
                (SELECT count(*) FROM events)::int AS events,
                (SELECT sum(stock_level) FROM inventory)::int AS stock`,
      )).rows[0];
      const [lake] = await lakeRows(
        context,
        `SELECT (SELECT sum(order_amount) FROM fact_orders) + (
                  SELECT sum(amount) FROM data_quality WHERE source_table = 'orders' AND action = 'dropped'
                ) AS order_amount,
                (SELECT count(*) FROM fact_events) + (
                  SELECT sum(rows) FROM data_quality WHERE source_table = 'events' AND action = 'dropped'
                ) AS events,
                (SELECT sum(stock_level) FROM fact_inventory_snapshots) AS stock`,
      );
      assert.deepEqual(lake, {
        order_amount: source.order_amount,
        events: source.events,
        stock: source.stock,
      });
      await everyReportIsGood(context, REPORTS);
      for (const [name, pipeline] of Object.entries(pipelines)) {
        assert.equal((await pipeline(context)).status, "unchanged", name);
      }
    }),
);

async function lakeRows(context: PipelineContext, sql: string): Promise<Row[]> {
  using snapshot = await openSnapshot(context.store);
  return await snapshot.rows(sql);
}

async function everyReportIsGood(context: PipelineContext, withCharts: string[]): Promise<void> {
  const reports = await listReports(context.store);
  assert.deepEqual(
    reports.map(({ name, status }) => [name, status]).sort(),
    REPORTS.map((name) => [name, "succeeded"]),
  );
  for (const name of withCharts) {
    const page = await readReport(context.store, name);
    assert.match(page!.html, /<svg|<img/, `${name} shows no chart`);
  }
}
