import assert from "node:assert/strict";
import type { Run } from "shopflow/jobs/mod.ts";
import { saveDefinitions } from "shopflow/jobs/ledger/mod.ts";
import { createClient, NOW, type Problem } from "../api_client.ts";
import { temporaryLake } from "../small_lake.ts";
import { fillLedger, putRun, QUEUED_RUN, saveSmallSchedule, SMALL_SCHEDULE } from "../small_schedule.ts";

const ENDED: Run = {
  ...QUEUED_RUN,
  scheduledFor: "2024-10-02T04:05:00.000Z",
  status: "failed",
  reason: "exit code 7",
  endedAt: "2024-10-02T04:06:00.000Z",
};
const REMOVED_AT = "2024-10-02T05:30:00.000Z";

/** A lake whose first job, which has a history, was removed. */
async function withoutFirstJob() {
  const lake = await temporaryLake();
  await saveSmallSchedule(lake.store, NOW);
  await fillLedger(lake.store, NOW, 3);
  await putRun(lake.store, ENDED);
  await putRun(lake.store, QUEUED_RUN);
  const { jobs, pools } = SMALL_SCHEDULE;
  await saveDefinitions(lake.store, { jobs: jobs.slice(1), pools }, new Date(REMOVED_AT));
  return lake;
}

Deno.test("a removed job has its own place on the page of jobs, and its failures are still told", async () => {
  await using lake = await withoutFirstJob();
  const page = await (await createClient(lake.store).get("/jobs")).text();
  const [before, after] = page.split("Removed jobs");
  assert.doesNotMatch(before!, /<h3><a href="\/jobs\/refresh-data"/);
  assert.match(
    after!,
    /<h3><a href="\/jobs\/refresh-data".*<span class="tag" title="[^"]*2 October 2024, 05:30 UTC">removed/s,
  );
  assert.match(after!, /never: the job was removed 30 minutes ago/);
  assert.match(before!, /exit code 7/);
});

Deno.test("the page of a removed job shows its history and rules, and no button", async () => {
  await using lake = await withoutFirstJob();
  const { get } = createClient(lake.store, { operatorKey: "o" });
  const page = await (await get("/jobs/refresh-data")).text();
  assert.match(page, /<strong>Removed<\/strong> on Wed 2 Oct, 05:30/);
  assert.match(page, /Runs of the last five weeks/);
  assert.match(page, /Last 50 runs/);
  assert.doesNotMatch(page, /Run now|Backfill|Due next/);
  const run = (scheduledFor: string) =>
    get(`/jobs/refresh-data/runs/${scheduledFor}`).then((answer) => answer.text());
  assert.match(await run("2024-10-02T04:05Z"), /cannot be run again: the job was removed/);
  assert.match(await run("2024-10-02T05:05Z"), /runs\/2024-10-02T05:05Z\/cancel/);
});

Deno.test("the API lists removed jobs last, tells their runs, lets them be cancelled and nothing else", async () => {
  await using lake = await withoutFirstJob();
  const { get, post } = createClient(lake.store, { operatorKey: "o" });
  const key = { "x-operator-key": "o" };
  const { jobs } = await (await get("/api/jobs")).json();
  assert.deepEqual(
    [jobs.length, jobs[0].removed_at, jobs.at(-1).name, jobs.at(-1).removed_at, jobs.at(-1).next_due],
    [6, null, "refresh-data", REMOVED_AT, null],
  );
  const { runs } = await (await get("/api/jobs/refresh-data/runs")).json();
  assert.ok(runs.length > 50);
  for (
    const [path, body] of [["runs", {}], ["pause", {}], ["backfill", {
      from: "2024-10-01",
      to: "2024-10-02",
    }]] as const
  ) {
    const answer = await post(`/api/jobs/refresh-data/${path}`, body, key);
    assert.equal(answer.status, 409, path);
    const { error } = await answer.json() as Problem;
    assert.equal(error.message, "The job refresh-data was removed");
    assert.match(error.found!, /2024-10-02T05:30Z/);
  }
  const cancelled = await post("/api/jobs/refresh-data/runs/2024-10-02T05:05Z/cancel", {}, key);
  assert.equal((await cancelled.json()).status, "cancelled");
});
