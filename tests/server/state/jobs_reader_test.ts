import assert from "node:assert/strict";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { openLedger } from "shopflow/jobs/ledger/mod.ts";
import { pauseJob } from "shopflow/jobs/requests/mod.ts";
import { createLogger } from "shopflow/runtime/mod.ts";
import { createJobsReader } from "../../../server/state/jobs_reader.ts";
import { temporaryLake } from "../small_lake.ts";
import { fillLedger, putRun, QUEUED_RUN, saveSmallSchedule } from "../small_schedule.ts";

const NOW = new Date("2024-10-02T06:00:00Z");

/** A store that counts what is read from it. */
function counted(store: ObjectStore) {
  const counts = { get: 0, list: 0 };
  const counting: ObjectStore = {
    ...store,
    get: (key) => (counts.get++, store.get(key)),
    // As on a lake that is in use for long: nothing was written just now.
    list: async (prefix) => {
      counts.list++;
      return (await store.list(prefix)).map((stat) => ({ ...stat, modified: new Date("2024-10-02T00:00Z") }));
    },
  };
  return { store: counting, counts };
}

const board = (store: ObjectStore, pollMs: number) =>
  createJobsReader(store, { now: () => NOW, log: createLogger(() => {}) }, { pollMs });

Deno.test("a second look at 6 jobs over 40 days reads none of the pages that did not change", async () => {
  await using lake = await temporaryLake();
  await saveSmallSchedule(lake.store, NOW);
  await fillLedger(lake.store, NOW, 40);
  const { store, counts } = counted(lake.store);
  const { overview } = board(store, 0);
  const first = await overview();
  assert.ok(counts.get > 60, "the first look reads days");
  counts.get = counts.list = 0;
  assert.deepEqual(await overview(), first);
  assert.equal(counts.get, 1 + 6, "definitions, and the control of each job");
  assert.equal(counts.list, 1 + 6, "schedulers, and the pages of each job");
});

Deno.test("looks within a moment are one look, and a change made here is seen at once", async () => {
  await using lake = await temporaryLake();
  await saveSmallSchedule(lake.store, NOW);
  const { store, counts } = counted(lake.store);
  const { overview, history, invalidate } = board(store, 60_000);
  await Promise.all([overview(), overview(), overview()]);
  const once = counts.list;
  await overview();
  assert.equal(counts.list, once);
  await pauseJob(openLedger(lake.store, () => NOW), "refresh-data", { by: "anna", at: NOW.toISOString() });
  assert.equal((await overview()).jobs[0]!.paused, undefined);
  invalidate();
  assert.equal((await overview()).jobs[0]!.paused?.by, "anna");
  assert.equal((await history("refresh-data"))?.paused?.by, "anna");
});

Deno.test("what others write is seen when the time for a new look has come", async () => {
  await using lake = await temporaryLake();
  await saveSmallSchedule(lake.store, NOW);
  const { overview } = board(lake.store, 0);
  const statuses = async () => (await overview()).jobs[0]!.runs.map(({ status }) => status);
  assert.deepEqual(await statuses(), []);
  await putRun(lake.store, QUEUED_RUN);
  assert.deepEqual(await statuses(), ["queued"]);
  await putRun(lake.store, { ...QUEUED_RUN, status: "skipped", endedAt: QUEUED_RUN.scheduledFor });
  assert.deepEqual(await statuses(), ["skipped"]);
});

Deno.test("of a weekly job more days are read than of an hourly one", async () => {
  await using lake = await temporaryLake();
  await saveSmallSchedule(lake.store, NOW);
  await fillLedger(lake.store, NOW, 100);
  const { jobs } = await board(lake.store, 0).overview();
  const runsOf = (name: string) => jobs.find(({ job }) => job.name === name)!.runs.length;
  assert.equal(runsOf("weekly-reports"), 14, "all there are");
  assert.ok(runsOf("refresh-data") < 20 * 24);
});

Deno.test("there is no history of a job that does not exist", async () => {
  await using lake = await temporaryLake();
  assert.equal(await board(lake.store, 0).history("refresh-data"), undefined);
});
