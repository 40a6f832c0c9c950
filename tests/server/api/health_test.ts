import assert from "node:assert/strict";
import { createClient, NOW, testApi } from "../api_client.ts";
import { liveScheduler } from "../small_schedule.ts";
import { publishSmallSnapshot, publishWholeLake, temporaryLake } from "../small_lake.ts";

testApi("health tells snapshot, age, model versions with metrics, and score tables", async ({ get }) => {
  const answer = await get("/health");
  assert.equal(answer.status, 200);
  const { status, snapshot, models, scores } = await answer.json();
  assert.equal(status, "ok");
  assert.match(snapshot.id, /^[0-9a-f]{16}$/);
  assert.equal(snapshot.age_seconds, 24 * 3600);
  assert.deepEqual(models.churn.metrics, { auc: 0.8123, log_loss: 0.43, baseline_auc: 0.7012 });
  assert.deepEqual(Object.keys(scores), [
    "churn",
    "recommendations",
    "inventory_plan",
    "lifetime_value",
    "segments",
  ]);
  assert.equal(scores.churn.rows, 4);
});

Deno.test("once no scheduler is running any more, health is degraded and reports say so", async () => {
  await using lake = await temporaryLake();
  const { store } = lake;
  await publishWholeLake(store);
  const { get } = createClient(store);
  const before = await (await get("/health")).json();
  assert.deepEqual([before.status, before.schedulers], [
    "ok",
    { alive: 0, last_heartbeat_at: null, absent_since: null },
  ], "no scheduler ever ran: pipelines are run by hand");
  const last = new Date(NOW.getTime() - 3_600_000);
  await liveScheduler(store, last);
  const { get: later } = createClient(store);
  const after = await (await later("/health")).json();
  assert.deepEqual([after.status, after.schedulers], ["degraded", {
    alive: 0,
    last_heartbeat_at: last.toISOString(),
    absent_since: last.toISOString(),
  }]);
  assert.match(after.remedy, /deno task schedule/);
  assert.match(
    await (await later("/reports")).text(),
    /role="status"[^>]*>No scheduler has been running since 2 October 2024, 05:00 UTC/,
  );
});

Deno.test("without a snapshot the server is unavailable and says what to run", async () => {
  await using lake = await temporaryLake();
  const answer = await createClient(lake.store).get("/health");
  assert.equal(answer.status, 503);
  const { status, snapshot, remedy } = await answer.json();
  assert.deepEqual([status, snapshot], ["unavailable", null]);
  assert.match(remedy, /deno task pipeline run all/);
});

Deno.test("before anything is trained and scored every endpoint answers 503 with the command to run", async () => {
  await using lake = await temporaryLake();
  await publishSmallSnapshot(lake.store);
  const { get, post } = createClient(lake.store);
  const answers = await Promise.all([
    post("/predict/churn", { customer_id: "CUST000001" }),
    post("/predict/churn", { features: { recency_days: 1 } }),
    get("/recommend/CUST000001"),
    get("/inventory/PROD00001"),
  ]);
  for (const answer of answers) {
    assert.equal(answer.status, 503);
    const { error } = await answer.json();
    assert.equal(error.code, "not_ready");
    assert.match(error.remedy, /deno task pipeline run (all|train)/);
  }
});

Deno.test("where the lake is there but not readable, nobody is told to run a pipeline", async () => {
  await using lake = await temporaryLake();
  const broken = new TextEncoder().encode("not JSON");
  const pointers = ["snapshots/current.json", "models/churn/champion.json", "scores/churn/current.json"];
  for (
    const key of [...pointers, "scores/recommendations/current.json", "scores/inventory_plan/current.json"]
  ) {
    await lake.store.put(key, broken);
  }
  const { get, post } = createClient(lake.store);
  const health = await (await get("/health")).json();
  assert.deepEqual([health.status, health.failed.includes("snapshot")], ["unavailable", true]);
  assert.match(health.remedy, /log of this server/);
  const answers = await Promise.all([
    post("/predict/churn", { customer_id: "CUST000001" }),
    post("/predict/churn", { features: { recency_days: 1 } }),
    get("/recommend/CUST000001"),
    get("/inventory/PROD00001"),
  ]);
  for (const answer of answers) {
    assert.equal(answer.status, 503);
    const { error } = await answer.json();
    assert.equal(error.code, "not_readable");
    assert.doesNotMatch(error.remedy, /deno task/);
  }
});
