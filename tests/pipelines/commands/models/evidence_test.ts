import assert from "node:assert/strict";
import { churnModel } from "shopflow/churn/mod.ts";
import { lifetimeValueModel } from "shopflow/lifetime_value/mod.ts";
import { loadConfig } from "shopflow/config/mod.ts";
import { modelCardMarkdown } from "shopflow/ml/card/mod.ts";
import { watchModel } from "shopflow/ml/monitoring/mod.ts";
import { createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { openSnapshot, type Session, sqlString } from "shopflow/warehouse/mod.ts";
import { createModelsProgram } from "../../../../pipelines/commands/models.ts";
import { createContext, type PipelineContext } from "../../../../pipelines/context.ts";
import { scoreModel } from "../../../../pipelines/steps/score/score.ts";
import { trainModel } from "../../../../pipelines/steps/train/train.ts";
import { openChurnShop } from "../../../fixtures/churn_shop.ts";
import { publishSession } from "../../../fixtures/publish_session.ts";

const TABLES = ["dim_customers", "dim_products", "fact_events", "fact_orders", "fact_support_tickets"];

/** The churn shop as it was at the beginning of a day. */
async function publishUntil(context: PipelineContext, day: string, change = ""): Promise<void> {
  using shop: Session & Disposable = await openChurnShop({ customers: 500 });
  await shop.run(`DELETE FROM fact_orders WHERE order_date >= DATE '${day}';
    DELETE FROM fact_events WHERE event_timestamp >= DATE '${day}';
    DELETE FROM fact_support_tickets WHERE created_at >= DATE '${day}'; ${change}`);
  await publishSession(context.store, shop, TABLES);
}

async function models(context: PipelineContext, ...args: string[]): Promise<string> {
  const printed: string[] = [];
  await createModelsProgram(() => context, (text) => printed.push(text)).parseAsync(args, { from: "user" });
  return printed.join("\n");
}

Deno.test("a scored day is measured once its outcomes are known, by what happened since", async (t) => {
  const home = await Deno.makeTempDir({ prefix: "shopflow_drift_" });
  const runtime = createRuntime({ progress: silentProgress, now: () => new Date("2024-09-01T00:00:00Z") });
  const context = createContext(loadConfig({ SHOPFLOW_HOME: home }), runtime);
  try {
    await publishUntil(context, "2024-09-01");
    await trainModel(churnModel)(context);
    await scoreModel(churnModel)(context);

    await t.step("before, it says from when on", async () => {
      const text = await models(context, "drift", "churn");
      assert.match(text, /^2024-09-01 .* known from 2024-11-30 on$/m);
      assert.match(text, /^recency_days +0\.\d{3} +0\.\d{3}/m);
    });

    await publishUntil(context, "2025-01-01");
    await scoreModel(churnModel)(context);

    await t.step("after, predicted and observed are those of an independent query", async () => {
      using session = await openSnapshot(context.store);
      const watch = await watchModel(context.store, session, churnModel);
      assert.deepEqual(watch!.runs.map(({ asOf }) => asOf), ["2025-01-01", "2024-09-01"]);
      const [latest, first] = watch!.runs;
      assert.equal(latest!.quality, undefined);
      const file = sqlString(await context.store.localPath(first!.key));
      const [own] = await session.rows<{ rows: number; predicted: number; observed: number }>(`
        SELECT count(*) AS rows, avg(churn_probability) AS predicted, avg(CAST(next.customer_id IS NULL AS INTEGER)) AS observed
        FROM read_parquet(${file}) AS scores
        LEFT JOIN (SELECT DISTINCT customer_id FROM fact_orders WHERE line_type = 'sale'
                   AND order_date BETWEEN DATE '2024-09-01' AND DATE '2024-11-29') AS next
          ON next.customer_id = scores.customer_id
        WHERE recency_days <= 90`);
      const { quality } = first!;
      assert.equal(quality!.rows, own!.rows);
      assert.ok(own!.rows > 100);
      assert.ok(Math.abs(quality!.predicted - own!.predicted) < 1e-9);
      assert.ok(Math.abs(quality!.observed - own!.observed) < 1e-9);
      assert.ok(quality!.auc! > 0.6, String(quality!.auc));
      assert.match(
        await models(context, "drift", "churn"),
        /^2024-09-01 .*predicted \d+\.\d %, was \d+\.\d % of \d+; AUC 0\.\d{3} \(0\.\d{3} to \d\.\d{3}\)$/m,
      );
    });

    await t.step("a feature that came in another unit is named first", async () => {
      await publishUntil(context, "2025-01-01", "UPDATE fact_orders SET net_amount = net_amount * 100");
      await scoreModel(churnModel)(context);
      using session = await openSnapshot(context.store);
      const watch = await watchModel(context.store, session, churnModel);
      const moved = watch!.features.filter(({ shift }) => shift.verdict === "moved far");
      assert.deepEqual(
        ["average_order_value", "net_sales"].filter((name) =>
          !moved.some(({ feature }) => feature.name === name)
        ),
        [],
      );
    });

    await t.step(
      "of a model without outcomes there is nothing to watch, and it says of which there is",
      async () => {
        await assert.rejects(models(context, "drift", "recommendation"), {
          name: "InputError",
          message: /have no outcome.*expected .*churn/,
        });
        await assert.rejects(models(context, "drift", "chrun"), {
          name: "InputError",
          message: /no model of that name/,
        });
      },
    );
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});

Deno.test("expected purchases are measured a year later, in purchases", async () => {
  const home = await Deno.makeTempDir({ prefix: "shopflow_drift_" });
  const runtime = createRuntime({ progress: silentProgress, now: () => new Date("2024-01-01T00:00:00Z") });
  const context = createContext(loadConfig({ SHOPFLOW_HOME: home }), runtime);
  try {
    await publishUntil(context, "2024-01-01");
    await scoreModel(lifetimeValueModel)(context);
    await publishUntil(context, "2025-01-01");
    using session = await openSnapshot(context.store);
    const watch = await watchModel(context.store, session, lifetimeValueModel);
    const [run] = watch!.runs;
    assert.equal(run!.knownFrom, "2024-12-31");
    const [own] = await session.rows<{ rows: number; bought: number }>(`
      WITH known AS (SELECT DISTINCT customer_id FROM fact_orders WHERE line_type = 'sale' AND order_date < '2024-01-01'),
      days AS (SELECT DISTINCT customer_id, order_date FROM fact_orders
               WHERE line_type = 'sale' AND order_date BETWEEN '2024-01-01' AND '2024-12-30')
      SELECT (SELECT count(*) FROM known) AS rows,
             (SELECT count(*) FROM days JOIN known USING (customer_id)) AS bought`);
    assert.equal(run!.quality!.rows, own!.rows);
    assert.ok(Math.abs(run!.quality!.observed - own!.bought / own!.rows) < 1e-9);
    assert.match(
      await models(context, "drift", "lifetime_value"),
      /^2024-01-01 .*predicted \d+\.\d\d, was \d+\.\d\d on average; mean absolute error \d+\.\d\d$/m,
    );
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});

Deno.test("the card of a version without evidence says only what is known", () => {
  const text = modelCardMarkdown({
    definition: { name: "churn", scoreTable: churnModel.scoreTable },
    listed: {
      card: {
        name: "churn",
        version: "v1",
        trainedAt: "2024-10-01T00:00:00.000Z",
        snapshot: "0".repeat(16),
        asOf: "2024-10-01",
        parameters: {},
        metrics: {},
        files: [],
        sha256: {},
      },
      isChampion: false,
    },
    evidence: undefined,
    lineage: { snapshot: { id: "0".repeat(16), sources: [] }, decisions: [], scores: [] },
  });
  assert.match(text, /It was not measured\./);
  assert.match(text, /which is not in the lake any more/);
  assert.doesNotMatch(text, /undefined|NaN|## Features|## Calibration/);
});
