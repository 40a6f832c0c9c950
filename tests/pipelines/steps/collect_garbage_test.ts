import type { Run } from "shopflow/jobs/mod.ts";
import { openLedger } from "shopflow/jobs/ledger/mod.ts";
import { encodeJson } from "shopflow/lake/store/mod.ts";
import { listSnapshots } from "shopflow/lake/mod.ts";
import { makeWorkingFolder, workingFolders } from "shopflow/runtime/mod.ts";
import { openSnapshot, quarantinedRuns } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import { collectGarbage } from "../../../pipelines/steps/collect_garbage.ts";
import type { PipelineContext } from "../../../pipelines/context.ts";
import { openCuratedShop } from "../../fixtures/curated_shop.ts";
import { publishSession } from "../../fixtures/publish_session.ts";
import { withLake } from "../built_shop.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** The context so many days from now: what a test writes has the time of the system's clock. */
const inDays = (context: PipelineContext, days: number): PipelineContext => ({
  ...context,
  runtime: { ...context.runtime, now: () => new Date(Date.now() + days * DAY_MS) },
});

const runAt = (scheduledFor: string): Run => ({
  job: "refresh-data",
  scheduledFor,
  trigger: "schedule",
  dataInterval: { start: scheduledFor, end: scheduledFor },
  status: "queued",
  reason: "ready to start",
  plannedAt: scheduledFor,
  stepsDone: [],
  attempts: [],
});

/** Publishes snapshots that differ by a customer. */
async function publishSnapshots({ store }: PipelineContext, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) {
    using shop = await openCuratedShop({ dim_customers: [[`C${i}`, "UK"]] });
    ids.push(await publishSession(store, shop, ["dim_customers"]));
  }
  return ids;
}

Deno.test("the newest thirty snapshots stay, and older ones go a day later with their files", () =>
  withLake(async (context) => {
    const ids = await publishSnapshots(context, 33);
    assert.match(
      (await collectGarbage(inDays(context, 0.5))).summary,
      /^removed 0 snapshots, 0 files, .*; 33 snapshots kept$/,
    );
    const { status, summary } = await collectGarbage(inDays(context, 2));
    assert.equal(status, "done");
    assert.match(
      summary,
      /^removed [23] snapshots, [23] files, 0 model versions, 0 score tables, 0 unfinished writes, 0 leftover folders, 0 pieces/,
    );
    assert.ok((await listSnapshots(context.store)).length >= 30);
    using current = await openSnapshot(context.store);
    assert.equal(current.manifest.id, ids.at(-1));
    assert.deepEqual(await current.rows("SELECT customer_id FROM dim_customers"), [{ customer_id: "C32" }]);
    assert.equal((await collectGarbage(inDays(context, 2))).status, "unchanged");
  }));

Deno.test("logs and quarantined rows go after ninety days, the ledger of runs and records of other runs stay", () =>
  withLake(async (context) => {
    const { store } = context;
    const log = "runs/jobs/refresh-data/logs/2024-10-02T03-05-00.000Z/1/000001.log";
    const quarantined = "quarantine/20241002T030500000Z/01_orders.parquet";
    const summary = "quarantine/20241002T030500000Z/summary.json";
    const others = [
      "runs/jobs/refresh-data/pages/2024-10-02.json",
      "runs/jobs/refresh-data/control.json",
      "runs/jobs/logs/pages/2024-10-02.json",
      "runs/notebooks/logs/1.json",
    ];
    for (const key of [log, quarantined, ...others]) await store.put(key, encodeJson({}));
    await store.put(
      summary,
      encodeJson({
        run: "20241002T030500000Z",
        createdAt: "2024-10-02T03:05:00.000Z",
        tests: [{ name: "orders", failures: 1, key: quarantined, sha256: "aa", sql: "SELECT 1" }],
      }),
    );
    assert.equal((await collectGarbage(inDays(context, 89))).status, "unchanged");
    assert.ok(await store.stat(log));

    const result = await collectGarbage(inDays(context, 91));
    assert.equal(result.status, "done");
    assert.match(
      result.summary,
      /, 1 piece of logs and 2 files of quarantine older than 90 days: \d+ B; 0 snapshots kept$/,
    );
    for (const key of [log, quarantined, summary]) assert.equal(await store.stat(key), undefined);
    for (const key of others) assert.ok(await store.stat(key), key);
  }));

Deno.test("working folders of killed pipelines go after a day", () =>
  withLake(async (context) => {
    const folder = await makeWorkingFolder("pipeline", workingFolders(context.config.home));
    assert.equal((await collectGarbage(inDays(context, 0.9))).status, "unchanged");
    assert.match((await collectGarbage(inDays(context, 1.1))).summary, /1 leftover folder,/);
    await assert.rejects(Deno.stat(folder), Deno.errors.NotFound);
  }));

Deno.test("what other programs have among logs and quarantine stays, and the summary says where it is", () =>
  withLake(async (context) => {
    const { store } = context;
    await openLedger(store, context.runtime.now).enqueue("refresh-data", [runAt("2024-10-02T03:05:00.000Z")]);
    const foreign = [
      "runs/jobs/refresh-data/logs/notes.txt",
      "runs/jobs/refresh-data/logs/2024-10-02T03-05-00.000Z/1/backup.tar",
      // A job that never ran here.
      "runs/jobs/marathon/logs/2024-10-02T03-05-00.000Z/1/000001.log",
      "quarantine/patients.parquet",
      "quarantine/20241002T030500000Z/01_orders.parquet",
      "quarantine/20241003T030500000Z/summary.json",
      "quarantine/20241004T030500000Z/summary.json",
      "runs/jobs/README.md",
    ];
    const theirs = new TextEncoder().encode('{"runs":{}}');
    for (const key of foreign) await store.put(key, theirs);
    // A summary names only files of its own run.
    await store.put(
      "quarantine/20241003T030500000Z/summary.json",
      encodeJson({
        run: "20241003T030500000Z",
        createdAt: "2024-10-03T03:05:00.000Z",
        tests: [{ name: "x", failures: 1, key: "quarantine/patients.parquet", sha256: "aa", sql: "" }],
      }),
    );
    const { status, summary } = await collectGarbage(inDays(context, 91));
    assert.equal(status, "unchanged", summary);
    for (const key of foreign) assert.ok(await store.stat(key), key);
    assert.match(
      summary,
      /; kept 7 objects that this lake did not write, .*: quarantine\/.*; runs\/jobs\/.* and 2 more in runs\/jobs\/\. Delete/,
    );
    assert.deepEqual(await quarantinedRuns(store), []);
  }));
