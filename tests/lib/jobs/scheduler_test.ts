import assert from "node:assert/strict";
import { pauseJob, requestBackfill, requestCancel, requestRun, resumeJob } from "shopflow/jobs/mod.ts";
import { HOUR, jobSet, MINUTE, settle, withWorld } from "./scheduler_fixture.ts";

const HOURLY = jobSet([{}]);
const by = (at: number) => ({ by: "anna", at: new Date(at).toISOString() });

Deno.test("a slot is entered and started when it is due, and ends with what its run came to", () =>
  withWorld(HOURLY, async (world) => {
    const scheduler = await world.scheduler();
    assert.deepEqual(await world.slots(), [], "nothing was due since the job is known");
    assert.equal(scheduler.nextWake()?.toISOString(), "2024-10-02T08:00:00.000Z");
    world.pass(30 * MINUTE);
    await scheduler.round();
    assert.deepEqual(await world.slots(), ["08:00 running"]);
    assert.deepEqual(world.held[0]!.slot.interval, {
      from: "2024-10-02T07:00:00.000Z",
      to: "2024-10-02T08:00:00.000Z",
    });
    world.pass(3 * MINUTE);
    await world.held[0]!.finish({ peakBytes: 1e8, exitCode: 0 });
    const [slot] = await world.ledger.slots("refresh", new Date(0), new Date(world.clock.now));
    assert.equal(slot!.status, "succeeded");
    assert.equal(slot!.endedAt, "2024-10-02T08:03:00.000Z");
    assert.deepEqual(slot!.attempts, [{
      number: 1,
      owner: "here:1",
      startedAt: "2024-10-02T08:00:00.000Z",
      finishedAt: "2024-10-02T08:03:00.000Z",
      ended: "succeeded",
      reason: "exit code 0",
      exitCode: 0,
      peakBytes: 1e8,
    }]);
  }));

Deno.test("a run that fails is tried again after a wait that doubles, then the slot has failed", () =>
  withWorld(
    jobSet([{ retries: { most: 2, firstDelaySeconds: 60, maxDelaySeconds: 90 } }]),
    async (world) => {
      const scheduler = await world.scheduler();
      world.pass(30 * MINUTE);
      await scheduler.round();
      const waits = [];
      for (let i = 1; i <= 2; i++) {
        await world.held[0]!.finish({ ended: "failed", reason: `exit code ${i}` });
        const [slot] = await world.ledger.slots("refresh", new Date(0), new Date(world.clock.now));
        assert.match(slot!.reason, new RegExp(`exit code ${i}; retry ${i} of 2 at 2024-10-02T08:`));
        waits.push((Date.parse(slot!.notBefore!) - world.clock.now) / 1000);
        await scheduler.round();
        assert.equal(world.held.length, 0, "not before the wait is over");
        assert.equal(scheduler.nextWake()?.toISOString(), slot!.notBefore);
        world.clock.now = Date.parse(slot!.notBefore!);
        await scheduler.round();
      }
      // Half of each wait is chance, which is 0.5 here.
      assert.deepEqual(waits, [45, 67.5]);
      await world.held[0]!.finish({ ended: "timed out", reason: "ended after its limit" });
      assert.deepEqual(await world.slots(), ["08:00 failed"]);
    },
  ));

Deno.test("a retry begins with the step that failed", () =>
  withWorld(
    jobSet([{ steps: [{ pipeline: "extract" }, { pipeline: "transform" }], retries: { most: 1 } }]),
    async (world) => {
      const scheduler = await world.scheduler();
      world.pass(30 * MINUTE);
      await scheduler.round();
      assert.equal(await world.held[0]!.stepDone("extract"), true);
      await world.held[0]!.finish({ ended: "failed", reason: "exit code 1" });
      world.pass(10 * MINUTE);
      await scheduler.round();
      assert.deepEqual(world.held[0]!.slot.stepsDone, ["extract"]);
      assert.equal(world.held[0]!.attempt, 2);
    },
  ));

Deno.test("overlap skip: a slot that is due while another one is open is skipped, with the reason", () =>
  withWorld(HOURLY, async (world) => {
    const scheduler = await world.scheduler();
    world.pass(30 * MINUTE);
    await scheduler.round();
    world.pass(HOUR);
    await scheduler.round();
    assert.deepEqual(await world.slots(), ["08:00 running", "09:00 skipped"]);
    const skipped = await world.ledger.slot({ job: "refresh", slot: "2024-10-02T09:00:00.000Z" });
    assert.equal(skipped!.reason, "the slot 2024-10-02T08:00Z was still running");
    await world.held[0]!.finish();
    world.pass(HOUR);
    await scheduler.round();
    assert.equal((await world.slots()).at(-1), "10:00 running");
  }));

Deno.test("overlap queue: slots wait for the one before, in their order", () =>
  withWorld(jobSet([{ overlap: "queue" }]), async (world) => {
    const scheduler = await world.scheduler();
    for (const ms of [30 * MINUTE, HOUR, HOUR]) {
      world.pass(ms);
      await scheduler.round();
    }
    assert.deepEqual(await world.slots(), ["08:00 running", "09:00 queued", "10:00 queued"]);
    await world.held[0]!.finish();
    assert.deepEqual(await world.slots(), ["08:00 succeeded", "09:00 running", "10:00 queued"]);
    assert.equal(world.held.length, 1);
  }));

Deno.test("overlap replace: a later slot ends the run of the earlier one", () =>
  withWorld(jobSet([{ overlap: "replace" }]), async (world) => {
    const scheduler = await world.scheduler();
    world.pass(30 * MINUTE);
    await scheduler.round();
    const first = world.held[0]!;
    world.pass(HOUR);
    await scheduler.round();
    await settle();
    assert.equal(first.signal.aborted, true);
    assert.deepEqual(await world.slots(), ["08:00 replaced", "09:00 running"]);
  }));

for (
  const [run, expected] of [
    ["all", ["08:00 missed", "09:00 running", "10:00 queued", "11:00 queued"]],
    ["last", ["08:00 missed", "09:00 missed", "10:00 missed", "11:00 running"]],
    ["none", ["08:00 missed", "09:00 missed", "10:00 missed", "11:00 missed"]],
  ] as const
) {
  Deno.test(`missed slots: ${run}, not older than the maximum age`, () =>
    withWorld(jobSet([{ missed: { run, maxAgeMinutes: 150 } }]), async (world) => {
      await world.scheduler();
      world.pass(4 * HOUR);
      await world.scheduler();
      assert.deepEqual(await world.slots(), expected);
      const slots = await world.ledger.slots("refresh", new Date(0), new Date(world.clock.now));
      for (const slot of slots) {
        assert.match(slot.reason, slot.status === "running" ? /runs in/ : /no scheduler ran when it was due/);
        if (slot.status !== "missed") assert.equal(slot.trigger, "catch-up");
      }
      assert.deepEqual(
        world.held[0]?.slot.interval.to,
        run === "none" ? undefined : world.held[0]!.slot.slot,
      );
    }));
}

Deno.test("a job runs after those it depends on, of the same interval, or is skipped when they did not succeed", () =>
  withWorld(
    jobSet([{}, { name: "score", schedule: { cron: "0 */2 * * *" }, after: ["refresh"] }]),
    async (world) => {
      const scheduler = await world.scheduler();
      world.pass(30 * MINUTE);
      await scheduler.round();
      assert.deepEqual(await world.slots("score"), ["08:00 waiting"]);
      await world.held[0]!.finish();
      assert.deepEqual(await world.slots("score"), ["08:00 running"]);
      await world.held[0]!.finish();
      world.pass(HOUR);
      await scheduler.round();
      await world.held[0]!.finish();
      world.pass(HOUR);
      await scheduler.round();
      await world.held[0]!.finish({ ended: "failed", reason: "exit code 1" });
      assert.deepEqual(await world.slots("score"), ["08:00 succeeded", "10:00 skipped"]);
      const skipped = await world.ledger.slot({ job: "score", slot: "2024-10-02T10:00:00.000Z" });
      assert.equal(skipped!.reason, "refresh of 2024-10-02T10:00Z failed");
      assert.equal(skipped!.blockedBy, "refresh");
    },
  ));

Deno.test("what depends on a slot that was missed waits for the one that stands for it", () =>
  withWorld(
    jobSet([{ schedule: { cron: "5 * * * *" } }, {
      name: "score",
      schedule: { cron: "20 8 * * *" },
      after: ["refresh"],
    }]),
    async (world) => {
      await world.scheduler();
      // Nobody is there from 07:30 to 09:30.
      world.pass(2 * HOUR);
      const scheduler = await world.scheduler();
      await scheduler.round();
      assert.deepEqual(await world.slots(), ["08:05 missed", "09:05 running"]);
      assert.deepEqual(await world.slots("score"), ["08:20 waiting"]);
      await world.held[0]!.finish();
      assert.deepEqual(await world.slots("score"), ["08:20 running"]);
    },
  ));

Deno.test("a job runs when a snapshot is published, once for each look", () =>
  withWorld(jobSet([{ name: "check", schedule: { on: "snapshot" } }]), async (world) => {
    const lake: { published?: Date } = {};
    const scheduler = await world.scheduler({ publishedAt: () => Promise.resolve(lake.published) });
    world.pass(MINUTE);
    lake.published = new Date(world.clock.now - 5000);
    await scheduler.round();
    await scheduler.round();
    assert.deepEqual(await world.slots(), ["07:30 running"]);
    assert.equal(world.held[0]!.slot.trigger, "snapshot");
    await world.held[0]!.finish();
    await scheduler.round();
    assert.equal((await world.slots()).length, 1);
  }));

Deno.test("runs of a pool share its places, on all schedulers together", () =>
  withWorld(
    jobSet([{ name: "a", pool: "heavy" }, { name: "b", pool: "heavy" }, { name: "c", pool: "heavy" }], {
      heavy: 1,
    }),
    async (world) => {
      const [one, two] = [await world.scheduler(), await world.scheduler({ owner: "there:2" })];
      world.pass(30 * MINUTE);
      await Promise.all([one.round(), two.round()]);
      for (let left = 3; left > 0; left--) {
        assert.equal(world.held.length, 1);
        await world.held[0]!.finish();
        await Promise.all([one.round(), two.round()]);
      }
      for (const job of ["a", "b", "c"]) assert.deepEqual(await world.slots(job), ["08:00 succeeded"]);
    },
  ));

Deno.test("a success after the SLA is late, and that its time is over is told once", () =>
  withWorld(jobSet([{ slaMinutes: 10 }]), async (world) => {
    const news: string[] = [];
    const scheduler = await world.scheduler({
      onNews: (job) => Promise.resolve(void news.push(job.name)),
    });
    world.pass(30 * MINUTE);
    await scheduler.round();
    world.pass(9 * MINUTE);
    await scheduler.round();
    assert.deepEqual(news, []);
    world.pass(2 * MINUTE);
    await scheduler.round();
    await scheduler.round();
    assert.deepEqual(news, ["refresh"]);
    await world.held[0]!.finish();
    assert.deepEqual(await world.slots(), ["08:00 late"]);
    assert.deepEqual(news, ["refresh", "refresh"]);
  }));

Deno.test("people run, cancel, pause, resume and backfill; a slot that succeeded is never run again", () =>
  withWorld(HOURLY, async (world) => {
    const { ledger, set: { jobs: [job] } } = world;
    const scheduler = await world.scheduler();
    await pauseJob(ledger, "refresh", by(world.clock.now), "the source moves");
    world.pass(30 * MINUTE);
    await scheduler.round();
    assert.deepEqual(await world.slots(), ["08:00 skipped"]);
    const at = new Date("2024-10-02T08:00:00Z");
    assert.match(
      (await ledger.slot({ job: "refresh", slot: at.toISOString() }))!.reason,
      /paused by anna at 2024-10-02T07:30Z: the source moves/,
    );
    await assert.rejects(pauseJob(ledger, "refresh", by(world.clock.now)), /paused already/);
    await resumeJob(ledger, "refresh");
    await assert.rejects(resumeJob(ledger, "refresh"), /is not paused/);

    await requestRun(ledger, job!, by(world.clock.now), at);
    await scheduler.round();
    assert.deepEqual(await world.slots(), ["08:00 running"]);
    await assert.rejects(
      requestRun(ledger, job!, by(world.clock.now), at),
      /is not run again.*found one that is running/,
    );
    await requestCancel(ledger, { job: "refresh", slot: at.toISOString() }, by(world.clock.now));
    await scheduler.round();
    await settle();
    assert.deepEqual(await world.slots(), ["08:00 failed"]);
    await requestRun(ledger, job!, by(world.clock.now + 1), at);
    await scheduler.round();
    await world.held[0]!.finish();
    assert.deepEqual(await world.slots(), ["08:00 succeeded"]);
    await assert.rejects(requestRun(ledger, job!, by(world.clock.now), at), /found one that succeeded/);
    await assert.rejects(
      requestRun(ledger, job!, by(world.clock.now), new Date("2024-10-02T07:15Z")),
      /no slot at 2024-10-02T07:15Z: .*nearest ones are 2024-10-02T07:00Z and 2024-10-02T08:00Z/,
    );
    await assert.rejects(
      requestRun(ledger, job!, by(world.clock.now), new Date("2025-10-02T07:00Z")),
      /lies in the future/,
    );

    const past = { from: new Date("2024-10-01T22:00Z"), to: new Date("2024-10-02T08:00Z") };
    const { asked, unneeded } = await requestBackfill(ledger, job!, by(world.clock.now), past);
    assert.deepEqual([asked.length, unneeded], [10, 1]);
    assert.equal((await requestBackfill(ledger, job!, by(world.clock.now), past)).asked.length, 10 - 10);
    for (let i = 0; i < 10; i++) {
      await scheduler.round();
      assert.equal(world.held[0]!.slot.slot, asked[i]!.slot, "each with its own time");
      assert.equal(world.held[0]!.slot.interval.to, asked[i]!.slot);
      await world.held[0]!.finish();
    }
    const slots = await world.slots();
    assert.equal(slots.length, 11);
    assert.ok(slots.every((slot) => slot.endsWith("succeeded")), slots.join());

    await requestRun(ledger, job!, by(world.clock.now));
    await scheduler.round();
    assert.equal(world.held[0]!.slot.trigger, "manual");
  }));

Deno.test("a clock that ran ahead loses no slot: what did not run is due again when it is", () =>
  withWorld(jobSet([{ missed: { run: "none" } }]), async (world) => {
    const scheduler = await world.scheduler();
    world.pass(50 * HOUR);
    await scheduler.round();
    assert.equal((await world.slots()).length, 50);
    world.pass(-50 * HOUR);
    await scheduler.round();
    assert.deepEqual(await world.slots(), []);
    world.pass(30 * MINUTE);
    await scheduler.round();
    assert.deepEqual(await world.slots(), ["08:00 running"]);
    assert.match(world.log.join("\n"), /the clock was set back/);
  }));

Deno.test("a clock that is set back by minutes runs nothing twice", () =>
  withWorld(HOURLY, async (world) => {
    const scheduler = await world.scheduler();
    world.pass(30 * MINUTE + 1000);
    await scheduler.round();
    await world.held[0]!.finish();
    for (const ms of [-MINUTE, 30_000, 31_000]) {
      world.pass(ms);
      await scheduler.round(true);
      assert.deepEqual(await world.slots(), ["08:00 succeeded"]);
    }
  }));

Deno.test("a scheduler that is stopped starts nothing, and hands over what does not end in time", () =>
  withWorld(jobSet([{}, { name: "train", steps: [{ pipeline: "train" }] }]), async (world) => {
    const scheduler = await world.scheduler();
    world.pass(30 * MINUTE);
    await scheduler.round();
    const [refresh] = world.held.filter(({ job }) => job.name === "refresh");
    const stopping = scheduler.stop(200);
    await refresh!.finish();
    await stopping;
    assert.deepEqual(await world.slots("refresh"), ["08:00 succeeded"]);
    assert.deepEqual(await world.slots("train"), ["08:00 queued"]);
    world.pass(HOUR);
    await scheduler.round();
    assert.deepEqual(await world.slots("refresh"), ["08:00 succeeded"]);

    await world.scheduler({ owner: "there:2" });
    assert.deepEqual(await world.slots("train"), ["08:00 running", "09:00 skipped"]);
    assert.deepEqual(
      world.held.find(({ job }) => job.name === "train")!.slot.attempts.map(({ ended }) => ended),
      [
        "handed over",
      ],
    );
  }));
