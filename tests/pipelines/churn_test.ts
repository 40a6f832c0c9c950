import assert from "node:assert/strict";
import { loadChurnModel } from "../../lib/churn/model.ts";
import type { Reason } from "../../lib/churn/reasons.ts";
import { churnModel, planChurnStudy } from "shopflow/churn/mod.ts";
import { backtestChurn } from "../../lib/churn/backtest/backtest.ts";
import { CUSTOMER_FEATURES } from "shopflow/customers/mod.ts";
import { salesPeriod } from "shopflow/ml/mod.ts";
import { loadChampion, requireScores } from "shopflow/ml/registry/mod.ts";
import { openSession, openSnapshot, sqlString } from "shopflow/warehouse/mod.ts";
import { createChurnLake } from "../fixtures/churn_lake.ts";
import { createModelsProgram } from "../../pipelines/commands/models.ts";
import type { PipelineContext } from "../../pipelines/context.ts";
import { scoreModel } from "../../pipelines/steps/score/score.ts";
import { trainModel } from "../../pipelines/steps/train/train.ts";

/** What a command prints. */
async function models(context: PipelineContext, ...args: string[]): Promise<string> {
  const printed: string[] = [];
  await createModelsProgram(() => context, (text) => printed.push(text)).parseAsync(args, { from: "user" });
  return printed.join("\n");
}

const scoreChurn = scoreModel(churnModel);
const trainChurn = trainModel(churnModel);

Deno.test("churn is trained, measured, made champion and scored from a snapshot", async (t) => {
  await using lake = await createChurnLake({ customers: 1000 });
  const { context } = lake;

  await t.step("before training the baseline scores, and says so", async () => {
    assert.match(
      (await scoreChurn(context)).summary,
      /^by the baseline, since no model is trained yet; \d+ cust/,
    );
  });

  await t.step("training keeps the model, its card and its calibration table", async () => {
    const { status, summary } = await trainChurn(context);
    assert.equal(status, "done");
    assert.match(summary, /tested on \d+ active customers, AUC 0\.\d{3} \(baseline 0\.\d{3}\)/);
    const { card, files } = await loadChampion(context.store, "churn");
    assert.equal(card.snapshot, lake.snapshot);
    assert.equal(card.asOf, "2024-10-03");
    assert.ok(card.metrics.auc! > 0.7, String(card.metrics.auc));
    for (const name of ["log_loss", "brier", "baseline_auc", "baseline_log_loss", "test_rows"]) {
      assert.ok(Number.isFinite(card.metrics[name]), name);
    }
    const calibration = JSON.parse(new TextDecoder().decode(files["calibration.json"]));
    assert.equal(calibration.bins.length, 10);
    assert.equal(loadChurnModel(files).featureNames.length, CUSTOMER_FEATURES.names.length);
  });

  await t.step("a notebook that measures the model trains the same one, from the same date", async () => {
    const { card, files } = await loadChampion(context.store, "churn");
    using session = await openSnapshot(context.store);
    const period = await salesPeriod(session);
    const { split } = planChurnStudy({ asOf: "latest", backtestAsOf: "outcomes_known" }, period);
    assert.equal(split?.test, card.asOf);
    const { model, metrics } = await backtestChurn(session, split!);
    for (const [name, body] of Object.entries(model.save())) assert.deepEqual(files[name], body, name);
    assert.deepEqual(metrics, card.metrics);
  });

  await t.step("training again on the same snapshot is unchanged, unless forced", async () => {
    assert.equal((await trainChurn(context)).status, "unchanged");
    const before = await loadChampion(context.store, "churn");
    assert.equal((await trainChurn({ ...context, force: true })).status, "done");
    const { files } = await loadChampion(context.store, "churn");
    assert.deepEqual(files, before.files, "and gives the same bytes");
  });

  await t.step(
    "the model card tells data, metrics with intervals, features, limits and lineage",
    async () => {
      const card = await models(context, "card", "churn");
      const again = await models(context, "card", "churn");
      assert.equal(card, again);
      const { card: { version, metrics } } = await loadChampion(context.store, "churn");
      assert.match(card, new RegExp(`^# Model card: churn ${version}\n`));
      for (
        const part of [
          "What it is for",
          "Data",
          "Quality",
          "Calibration",
          "Features",
          "Limits",
          "Where it came from",
        ]
      ) {
        assert.ok(card.includes(`\n## ${part}\n`), part);
      }
      const auc = metrics.auc!.toFixed(4);
      assert.match(card, new RegExp(`\\| auc \\| ${auc} \\| 0\\.\\d{4} to 0\\.\\d{4} \\| 0\\.\\d{4} \\|`));
      assert.match(card, new RegExp(`Trained on snapshot \`${lake.snapshot}\``));
      assert.match(
        card,
        /^\| `relative_recency` \| Days since the last order \/ usual gap \| \S.* \| 0\.\d{3} \| \d+ % \|$/m,
      );
    },
  );

  await t.step("scores are those of the contract, for every customer of the population", async () => {
    const { status, summary } = await scoreChurn(context);
    assert.equal(status, "done");
    assert.match(summary, /\d+ customers as of 2025-01-01; \d+ without an order in the last 365 days/);
    const scores = await requireScores(context.store, "churn");
    assert.equal(scores.asOf, "2025-01-01");
    using session = await openSession();
    const file = sqlString(await context.store.localPath(scores.key));
    const columns = await session.rows(`DESCRIBE FROM read_parquet(${file})`);
    assert.deepEqual(columns.map((row) => [row.column_name, row.column_type]), [
      ["customer_id", "VARCHAR"],
      ["as_of", "DATE"],
      ["horizon_days", "INTEGER"],
      ["churn_probability", "DOUBLE"],
      ["reasons", "VARCHAR"],
      ...CUSTOMER_FEATURES.features.map(({ name }) => [name, "DOUBLE"]),
    ]);
    const rows = await session.rows(`FROM read_parquet(${file})`);
    assert.equal(rows.length, scores.rows);
    assert.equal(new Set(rows.map((row) => row.customer_id)).size, rows.length);
    const { files } = await loadChampion(context.store, "churn");
    const features = Object.fromEntries(
      CUSTOMER_FEATURES.features.map(({ name }) => [name, rows[0]![name] as number]),
    );
    const { probability, reasons } = loadChurnModel(files).predict(features);
    assert.equal(rows[0]!.churn_probability, probability);
    assert.deepEqual(JSON.parse(rows[0]!.reasons as string) as Reason[], reasons);
  });

  await t.step("scoring again is unchanged", async () => {
    assert.equal((await scoreChurn(context)).status, "unchanged");
  });

  await t.step("a model file or score file that was lost is made again", async () => {
    const { store } = context;
    const { card, files } = await loadChampion(store, "churn");
    for (const file of ["card.json", ...Object.keys(files)]) {
      await store.delete(`models/churn/${card.version}/${file}`);
      assert.equal((await trainChurn(context)).status, "done", file);
    }
    assert.deepEqual((await loadChampion(store, "churn")).files, files);
    const { key } = await requireScores(store, "churn");
    await store.delete(key);
    assert.equal((await scoreChurn(context)).status, "done");
    assert.ok(await store.stat(key));
  });
});

Deno.test("a shop with a year of orders and nothing else is trained and scored", async () => {
  await using lake = await createChurnLake({ customers: 500, days: 374, ordersOnly: true });
  assert.equal((await trainChurn(lake.context)).status, "done");
  assert.equal((await scoreChurn(lake.context)).status, "done");
});
