/** What several schedulers on one lake make of it when one of them dies, sleeps, or cannot write. */
import { LakeError } from "shopflow/errors/mod.ts";
import assert from "node:assert/strict";
import { createDirectoryStore, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { listSchedulers, type Scheduler } from "shopflow/jobs/scheduler/mod.ts";
import { openLedger } from "shopflow/jobs/ledger/mod.ts";
import { leaseKey } from "../../../lib/jobs/scheduler/lease.ts";
import { until } from "../../fixtures/process_state.ts";
import { declared, HOUR, jobSet, MINUTE, waitUntilIdle, withWorld, type World } from "./scheduler_fixture.ts";

const LEASE_MS = 30_000;
const HOURLY = jobSet([{}]);

/** All other schedulers are silent for longer than anyone waits for them; this one sees it, and works on. */
async function outlive(world: World, survivor: Scheduler): Promise<void> {
  await survivor.keepAlive();
  world.leaseTime.elapsed += 2 * LEASE_MS;
  await survivor.keepAlive();
  await survivor.round(true);
  await waitUntilIdle();
}

/** The only run. */
const runOf = async ({ ledger, clock }: World) =>
  (await ledger.runs("refresh", new Date(0), new Date(clock.now)))[0]!;

Deno.test("a scheduler that is silent longer than its lease loses its runs to another, once", () =>
  withWorld(HOURLY, async (world) => {
    const first = await world.scheduler({ owner: "first:1" });
    const second = await world.scheduler({ owner: "second:2" });
    world.pass(30 * MINUTE);
    await first.keepAlive();
    await first.round();
    const run = world.held[0]!;
    await second.keepAlive();
    await second.round(true);
    assert.deepEqual(await world.runs(), ["08:00 running"]);

    await outlive(world, second);
    assert.equal(world.held.length, 2);
    assert.ok(run.lease.heldUntil() < world.leaseTime.elapsed, "what it runs must be dead by now");
    assert.deepEqual(
      (await runOf(world)).attempts.map(({ number, owner, ended }) => [number, owner, ended]),
      [
        [1, "first:1", "lease expired"],
        [2, "second:2", undefined],
      ],
    );

    // The first one wakes: what its run came to does not count, and neither does a step of it.
    assert.equal(await run.stepDone("extract"), false);
    const { ended } = first.active()[0]!;
    await run.finish({ ended: "failed", reason: "exit code 1" });
    assert.equal(await ended, undefined);
    assert.deepEqual(await world.runs(), ["08:00 running"]);
    await first.keepAlive();
    assert.match(world.log.join("\n"), /Lease lost/);

    await world.held[0]!.finish();
    assert.deepEqual(await world.runs(), ["08:00 succeeded"]);
    world.pass(HOUR);
    await first.round();
    assert.deepEqual(
      await world.runs(),
      ["08:00 succeeded", "09:00 running"],
      "it works on, under a new lease",
    );
  }));

Deno.test("a scheduler that finds its lease lost ends its runs", () =>
  withWorld(HOURLY, async (world) => {
    const first = await world.scheduler();
    const second = await world.scheduler({ owner: "second:2" });
    world.pass(30 * MINUTE);
    await first.keepAlive();
    await first.round();
    const run = world.held[0]!;
    await outlive(world, second);
    const found = await listSchedulers(world.store, new Date(world.clock.now));
    assert.ok(found.some(({ fencedBy }) => fencedBy !== undefined));
    await first.keepAlive();
    assert.equal(run.signal.reason, "lease expired");
    assert.equal(first.active().length, 0);
  }));

Deno.test("a scheduler that renews its lease keeps its runs", () =>
  withWorld(HOURLY, async (world) => {
    const first = await world.scheduler();
    const second = await world.scheduler();
    world.pass(30 * MINUTE);
    await first.keepAlive();
    await first.round();
    for (let i = 0; i < 12; i++) {
      world.leaseTime.elapsed += LEASE_MS / 3;
      await first.keepAlive();
      await second.keepAlive();
      await second.round(true);
    }
    assert.deepEqual((await runOf(world)).attempts.map(({ number }) => number), [1]);
  }));

Deno.test("a run that takes its scheduler down each time fails at last", () =>
  withWorld(HOURLY, async (world) => {
    await world.scheduler();
    world.pass(30 * MINUTE);
    for (let i = 0; i < 6; i++) {
      const next = await world.scheduler({ owner: `victim:${i}` });
      await outlive(world, next);
    }
    const { attempts, reason, status } = await runOf(world);
    assert.deepEqual([attempts.length, status], [5, "failed"]);
    assert.match(reason, /5 schedulers died while they ran it/);
  }));

Deno.test("a slot of a pool whose run lost its scheduler is free again", () =>
  withWorld(
    jobSet([{ name: "a", pool: "heavy" }, { name: "b", pool: "heavy" }], { heavy: 1 }),
    async (world) => {
      const first = await world.scheduler({ random: () => 0 });
      const second = await world.scheduler({ owner: "second:2" });
      world.pass(30 * MINUTE);
      await first.keepAlive();
      await first.round();
      assert.equal(world.held.length, 1);
      await outlive(world, second);
      for (let i = 0; i < 2; i++) {
        assert.equal(world.held.length, 2);
        await world.held.at(-1)!.finish();
        await second.round(true);
      }
      assert.deepEqual([await world.runs("a"), await world.runs("b")], [["08:00 succeeded"], [
        "08:00 succeeded",
      ]]);
    },
  ));

Deno.test("a run whose scheduler's record was deleted meanwhile is taken over, also by a program that never saw it", () =>
  withWorld(HOURLY, async (world) => {
    const first = await world.scheduler({ owner: "first:1" });
    const second = await world.scheduler({ owner: "second:2" });
    await second.keepAlive();
    world.pass(30 * MINUTE);
    await first.round();
    const attemptsOf = async () => {
      const [run] = await world.ledger.runs("refresh", new Date(0), new Date(world.clock.now));
      return run!.attempts.map(({ owner, ended }) => [owner, ended]);
    };
    const forget = async () => {
      const { scheduler } = (await world.ledger.jobState("refresh").read()).running!;
      await world.store.delete(leaseKey(scheduler));
    };
    await forget();
    await second.keepAlive();
    await second.round(true);
    assert.deepEqual(await attemptsOf(), [["first:1", "lease expired"], ["second:2", undefined]]);
    await forget();
    await world.scheduler({ owner: "third:3" });
    assert.deepEqual(await attemptsOf(), [["first:1", "lease expired"], ["second:2", "lease expired"], [
      "third:3",
      undefined,
    ]]);
    for (const run of [...world.held]) await run.finish();
  }));

Deno.test("a run whose start failed in the middle is started again", () => {
  const faults: string[] = [];
  return withWorld(HOURLY, async (world) => {
    const store: ObjectStore = {
      ...world.store,
      get(key) {
        // The look at the run after the start is in the ledger.
        if (faults.includes("get") && key.includes("/pages/")) throw new LakeError("the lake cannot be read");
        return world.store.get(key);
      },
      async putIfMatch(key, body, etag) {
        const written = await world.store.putIfMatch(key, body, etag);
        if (key.endsWith("control.json") && faults.includes("armed")) faults.push("get");
        return written;
      },
    };
    const scheduler = await world.scheduler({ ledger: openLedger(store, () => new Date(world.clock.now)) });
    world.pass(30 * MINUTE);
    faults.push("armed");
    await scheduler.round();
    assert.equal(world.held.length, 0);
    faults.length = 0;
    await scheduler.round(true);
    assert.equal(world.held.length, 1);
    await world.held[0]!.finish();
    assert.deepEqual(await world.runs(), ["08:00 succeeded"]);
  });
});

Deno.test("while the lake cannot be written nothing is lost: due runs, ends of runs", () => {
  let full = false;
  const refuse = () => Promise.reject(new LakeError("No space left on device"));
  return withWorld(jobSet([{ catchup: { runs: "all" } }]), async (world) => {
    const scheduler = await world.scheduler({
      ledger: openLedger(
        {
          ...world.store,
          put: (...a) => full ? refuse() : world.store.put(...a),
          putIfAbsent: (...a) => full ? refuse() : world.store.putIfAbsent(...a),
          putIfMatch: (...a) => full ? refuse() : world.store.putIfMatch(...a),
        },
        () => new Date(world.clock.now),
      ),
    });
    world.pass(30 * MINUTE);
    await scheduler.round();
    full = true;
    await world.held[0]!.finish();
    for (let i = 0; i < 3; i++) {
      world.pass(HOUR);
      await scheduler.round();
      await scheduler.keepAlive();
    }
    assert.deepEqual(await world.runs(), ["08:00 running"]);
    assert.match(world.log.join("\n"), /its result cannot be stored yet: No space left/);
    full = false;
    await until(async () => (await world.runs())[0] === "08:00 succeeded");
    await scheduler.keepAlive();
    await scheduler.round(true);
    for (let i = 0; i < 3; i++) {
      await world.held[0]?.finish();
      await scheduler.round(true);
    }
    await waitUntilIdle();
    assert.deepEqual(await world.runs(), [
      "08:00 succeeded",
      "09:00 succeeded",
      "10:00 succeeded",
      "11:00 succeeded",
    ]);
  });
});

Deno.test(
  "a disk that is full in truth loses nothing either",
  { ignore: Deno.build.os !== "linux" },
  async () => {
    // A file system of its own, of 64 KiB, in a name space of its own, where no rights are needed for it.
    const program = new URL("./full_disk_program.ts", import.meta.url).pathname;
    const folder = await Deno.makeTempDir({ prefix: "jobs_disk_" });
    try {
      const { code, stdout, stderr } = await new Deno.Command("unshare", {
        args: [
          "-rm",
          "sh",
          "-c",
          'mount -t tmpfs -o size=96k tmpfs "$1" && exec "$2" run -A "$3" "$1"',
          "sh",
          folder,
          Deno.execPath(),
          program,
        ],
      }).output();
      const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      assert.equal(code, 0, said);
      const { duringFull, after } = JSON.parse(said.match(/^RESULT (.*)$/m)![1]!);
      assert.deepEqual(duringFull, ["08:00 running"]);
      assert.deepEqual(after, ["08:00 succeeded", "09:00 succeeded", "10:00 succeeded"]);
      assert.match(said, /No space left on device/);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

Deno.test("jobs of the same name on two lakes know nothing of each other", async () => {
  const folder = await Deno.makeTempDir({ prefix: "jobs_" });
  try {
    await withWorld(HOURLY, async (world) => {
      await world.scheduler();
      const other = openLedger(createDirectoryStore(folder), () => new Date(world.clock.now));
      world.pass(30 * MINUTE);
      assert.deepEqual(await other.runs(declared().name, new Date(0), new Date(world.clock.now)), []);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
