import assert from "node:assert/strict";
import { createClient, NOW, type Problem } from "../api_client.ts";
import { temporaryLake } from "../small_lake.ts";
import { fillLedger, liveScheduler, saveSmallSchedule } from "../small_schedule.ts";

Deno.test("/metrics tells Prometheus of every job and of the schedulers", async () => {
  await using lake = await temporaryLake();
  await saveSmallSchedule(lake.store, NOW);
  await fillLedger(lake.store, NOW, 3);
  await liveScheduler(lake.store, NOW);
  const answer = await createClient(lake.store).get("/metrics");
  assert.match(answer.headers.get("content-type")!, /^text\/plain; version=0\.0\.4/);
  const text = await answer.text();
  for (const job of ["refresh-data", "watch-stock", "check-data"]) {
    const line = new RegExp(`^shopflow_job_slots_total\\{job="${job}",status="succeeded"\\} [1-9]\\d*$`, "m");
    assert.match(text, line);
  }
  assert.match(text, /schedulers\w* 1\n/);
});

Deno.test("/metrics answers where no scheduler ran yet", async () => {
  await using lake = await temporaryLake();
  const answer = await createClient(lake.store).get("/metrics");
  assert.equal(answer.status, 200);
  assert.match(await answer.text(), /schedulers\w* 0\n/);
});

Deno.test("with an API key /metrics needs it, as a bearer token as Prometheus sends it", async () => {
  await using lake = await temporaryLake();
  const { get } = createClient(lake.store, { apiKey: "right" });
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
  assert.equal((await get("/metrics")).status, 401);
  assert.equal((await get("/metrics", bearer("wrong"))).status, 401);
  assert.equal((await get("/metrics", bearer("right"))).status, 200);
  assert.equal((await get("/metrics", { "x-api-key": "right" })).status, 200);
});

Deno.test("/metrics of a ledger that cannot be read is no half truth", async () => {
  await using lake = await temporaryLake();
  await saveSmallSchedule(lake.store, NOW);
  await lake.store.put("runs/jobs/refresh-data/slots/2024-10-01.json", new TextEncoder().encode("{"));
  const { get, log } = createClient(lake.store);
  const answer = await get("/metrics");
  assert.equal(answer.status, 503);
  assert.equal((await answer.json() as Problem).error.code, "not_readable");
  assert.match(log.join("\n"), /2024-10-01\.json/);
});
