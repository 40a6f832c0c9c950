import assert from "node:assert/strict";
import { cancelRun, pauseJob, requestBackfill, resumeJob, triggerRun } from "shopflow/jobs/requests/mod.ts";
import { jobSet, MINUTE, waitUntilIdle, withWorld } from "../scheduler_fixture.ts";

const HOURLY = jobSet([{}]);
const by = (at: number) => ({ by: "anna", at: new Date(at).toISOString() });

Deno.test("people run, cancel, pause, resume and backfill; a run that succeeded is never run again", () =>
  withWorld(HOURLY, async (world) => {
    const { ledger, set: { jobs } } = world;
    const [job] = jobs;
    const scheduler = await world.scheduler();
    await pauseJob(ledger, "refresh", by(world.clock.now), "the source moves");
    world.pass(30 * MINUTE);
    await scheduler.round();
    assert.deepEqual(await world.runs(), ["08:00 skipped"]);
    const at = new Date("2024-10-02T08:00:00Z");
    assert.match(
      (await ledger.run({ job: "refresh", scheduledFor: at.toISOString() }))!.reason,
      /paused by anna at 2 October 2024, 07:30 UTC: the source moves/,
    );
    await assert.rejects(pauseJob(ledger, "refresh", by(world.clock.now)), /already paused/);
    await resumeJob(ledger, "refresh");
    await assert.rejects(resumeJob(ledger, "refresh"), /is not paused/);

    await triggerRun(ledger, job!, by(world.clock.now), at);
    await scheduler.round();
    assert.deepEqual(await world.runs(), ["08:00 running"]);
    await assert.rejects(
      triggerRun(ledger, job!, by(world.clock.now), at),
      /cannot be run again.*found one that is running/,
    );
    await cancelRun(ledger, { job: "refresh", scheduledFor: at.toISOString() }, by(world.clock.now));
    await scheduler.round();
    await waitUntilIdle();
    assert.deepEqual(await world.runs(), ["08:00 cancelled"]);
    await triggerRun(ledger, job!, by(world.clock.now + 1), at);
    await scheduler.round();
    await world.held[0]!.finish();
    assert.deepEqual(await world.runs(), ["08:00 succeeded"]);
    await assert.rejects(triggerRun(ledger, job!, by(world.clock.now), at), /found one that succeeded/);
    await assert.rejects(
      triggerRun(ledger, job!, by(world.clock.now), new Date("2024-10-02T07:15Z")),
      /no run at 2024-10-02T07:15Z: .*nearest ones are 2024-10-02T07:00Z and 2024-10-02T08:00Z/,
    );
    await assert.rejects(
      triggerRun(ledger, job!, by(world.clock.now), new Date("2025-10-02T07:00Z")),
      /lies in the future/,
    );

    const past = { from: new Date("2024-10-01T22:00Z"), to: new Date("2024-10-02T08:00Z") };
    const { queued, unneeded } = await requestBackfill(ledger, job!, by(world.clock.now), past, jobs);
    assert.deepEqual([queued.length, unneeded], [10, 1]);
    assert.equal(
      (await requestBackfill(ledger, job!, by(world.clock.now), past, jobs)).queued.length,
      10 - 10,
    );
    for (let i = 0; i < 10; i++) {
      await scheduler.round();
      assert.equal(world.held[0]!.run.scheduledFor, queued[i]!.scheduledFor, "each with its own time");
      assert.equal(world.held[0]!.run.dataInterval.end, queued[i]!.scheduledFor);
      await world.held[0]!.finish();
    }
    const runs = await world.runs();
    assert.equal(runs.length, 11);
    assert.ok(runs.every((scheduledFor) => scheduledFor.endsWith("succeeded")), runs.join());

    await triggerRun(ledger, job!, by(world.clock.now));
    await scheduler.round();
    assert.equal(world.held[0]!.run.trigger, "manual");
  }));

Deno.test("a run that is cancelled while it waits for a retry was started, and says so", () =>
  withWorld(jobSet([{ retries: { limit: 1 } }]), async (world) => {
    const scheduler = await world.scheduler();
    world.pass(30 * MINUTE);
    await scheduler.round();
    await world.held[0]!.finish({ ended: "failed", reason: "exit code 1" });
    assert.deepEqual(await world.runs(), ["08:00 retrying"]);
    const name = { job: "refresh", scheduledFor: "2024-10-02T08:00:00.000Z" };
    const { status, reason } = await cancelRun(world.ledger, name, by(world.clock.now));
    assert.deepEqual([status, reason], ["cancelled", "cancelled by anna before its next attempt"]);
  }));
