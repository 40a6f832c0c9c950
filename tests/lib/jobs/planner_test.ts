import assert from "node:assert/strict";
import { HOUR, jobSet, MINUTE, withWorld } from "./scheduler_fixture.ts";

const HOURLY = jobSet([{}]);

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
