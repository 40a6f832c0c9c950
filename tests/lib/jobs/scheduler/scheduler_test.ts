import assert from "node:assert/strict";
import { HOUR, jobSet, MINUTE, withWorld } from "../scheduler_fixture.ts";

const HOURLY = jobSet([{}]);

Deno.test("a run is entered and started when it is due, and ends with what its run came to", () =>
  withWorld(HOURLY, async (world) => {
    const scheduler = await world.scheduler();
    assert.deepEqual(await world.runs(), [], "nothing was due since the job is known");
    assert.equal(scheduler.nextWake()?.toISOString(), "2024-10-02T08:00:00.000Z");
    world.pass(30 * MINUTE);
    await scheduler.round();
    assert.deepEqual(await world.runs(), ["08:00 running"]);
    assert.deepEqual(world.held[0]!.run.dataInterval, {
      start: "2024-10-02T07:00:00.000Z",
      end: "2024-10-02T08:00:00.000Z",
    });
    world.pass(3 * MINUTE);
    await world.held[0]!.finish({ peakBytes: 1e8, exitCode: 0 });
    const [run] = await world.ledger.runs("refresh", new Date(0), new Date(world.clock.now));
    assert.equal(run!.status, "succeeded");
    assert.equal(run!.endedAt, "2024-10-02T08:03:00.000Z");
    assert.deepEqual(run!.attempts, [{
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

for (const [random, expected] of [[0, [30, 45]], [0.5, [45, 67.5]], [1, [60, 90]]] as const) {
  Deno.test(`a run that fails is tried again after a wait that doubles, of which half is chance (${random}), then the run has failed`, () =>
    withWorld(
      jobSet([{ retries: { limit: 2, firstDelaySeconds: 60, maxDelaySeconds: 90 } }]),
      async (world) => {
        const scheduler = await world.scheduler({ random: () => random });
        world.pass(30 * MINUTE);
        await scheduler.round();
        const waits = [];
        for (let i = 1; i <= 2; i++) {
          await world.held[0]!.finish({ ended: "failed", reason: `exit code ${i}` });
          const [run] = await world.ledger.runs("refresh", new Date(0), new Date(world.clock.now));
          assert.match(run!.reason, new RegExp(`exit code ${i}; retry ${i} of 2 at 2 October 2024, 08:`));
          waits.push((Date.parse(run!.notBefore!) - world.clock.now) / 1000);
          await scheduler.round();
          assert.equal(world.held.length, 0, "not before the wait is over");
          assert.equal(scheduler.nextWake()?.toISOString(), run!.notBefore);
          world.clock.now = Date.parse(run!.notBefore!);
          await scheduler.round();
        }
        assert.deepEqual(waits, expected);
        await world.held[0]!.finish({ ended: "timed out", reason: "ended after its limit" });
        assert.deepEqual(await world.runs(), ["08:00 failed"]);
      },
    ));
}

Deno.test("a wait that a clock wrote which ran a day ahead holds up nothing", () =>
  withWorld(
    jobSet([{ retries: { limit: 2, firstDelaySeconds: 60, maxDelaySeconds: 90 } }]),
    async (world) => {
      const scheduler = await world.scheduler();
      world.pass(30 * MINUTE);
      await scheduler.round();
      world.pass(24 * HOUR);
      await world.held[0]!.finish({ ended: "failed", reason: "exit code 1" });
      world.pass(-24 * HOUR);
      assert.equal(scheduler.nextWake()?.toISOString(), "2024-10-02T09:00:00.000Z");
      await scheduler.round(true);
      assert.equal(world.held[0]?.attempt, 2);
    },
  ));

Deno.test("a retry begins with the step that failed", () =>
  withWorld(
    jobSet([{ steps: [{ pipeline: "extract" }, { pipeline: "transform" }], retries: { limit: 1 } }]),
    async (world) => {
      const scheduler = await world.scheduler();
      world.pass(30 * MINUTE);
      await scheduler.round();
      assert.equal(await world.held[0]!.stepDone("extract"), true);
      await world.held[0]!.finish({ ended: "failed", reason: "exit code 1" });
      world.pass(10 * MINUTE);
      await scheduler.round();
      assert.deepEqual(world.held[0]!.run.stepsDone, ["extract"]);
      assert.equal(world.held[0]!.attempt, 2);
    },
  ));

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
      for (const job of ["a", "b", "c"]) assert.deepEqual(await world.runs(job), ["08:00 succeeded"]);
    },
  ));

Deno.test("a success after the SLA says so, and that its time is over is told once", () =>
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
    assert.deepEqual(await world.runs(), ["08:00 sla-missed"]);
    assert.deepEqual(news, ["refresh", "refresh"]);
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
    assert.deepEqual(await world.runs("refresh"), ["08:00 succeeded"]);
    assert.deepEqual(await world.runs("train"), ["08:00 interrupted"]);
    world.pass(HOUR);
    await scheduler.round();
    assert.deepEqual(await world.runs("refresh"), ["08:00 succeeded"]);

    await world.scheduler({ owner: "there:2" });
    assert.deepEqual(await world.runs("train"), ["08:00 running", "09:00 skipped"]);
    assert.deepEqual(
      world.held.find(({ job }) => job.name === "train")!.run.attempts.map(({ ended }) => ended),
      [
        "released",
      ],
    );
  }));
