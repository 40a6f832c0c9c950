import assert from "node:assert/strict";
import { HOUR, jobSet, MINUTE, waitUntilIdle, withWorld } from "../scheduler_fixture.ts";

const HOURLY = jobSet([{}]);

Deno.test("overlap skip: a run that is due while another one is open is skipped, with the reason", () =>
  withWorld(HOURLY, async (world) => {
    const scheduler = await world.scheduler();
    world.pass(30 * MINUTE);
    await scheduler.round();
    world.pass(HOUR);
    await scheduler.round();
    assert.deepEqual(await world.runs(), ["08:00 running", "09:00 skipped"]);
    const skipped = await world.ledger.run({ job: "refresh", scheduledFor: "2024-10-02T09:00:00.000Z" });
    assert.equal(skipped!.reason, "refresh@2024-10-02T08:00Z was still running");
    await world.held[0]!.finish();
    world.pass(HOUR);
    await scheduler.round();
    assert.equal((await world.runs()).at(-1), "10:00 running");
  }));

Deno.test("overlap queue: runs wait for the one before, in their order", () =>
  withWorld(jobSet([{ overlap: "queue" }]), async (world) => {
    const scheduler = await world.scheduler();
    for (const ms of [30 * MINUTE, HOUR, HOUR]) {
      world.pass(ms);
      await scheduler.round();
    }
    assert.deepEqual(await world.runs(), ["08:00 running", "09:00 queued", "10:00 queued"]);
    await world.held[0]!.finish();
    assert.deepEqual(await world.runs(), ["08:00 succeeded", "09:00 running", "10:00 queued"]);
    assert.equal(world.held.length, 1);
  }));

Deno.test("overlap replace: a later run ends the run of the earlier one", () =>
  withWorld(jobSet([{ overlap: "replace" }]), async (world) => {
    const scheduler = await world.scheduler();
    world.pass(30 * MINUTE);
    await scheduler.round();
    const first = world.held[0]!;
    world.pass(HOUR);
    await scheduler.round();
    await waitUntilIdle();
    assert.equal(first.signal.aborted, true);
    assert.deepEqual(await world.runs(), ["08:00 superseded", "09:00 running"]);
  }));
