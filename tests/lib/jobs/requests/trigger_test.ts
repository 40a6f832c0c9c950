import assert from "node:assert/strict";
import { pauseJob, requestBackfill, requestCancel, requestRun, resumeJob } from "shopflow/jobs/mod.ts";
import { jobSet, MINUTE, settle, withWorld } from "../scheduler_fixture.ts";

const HOURLY = jobSet([{}]);
const by = (at: number) => ({ by: "anna", at: new Date(at).toISOString() });

Deno.test("people run, cancel, pause, resume and backfill; a slot that succeeded is never run again", () =>
  withWorld(HOURLY, async (world) => {
    const { ledger, set: { jobs } } = world;
    const [job] = jobs;
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
    const { asked, unneeded } = await requestBackfill(ledger, job!, by(world.clock.now), past, jobs);
    assert.deepEqual([asked.length, unneeded], [10, 1]);
    assert.equal(
      (await requestBackfill(ledger, job!, by(world.clock.now), past, jobs)).asked.length,
      10 - 10,
    );
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
