/** What becomes of runs and places of pools when the lake fails, or the scheduler is stopped, in the middle of a start. */
import { LakeError } from "shopflow/errors/mod.ts";
import assert from "node:assert/strict";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { openLedger } from "shopflow/jobs/ledger/mod.ts";
import { HOUR, jobSet, MINUTE, waitUntilIdle, withWorld, type World } from "./scheduler_fixture.ts";

const POOLED = jobSet([{ name: "a", pool: "heavy" }, { name: "b", pool: "heavy" }], { heavy: 1 });

const onStore = (world: World, store: Partial<ObjectStore>) =>
  openLedger({ ...world.store, ...store }, () => new Date(world.clock.now));

/** Whether a write says that a scheduler is the one who starts a run. */
const startsRun = (key: string, body: Uint8Array) =>
  key.endsWith("control.json") && new TextDecoder().decode(body).includes('"running"');

/** Ends what runs until nothing is left, and checks that both jobs were done. */
async function finishAll(world: World, round: () => Promise<void>): Promise<void> {
  for (let i = 0; i < 4; i++) {
    await round();
    await world.held[0]?.finish();
  }
  await waitUntilIdle();
  assert.deepEqual([await world.runs("a"), await world.runs("b")], [["08:00 succeeded"], [
    "08:00 succeeded",
  ]]);
}

Deno.test("a run that was killed while its place could not be given back is run again", () =>
  withWorld(POOLED, async (world) => {
    let full = false;
    const scheduler = await world.scheduler({
      ledger: onStore(world, {
        putIfMatch: (...write) =>
          full ? Promise.reject(new LakeError("No space left on device")) : world.store.putIfMatch(...write),
      }),
    });
    world.pass(30 * MINUTE);
    await scheduler.round();
    full = true;
    await world.held[0]!.finish({ ended: "lease expired", reason: "nobody attended to it" });
    await waitUntilIdle();
    assert.match(world.log.join("\n"), /its slot in the pool heavy is released later: No space left/);
    assert.equal(scheduler.active().length, 0);
    full = false;
    await finishAll(world, () => scheduler.round(true));
  }));

Deno.test("a place that was taken for a run that could not be started is not lost", () =>
  withWorld(POOLED, async (world) => {
    let failing = false;
    const scheduler = await world.scheduler({
      ledger: onStore(world, {
        async putIfMatch(key, body, ...write) {
          if (failing && startsRun(key, body)) throw new LakeError("the lake cannot be written");
          return await world.store.putIfMatch(key, body, ...write);
        },
      }),
    });
    world.pass(30 * MINUTE);
    failing = true;
    await scheduler.round();
    assert.equal(world.held.length, 0);
    failing = false;
    await finishAll(world, () => scheduler.round(true));
  }));

Deno.test("a run that is about to start when its scheduler stops is left to others, and not counted as lost", () =>
  withWorld(jobSet([{}]), async (world) => {
    const won = Promise.withResolvers<void>(), goOn = Promise.withResolvers<void>();
    const scheduler = await world.scheduler({
      ledger: onStore(world, {
        async putIfMatch(key, body, ...write) {
          const written = await world.store.putIfMatch(key, body, ...write);
          if (startsRun(key, body)) {
            won.resolve();
            await goOn.promise;
          }
          return written;
        },
      }),
    });
    world.pass(30 * MINUTE);
    const round = scheduler.round();
    await won.promise;
    const stopped = scheduler.stop(HOUR);
    goOn.resolve();
    await Promise.all([round, stopped]);
    assert.equal(world.held.length, 0);
    const [run] = await world.ledger.runs("refresh", new Date(0), new Date(world.clock.now));
    assert.deepEqual([run!.status, run!.attempts.map(({ ended }) => ended)], ["interrupted", ["released"]]);

    const next = await world.scheduler({ owner: "next:2" });
    assert.equal(world.held.length, 1);
    await world.held[0]!.finish();
    assert.deepEqual(await world.runs(), ["08:00 succeeded"]);
    await next.stop(0);
  }));
