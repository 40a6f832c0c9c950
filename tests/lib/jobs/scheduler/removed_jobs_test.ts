import assert from "node:assert/strict";
import type { JobSet } from "shopflow/jobs/mod.ts";
import { readDefinitions, saveDefinitions } from "shopflow/jobs/ledger/mod.ts";
import { leaseKey, type SchedulerRecord } from "../../../../lib/jobs/scheduler/lease.ts";
import { encodeJson, readJson } from "shopflow/lake/store/mod.ts";
import { HOUR, jobSet, MINUTE, waitUntilIdle, withWorld, type World } from "../scheduler_fixture.ts";

/** What the lake had, and what it has after `refresh` was renamed to `copy`. */
const OLDER = jobSet([{ overlap: "queue" }, { name: "train" }]);
const NEWER = jobSet([{ name: "copy", overlap: "queue" }, { name: "train" }]);
const PATIENCE = 15 * MINUTE;

/** Starts a scheduler as `deno task schedule` does. */
async function start(world: World, set: JobSet, owner = "here:1") {
  const now = () => new Date(world.clock.now);
  await saveDefinitions(world.store, set, now());
  return await world.scheduler({ ...set, owner });
}

const removed = async ({ store }: World) =>
  (await readDefinitions(store))!.removed.map(({ job }) => job.name);

/** 08:00 runs, 09:00 waits for it; then the only scheduler is stopped. */
async function leaveRunsOpen(world: World) {
  const older = await start(world, OLDER);
  world.pass(30 * MINUTE);
  await older.round();
  world.pass(HOUR);
  await older.round();
  await older.stop(0);
  assert.deepEqual(await world.runs("refresh"), ["08:00 interrupted", "09:00 queued"]);
}

Deno.test("open runs of a job that was removed are ended after a while, with the reason; its history stays", () =>
  withWorld(OLDER, async (world) => {
    await leaveRunsOpen(world);
    const newer = await start(world, NEWER);
    await newer.round(true);
    assert.deepEqual(await removed(world), ["refresh"]);
    assert.deepEqual(await world.runs("refresh"), ["08:00 interrupted", "09:00 queued"], "not at once");
    world.pass(PATIENCE);
    await newer.round(true);
    assert.deepEqual(await world.runs("refresh"), ["08:00 failed", "09:00 skipped"]);
    const [tried, untried] = await world.ledger.runs("refresh", new Date(0), new Date(world.clock.now));
    assert.equal(
      tried!.reason,
      "the job is no longer defined; its last attempt: its scheduler was stopped",
    );
    assert.equal(untried!.reason, "the job is no longer defined");
    assert.equal(untried!.endedAt, new Date(world.clock.now).toISOString());
    assert.match(world.log.join("\n"), /refresh: the job is no longer defined, and all its runs have ended/);
  }));

Deno.test("as long as a scheduler works that knows the job, also one that did not say so, it is left alone", () =>
  withWorld(OLDER, async (world) => {
    const older = await start(world, OLDER, "older:1");
    const newer = await start(world, NEWER, "newer:2");
    world.pass(30 * MINUTE);
    await older.round(true);
    await newer.round(true);
    world.pass(HOUR);
    for (let i = 0; i < 3; i++) {
      await older.round(true);
      await newer.round(true);
    }
    assert.deepEqual(await world.runs("refresh"), ["08:00 running", "09:00 queued"]);
    assert.deepEqual(await world.runs("copy"), ["08:00 running", "09:00 queued"]);
    const run = world.held.find(({ job }) => job.name === "refresh")!;
    await run.finish();
    assert.deepEqual(await world.runs("refresh"), ["08:00 succeeded", "09:00 running"]);

    // A version that was there before schedulers said what they know.
    const records = await world.store.list("leases/schedulers/");
    for (const { key } of records) {
      const { value } = (await readJson<SchedulerRecord>(world.store, key))!;
      if (value.owner !== "older:1") continue;
      const { jobs: _, ...removed } = value;
      await world.store.put(key, encodeJson(removed));
    }
    await newer.round(true);
    assert.deepEqual(await world.runs("refresh"), ["08:00 succeeded", "09:00 running"]);
  }));

Deno.test("a record of a scheduler that cannot be read holds the end of runs up", () =>
  withWorld(OLDER, async (world) => {
    await leaveRunsOpen(world);
    const newer = await start(world, NEWER);
    world.pass(PATIENCE);
    await world.store.put(leaseKey("unknown"), new TextEncoder().encode("no JSON"));
    await newer.round(true);
    assert.deepEqual(await world.runs("refresh"), ["08:00 interrupted", "09:00 queued"]);
    await world.store.delete(leaseKey("unknown"));
    await newer.round(true);
    assert.deepEqual(await world.runs("refresh"), ["08:00 failed", "09:00 skipped"]);
  }));

Deno.test("a run whose scheduler died is ended once that is sure", () =>
  withWorld(OLDER, async (world) => {
    const older = await start(world, OLDER, "older:1");
    world.pass(30 * MINUTE);
    await older.keepAlive();
    await older.round();
    const newer = await start(world, NEWER, "newer:2");
    world.pass(PATIENCE);
    await newer.keepAlive();
    await newer.round(true);
    assert.deepEqual(await world.runs("refresh"), ["08:00 running"]);
    world.leaseTime.elapsed += 60_000;
    await newer.keepAlive();
    await newer.round(true);
    const [run] = await world.ledger.runs("refresh", new Date(0), new Date(world.clock.now));
    assert.equal(run!.status, "failed");
    assert.deepEqual(run!.attempts.map(({ number, ended, reason }) => [number, ended, reason]), [
      [1, "lease expired", "its scheduler older:1 is gone"],
    ]);
    // The old one wakes: what its run came to does not count.
    await world.held.find(({ job }) => job.name === "refresh")!.finish();
    await waitUntilIdle();
    assert.deepEqual(await world.runs("refresh"), ["08:00 failed"]);
  }));

Deno.test("a run whose scheduler's record was deleted is ended as well, with what waits for it", () =>
  withWorld(OLDER, async (world) => {
    const older = await start(world, OLDER, "older:1");
    world.pass(30 * MINUTE);
    await older.round();
    world.pass(HOUR);
    await older.round();
    const running = (await world.ledger.jobState("refresh").read()).running!;
    await world.store.delete(leaseKey(running.scheduler));
    const newer = await start(world, NEWER, "newer:2");
    world.pass(PATIENCE);
    await newer.keepAlive();
    await newer.round(true);
    assert.deepEqual(await world.runs("refresh"), ["08:00 failed", "09:00 skipped"]);
    await world.held[0]!.finish();
  }));

Deno.test("what was due before a job was removed, and no scheduler saw, is entered as missed", () =>
  withWorld(OLDER, async (world) => {
    await (await start(world, OLDER)).stop(0);
    world.pass(3 * HOUR);
    const newer = await start(world, NEWER);
    world.pass(2 * HOUR);
    await newer.round(true);
    await newer.round(true);
    assert.deepEqual(await world.runs("refresh"), ["08:00 missed", "09:00 missed", "10:00 missed"]);
    const [run] = await world.ledger.runs("refresh", new Date(0), new Date(world.clock.now));
    assert.equal(run!.reason, "no scheduler ran when it was due, and the job is no longer defined");
  }));

Deno.test("a job that comes back is one of the jobs again, and nothing is due of the time between", () =>
  withWorld(OLDER, async (world) => {
    await leaveRunsOpen(world);
    const newer = await start(world, NEWER);
    world.pass(PATIENCE);
    await newer.round(true);
    await newer.stop(0);
    world.pass(10 * HOUR);
    const back = await start(world, OLDER);
    assert.deepEqual(await removed(world), ["copy"]);
    world.pass(HOUR);
    await back.round(true);
    assert.deepEqual(await world.runs("refresh"), ["08:00 failed", "09:00 skipped", "20:00 running"]);
  }));

Deno.test("the definitions are those of the scheduler that began last, also when an older version starts again", () =>
  withWorld(OLDER, async (world) => {
    const newer = await start(world, NEWER, "newer:2");
    world.pass(MINUTE);
    const older = await start(world, OLDER, "older:1");
    for (const scheduler of [newer, older, newer]) await scheduler.round(true);
    assert.deepEqual(await removed(world), ["copy"], "two versions don't fight about it");
    await older.stop(0);
    await newer.round(true);
    assert.deepEqual(await removed(world), ["refresh"]);
    assert.deepEqual((await readDefinitions(world.store))!.jobs, NEWER.jobs);
  }));

Deno.test("a removed job whose ledger is damaged holds up no other", () =>
  withWorld(OLDER, async (world) => {
    await leaveRunsOpen(world);
    const newer = await start(world, jobSet([{ name: "copy" }]));
    await world.store.put("runs/jobs/refresh/control.json", new TextEncoder().encode("no JSON"));
    world.pass(PATIENCE);
    await newer.round(true);
    assert.match(
      world.log.join("\n"),
      /refresh, which was removed: its open runs cannot be ended: .*control\.json/,
    );
    assert.ok((await world.ledger.jobState("train").read()).removedAt, "the other one is accounted for");
  }));
