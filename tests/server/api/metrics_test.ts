import assert from "node:assert/strict";
import { LakeError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
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
    const line = new RegExp(`^shopflow_job_runs_total\\{job="${job}",status="succeeded"\\} [1-9]\\d*$`, "m");
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
  await fillLedger(lake.store, NOW, 3);
  const store: ObjectStore = {
    ...lake.store,
    get: (key) =>
      key.endsWith("2024-10-01.json")
        ? Promise.reject(new LakeError(`Cannot read ${key}`, { found: "no answer" }))
        : lake.store.get(key),
  };
  const { get, log } = createClient(store);
  const answer = await get("/metrics");
  assert.equal(answer.status, 503);
  assert.equal((await answer.json() as Problem).error.code, "not_readable");
  assert.match(log.join("\n"), /2024-10-01\.json/);
});

Deno.test("/metrics leaves out what is damaged in the ledger, counts it, and the log says what to do", async () => {
  await using lake = await temporaryLake();
  await saveSmallSchedule(lake.store, NOW);
  await fillLedger(lake.store, NOW, 3);
  const { get, log } = createClient(lake.store);
  const value = async (name: string, labels: string) => {
    const answer = await get("/metrics");
    assert.equal(answer.status, 200);
    const [, found] = (await answer.text()).match(
      new RegExp(`^shopflow_${name}\\{${labels}\\} (\\d+)$`, "m"),
    )!;
    return Number(found);
  };
  const succeeded = () => value("job_runs_total", 'job="refresh-data",status="succeeded"');
  const unreadable = (job: string) => value("ledger_unreadable_pages", `job="${job}"`);
  const before = await succeeded();
  assert.equal(await unreadable("refresh-data"), 0);
  const page = "runs/jobs/refresh-data/pages/2024-10-01.json";
  const damage = (key: string, text: string) => lake.store.put(key, new TextEncoder().encode(text));
  const whole = (await lake.store.get(page))!.body;
  await damage(page, "{");
  await damage("runs/jobs/watch-stock/pages/2024-10-01.json", '{"runs": {"x": 7}}');
  await damage("runs/jobs/train-models/control.json", "");
  await damage("runs/jobs/train-models/alerts.json", "[");
  assert.equal(await succeeded(), before, "a counter that was seen does not fall");
  assert.equal(await unreadable("refresh-data"), 1);
  assert.equal(await unreadable("watch-stock"), 1);
  assert.equal(await unreadable("train-models"), 2);
  assert.equal(await unreadable("check-data"), 0);
  const said = log.filter((line) => line.includes(page));
  assert.equal(said.length, 1, "once, as long as it lasts");
  assert.match(said[0]!, /is damaged, and metrics leave it out: .*Restore it from a backup, or delete it/);

  const { get: fresh } = createClient(lake.store);
  const others = await (await fresh("/metrics")).text();
  const [, rest] = others.match(
    /^shopflow_job_runs_total\{job="refresh-data",status="succeeded"\} (\d+)$/m,
  )!;
  assert.ok(Number(rest) > 0 && Number(rest) < before, "a server that never saw it tells of the other days");
  await lake.store.put(page, whole);
  assert.equal(await unreadable("refresh-data"), 0);
  assert.equal(await succeeded(), before);
});
