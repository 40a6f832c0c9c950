/** The whole path on a lake in S3, on a good day and on a bad one; for worse ones see crash_safety_s3_slow_test.ts. */
import { loadConfig } from "shopflow/config/mod.ts";
import { currentSnapshotId, readManifest } from "shopflow/lake/mod.ts";
import { createS3Store } from "../../lib/lake/store/s3/s3_store.ts";
import { listReports, readReport } from "shopflow/notebook/report/mod.ts";
import { createLogger, createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { openSnapshot } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { createContext, type PipelineContext } from "../../pipelines/context.ts";
import { extract } from "../../pipelines/steps/extract/extract.ts";
import { publish } from "../../pipelines/steps/publish/publish.ts";
import { scoreModels } from "../../pipelines/steps/score/score.ts";
import { simulateIntoSources } from "../../pipelines/commands/simulate.ts";
import { trainModels } from "../../pipelines/steps/train/train.ts";
import { transform } from "../../pipelines/steps/transform.ts";
import { createApp } from "../../server/app.ts";
import { startFaultyProxy } from "../fixtures/faulty_proxy.ts";
import { reportNotebooks } from "../fixtures/report_notebooks.ts";
import { slowAndFaulty } from "../fixtures/s3_faults.ts";
import { type S3Lake, withS3Lake } from "../fixtures/s3_lake.ts";
import { testWith } from "../requirements.ts";

const runtime = createRuntime({
  now: () => new Date("2026-01-01"),
  progress: silentProgress,
  log: createLogger(() => {}),
});
const S3_SERVER = Deno.env.get("AWS_ENDPOINT_URL_S3") || Deno.env.get("AWS_ENDPOINT_URL") || "";

/** A simulated shop in embedded databases, and its pipelines on the lake. */
async function simulatedShop(lake: S3Lake, customers: number): Promise<PipelineContext> {
  const config = loadConfig({ SHOPFLOW_HOME: lake.home, SHOPFLOW_LAKE: lake.url });
  const context = createContext(config, runtime);
  await simulateIntoSources(context, { customers, products: 80, seed: 7, until: "2024-06-30" });
  return context;
}

testWith(
  ["s3"],
  "a shop goes from its sources to reports and scores with the lake in S3",
  () =>
    withS3Lake(async (lake) => {
      const context = await simulatedShop(lake, 1200);
      const pipelines = { extract, transform, train: trainModels(), score: scoreModels(), publish };
      for (const pipeline of Object.values(pipelines)) await pipeline(context);
      const reports = await listReports(context.store);
      assert.deepEqual(reports.map(({ status }) => status), reportNotebooks().map(() => "succeeded"));
      assert.match((await readReport(context.store, "churn"))!.html, /<svg/);

      // Another machine, which has nothing of the lake yet.
      const cache = { folder: join(lake.home, "server_cache"), maxBytes: 2 ** 30 };
      const app = createApp({ store: createS3Store(lake.url, { env: Deno.env.toObject(), cache }), runtime });
      const health = await (await app.request("/health")).json();
      assert.equal(health.snapshot.id, await currentSnapshotId(context.store));
      using snapshot = await openSnapshot(context.store);
      const [customer] = await snapshot.rows(
        "SELECT customer_id FROM fact_orders WHERE customer_id <> 'UNKNOWN' ORDER BY order_date DESC LIMIT 1",
      );
      const answer = await app.request("/predict/churn", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ customer_id: customer!.customer_id }),
      });
      assert.equal(answer.status, 200, await answer.clone().text());
      assert.equal((await app.request("/reports")).status, 200);

      for (const [name, pipeline] of Object.entries(pipelines)) {
        assert.equal((await pipeline(context)).status, "unchanged", name);
      }
    }),
);

/** Runs extract and transform of the same rows on two lakes and compares what they publish. */
async function sameSnapshot(lake: S3Lake, context: PipelineContext, disturbedUrl: string): Promise<void> {
  const disturbed = {
    ...context,
    store: createS3Store(`${lake.url}/disturbed`, {
      env: { ...Deno.env.toObject(), AWS_ENDPOINT_URL_S3: "", AWS_ENDPOINT_URL: disturbedUrl },
      cache: { folder: join(lake.home, "disturbed_cache"), maxBytes: 2 ** 30 },
      retry: { firstDelayMs: 20 },
      partBytes: 5 << 20,
    }),
  };
  for (const pipeline of [extract, transform]) await pipeline(disturbed);
  for (const pipeline of [extract, transform]) await pipeline(context);
  const [found, expected] = await Promise.all(
    [disturbed, context].map(async ({ store }) => (await readManifest(store)).tables),
  );
  assert.deepEqual(found, expected);
  const undisturbed = lake.client({ cache: { folder: join(lake.home, "fresh"), maxBytes: 2 ** 30 } });
  for (const table of Object.values(found!)) {
    for (const { key, size } of table.files) {
      assert.equal((await undisturbed.stat(`disturbed/${key}`))?.size, size, key);
    }
  }
}

testWith(
  ["s3"],
  "with a server that fails every third request and is slow the same snapshot comes out",
  () =>
    withS3Lake(async (lake) => {
      const proxy = startFaultyProxy(S3_SERVER, slowAndFaulty(3));
      try {
        await sameSnapshot(lake, await simulatedShop(lake, 100), proxy.url);
        assert.ok(proxy.faults > 10, `${proxy.faults} faults`);
      } finally {
        await proxy.close();
      }
    }),
);
