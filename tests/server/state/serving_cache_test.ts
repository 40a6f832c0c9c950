import assert from "node:assert/strict";
import { publishSnapshot, readManifest } from "shopflow/lake/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { createLogger, createRuntime } from "shopflow/runtime/mod.ts";
import { churnModel } from "shopflow/churn/mod.ts";
import { recommendationModel } from "shopflow/recommendation/mod.ts";
import { servedBy } from "../../../server/state/serving.ts";
import { createServingCache } from "../../../server/state/serving_cache.ts";
import { until } from "../../fixtures/process_state.ts";
import { createClient } from "../api_client.ts";
import {
  publishChurnScores,
  publishInventoryPlan,
  publishRecommendations,
  publishSmallSnapshot,
  publishWholeLake,
  temporaryLake,
} from "../small_lake.ts";

const NEVER_LATE = { pollMs: 0, staleWhileLoadingMs: 60_000 };

Deno.test("new scores and a new snapshot are served without a restart", async () => {
  await using lake = await temporaryLake();
  const { post, get } = createClient(lake.store, NEVER_LATE);
  const ask = async () => await (await post("/predict/churn", { customer_id: "CUST000001" })).json();
  assert.equal((await ask()).error.code, "not_ready");
  await publishSmallSnapshot(lake.store);
  await publishChurnScores(lake.store, { modelVersion: "v1", highestRisk: 0.6 });
  const before = await ask();
  assert.deepEqual([before.model_version, before.churn_probability], ["v1", 0.6]);
  await publishChurnScores(lake.store, { modelVersion: "v2", highestRisk: 0.8 });
  const after = await ask();
  assert.deepEqual([after.model_version, after.churn_probability], ["v2", 0.8]);

  const { snapshot } = await (await get("/health")).json();
  await publishSmallSnapshot(lake.store, { customers: 9, products: 9 });
  assert.notEqual((await (await get("/health")).json()).snapshot.id, snapshot.id);
});

Deno.test("a state that a request holds does not change when something is published", async () => {
  await using lake = await temporaryLake();
  await publishChurnScores(lake.store, { modelVersion: "v1", highestRisk: 0.6 });
  const cache = createServingCache(lake.store, createRuntime(), NEVER_LATE);
  const held = await cache.current();
  await publishChurnScores(lake.store, { modelVersion: "v2", highestRisk: 0.8 });
  assert.equal(servedBy(await cache.current(), churnModel).scores?.table.modelVersion, "v2");
  const { scores } = servedBy(held, churnModel);
  assert.equal(scores?.table.modelVersion, "v1");
  assert.equal(scores?.rows.of("CUST000001")?.probability, 0.6);
});

Deno.test("the pointers are not read again before the time is over", async () => {
  await using lake = await temporaryLake();
  let reads = 0;
  const counting: ObjectStore = { ...lake.store, get: (key) => (reads++, lake.store.get(key)) };
  const cache = createServingCache(counting, createRuntime(), { pollMs: 60_000 });
  await cache.current();
  const afterFirst = reads;
  await Promise.all(Array.from({ length: 50 }, () => cache.current()));
  assert.ok(afterFirst > 0);
  assert.equal(reads, afterFirst);
});

Deno.test("while new scores load, requests are answered from the previous ones", async () => {
  await using lake = await temporaryLake();
  await publishChurnScores(lake.store, { modelVersion: "v1" });
  const loading = Promise.withResolvers<void>();
  let slow = false;
  const store: ObjectStore = {
    ...lake.store,
    async localPath(key) {
      if (slow) await loading.promise;
      return await lake.store.localPath(key);
    },
  };
  const cache = createServingCache(store, createRuntime(), { pollMs: 0, staleWhileLoadingMs: 5 });
  const version = async () => servedBy(await cache.current(), churnModel).scores?.table.modelVersion;
  assert.equal(await version(), "v1");
  slow = true;
  await publishChurnScores(lake.store, { modelVersion: "v2" });
  assert.equal(await version(), "v1");
  loading.resolve();
  await until(async () => await version() === "v2");
});

Deno.test("scores that cannot be loaded leave the previous ones in place and health degraded", async () => {
  await using lake = await temporaryLake();
  await publishSmallSnapshot(lake.store);
  await publishChurnScores(lake.store, { modelVersion: "v1" });
  const { post, get, log } = createClient(lake.store, NEVER_LATE);
  await get("/health");
  const pointer = "scores/churn/current.json";
  const good = (await lake.store.get(pointer))!.body;
  await lake.store.put(pointer, new TextEncoder().encode("{ half"));
  for (let i = 0; i < 3; i++) {
    const { status, failed } = await (await get("/health")).json();
    assert.deepEqual([status, failed], ["degraded", ["scores.churn"]]);
  }
  assert.equal((await post("/predict/churn", { customer_id: "CUST000001" })).status, 200);
  assert.equal(log.filter((line) => line.includes("could not load scores.churn")).length, 1, "said once");
  await lake.store.put(pointer, good);
  assert.equal((await (await get("/health")).json()).status, "ok");
});

Deno.test("a score table of many slices is read whole and in order", async () => {
  await using lake = await temporaryLake();
  const size = { customers: 3000, products: 50 };
  await publishRecommendations(lake.store, size, 20);
  await publishChurnScores(lake.store, { customers: 25_000 });
  const cache = createServingCache(lake.store, createRuntime({ log: createLogger(() => {}) }));
  const state = await cache.current();
  const recommendations = servedBy(state, recommendationModel).scores!.rows;
  const churn = servedBy(state, churnModel).scores!.rows;
  for (const customer of [1, 1500, 3000]) {
    const items = recommendations.of(`CUST${String(customer).padStart(6, "0")}`, 20)!;
    const expected = Array.from({ length: 20 }, (_, i) => (customer * 7 + i + 1) % size.products + 1);
    assert.deepEqual(items.map(({ productId }) => Number(productId.slice(4))), expected);
    assert.deepEqual(items.map(({ because }) => because !== null), [true, ...Array(19).fill(false)]);
  }
  assert.equal(churn.of("CUST025000")!.probability, 0.9 / 25_000);
  assert.equal(churn.of("CUST025001"), undefined);
});

Deno.test("score tables without rows, as of a shop without inventory, are served as empty", async () => {
  await using lake = await temporaryLake();
  await publishSmallSnapshot(lake.store);
  await publishChurnScores(lake.store, { customers: 0 });
  await publishRecommendations(lake.store, { customers: 0, products: 4 });
  await publishInventoryPlan(lake.store, 0);
  const { get, post } = createClient(lake.store);
  assert.equal((await (await get("/health")).json()).status, "ok");
  assert.deepEqual((await (await get("/inventory/PROD00001")).json()).plan, []);
  assert.equal((await post("/predict/churn", { customer_id: "CUST000001" })).status, 404);
  assert.equal((await get("/recommend/CUST000001")).status, 503, "there is no model to name best sellers");
  assert.equal((await get("/reports")).status, 200);
});

Deno.test("a missing file of a table that the server does not answer from is nothing to it", async () => {
  await using lake = await temporaryLake();
  const { store } = lake;
  await publishWholeLake(store);
  const { tables } = await readManifest(store);
  const gone = { key: "curated/fact_events/gone.parquet", rows: 1, size: 10, sha256: "0".repeat(64) };
  await store.put(gone.key, new Uint8Array(gone.size));
  const fact_events = { columns: [], rows: 1, files: [gone] };
  const snapshot = { codeVersion: "test", inputs: {}, tables: { ...tables, fact_events } };
  const { id } = await publishSnapshot(store, snapshot, new Date("2024-10-02T05:00:00Z"));
  await store.delete(gone.key);
  const { get, log } = createClient(store);
  const health = await (await get("/health")).json();
  assert.deepEqual([health.status, health.snapshot.id], ["ok", id]);
  assert.equal((await (await get("/inventory/PROD00001")).json()).product_name, "Product 1");
  assert.doesNotMatch(log.join("\n"), /fact_events/);
});
