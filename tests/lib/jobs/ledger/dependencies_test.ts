import assert from "node:assert/strict";
import { HOUR, jobSet, MINUTE, withWorld } from "../scheduler_fixture.ts";

Deno.test("a job runs after those it depends on, of the same interval, or is skipped when they did not succeed", () =>
  withWorld(
    jobSet([{}, { name: "score", schedule: { cron: "0 */2 * * *" }, dependsOn: ["refresh"] }]),
    async (world) => {
      const scheduler = await world.scheduler();
      world.pass(30 * MINUTE);
      await scheduler.round();
      assert.deepEqual(await world.runs("score"), ["08:00 waiting"]);
      await world.held[0]!.finish();
      assert.deepEqual(await world.runs("score"), ["08:00 running"]);
      await world.held[0]!.finish();
      world.pass(HOUR);
      await scheduler.round();
      await world.held[0]!.finish();
      world.pass(HOUR);
      await scheduler.round();
      await world.held[0]!.finish({ ended: "failed", reason: "exit code 1" });
      assert.deepEqual(await world.runs("score"), ["08:00 succeeded", "10:00 skipped"]);
      const skipped = await world.ledger.run({ job: "score", scheduledFor: "2024-10-02T10:00:00.000Z" });
      assert.equal(skipped!.reason, "refresh@2024-10-02T10:00Z failed");
      assert.equal(skipped!.blockedBy, "refresh");
    },
  ));

Deno.test("what depends on a run that was missed waits for the one that stands for it", () =>
  withWorld(
    jobSet([{ schedule: { cron: "5 * * * *" } }, {
      name: "score",
      schedule: { cron: "20 8 * * *" },
      dependsOn: ["refresh"],
    }]),
    async (world) => {
      await world.scheduler();
      // Nobody is there from 07:30 to 09:30.
      world.pass(2 * HOUR);
      const scheduler = await world.scheduler();
      await scheduler.round();
      assert.deepEqual(await world.runs(), ["08:05 missed", "09:05 running"]);
      assert.deepEqual(await world.runs("score"), ["08:20 waiting"]);
      await world.held[0]!.finish();
      assert.deepEqual(await world.runs("score"), ["08:20 running"]);
    },
  ));
