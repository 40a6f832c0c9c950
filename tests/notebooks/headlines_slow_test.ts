/** Every headline of every notebook is what SQL of its own finds in the shop's tables: on the demo and on a real shop. */
import { loadConfig } from "shopflow/config/mod.ts";
import type { Notebook } from "../../lib/notebook/format/nbformat.ts";
import { runMetrics } from "../../lib/notebook/run/metrics.ts";
import { runNotebook } from "shopflow/notebook/run/mod.ts";
import { MODELS } from "shopflow/models/mod.ts";
import { requireScores, scoresPath } from "shopflow/ml/registry/mod.ts";
import { createLogger, createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { importOnlineRetail } from "shopflow/sources/online_retail/mod.ts";
import { openSnapshot, sqlString } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { simulateIntoSources } from "../../pipelines/commands/simulate.ts";
import { createContext, type PipelineContext } from "../../pipelines/context.ts";
import { extract } from "../../pipelines/steps/extract/extract.ts";
import { scoreModels } from "../../pipelines/steps/score/score.ts";
import { trainModels } from "../../pipelines/steps/train/train.ts";
import { transform } from "../../pipelines/steps/transform.ts";
import { TEST_DATASETS, testWith } from "../requirements.ts";
import {
  churnHeadlines,
  dataQualityHeadlines,
  executiveHeadlines,
  type Expected,
  type ExpectedOptions,
  inventoryHeadlines,
  lifetimeValueHeadlines,
  recommendationHeadlines,
} from "./expected_headlines.ts";
import { journeyHeadlines, segmentsHeadlines } from "./expected_customers.ts";
import { monitoringHeadlines } from "./expected_monitoring.ts";

const NOTEBOOKS: Record<string, (options: ExpectedOptions) => Promise<Expected>> = {
  executive: executiveHeadlines,
  churn: churnHeadlines,
  recommendation: recommendationHeadlines,
  inventory: inventoryHeadlines,
  lifetime_value: lifetimeValueHeadlines,
  data_quality: dataQualityHeadlines,
  model_monitoring: monitoringHeadlines,
  segments: segmentsHeadlines,
  customer_journey: journeyHeadlines,
};

/** Another company's money and aims, which no page of a shop may show that did not set them. */
const FOUNDING_CLAIMS = /2,000,000|800,000|200,000|1,333,333|baseline \d|target|\$\d|as the business has it/;

interface ShownShop extends Pick<ExpectedOptions, "currency" | "baselines"> {
  load: (context: PipelineContext) => Promise<unknown>;
  /** What must not be on any page. */
  never?: RegExp;
}

/** What people read beside charts: sentences, tables and metrics. */
function textsOf({ cells }: Notebook): string {
  const outputs = cells.flatMap((cell) => cell.cell_type === "code" ? cell.outputs : []);
  const texts = outputs.flatMap((output) =>
    "data" in output && output.data["image/svg+xml"] === undefined
      ? [output.data["text/markdown"], output.data["text/html"]]
      : []
  );
  return texts.filter((text) => text !== undefined).join("\n");
}

async function checkHeadlines(
  t: Deno.TestContext,
  { load, currency, baselines, never }: ShownShop,
): Promise<void> {
  const home = await Deno.makeTempDir({ prefix: "shopflow_headlines_" });
  try {
    const runtime = createRuntime({ log: createLogger(() => {}), progress: silentProgress });
    const context = createContext(loadConfig({ SHOPFLOW_HOME: home }), runtime);
    await load(context);
    for (const pipeline of [extract, transform, trainModels(), scoreModels()]) await pipeline(context);
    const { store } = context;
    using session = await openSnapshot(store);
    for (const name of MODELS.map(({ scoreTable }) => scoreTable.name)) {
      const path = await scoresPath(store, await requireScores(store, name));
      await session.run(`CREATE VIEW scores_${name} AS SELECT * FROM read_parquet(${sqlString(path)})`);
    }
    for (const [name, expect] of Object.entries(NOTEBOOKS)) {
      await t.step(`headlines of ${name}`, async () => {
        const path = join(import.meta.dirname!, "..", "..", "notebooks", `${name}.ipynb`);
        const run = await runNotebook(path, context, { check: false });
        assert.equal(run.record.status, "succeeded", JSON.stringify(run.record.failure));
        const shown = runMetrics(run.notebook);
        const expected = await expect({ session, store, currency, baselines });
        for (const [headline, { value, note }] of Object.entries(expected)) {
          assert.equal(shown[headline]?.value, value, headline);
          if (note === undefined) continue;
          assert.ok(
            shown[headline]?.note?.includes(note),
            `${headline}: ${note} in ${shown[headline]?.note}`,
          );
        }
        const others = name === "churn"
          ? /^(contacted|expected to be kept|margin gained|discounts for nothing|expected value|pays above a risk of)$/
          : /^$/;
        const unchecked = Object.keys(shown).filter((headline) =>
          !(headline in expected) && !others.test(headline)
        );
        assert.deepEqual(unchecked, [], "every headline is recomputed");
        const outputs = textsOf(run.notebook);
        assert.doesNotMatch(outputs, /NaN|undefined|Infinity/);
        if (never) assert.doesNotMatch(outputs, never);
      });
    }
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

Deno.test("the demo's headlines are recomputed by SQL", (t) =>
  checkHeadlines(t, {
    load: (context) =>
      simulateIntoSources(context, { customers: 1500, products: 80, seed: 7, until: "2026-06-30" }),
    currency: "$",
    baselines: { lapsed: 0.15, carts: 0.68, outOfStock: 0.2, overstocked: 0.3 },
  }));

testWith(
  ["datasets"],
  "the headlines of a real shop are recomputed by SQL, and claim nothing of another's",
  (t) =>
    checkHeadlines(t, {
      async load(context) {
        await importOnlineRetail(context, {
          from: [join(TEST_DATASETS, "online_retail", "online_retail.csv.gz")],
          replace: false,
        });
        await Deno.writeTextFile(join(context.config.home, "business.json"), '{ "currency": "GBP" }');
      },
      currency: "£",
      baselines: {},
      never: FOUNDING_CLAIMS,
    }),
);
