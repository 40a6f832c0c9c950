import assert from "node:assert/strict";
import { createDirectoryStore } from "shopflow/lake/mod.ts";
import { takeLease } from "shopflow/jobs/mod.ts";

Deno.test("a lease has one owner among many who try at once, and is free again after its release", async () => {
  await withStore(async (store, clock) => {
    const tries = Array.from(
      { length: 8 },
      (_, i) => takeLease(store, "jobs/train", options(`p${i}`, clock)),
    );
    const taken = (await Promise.all(tries)).flatMap((result) => "lease" in result ? [result.lease] : []);
    assert.equal(taken.length, 1);
    await taken[0]!.release();
    assert.ok("lease" in await takeLease(store, "jobs/train", options("next", clock)));
  });
});

Deno.test("a held lease tells its owner, and passes on when its owner died and the time is over", async () => {
  await withStore(async (store, clock) => {
    const dead = await takeLease(store, "jobs/train", options("dead", clock));
    clock.now += 999;
    const refused = await takeLease(store, "jobs/train", options("heir", clock));
    assert.deepEqual(refused, { heldBy: "dead", until: new Date(1000).toISOString() });
    clock.now += 1;
    assert.ok("lease" in await takeLease(store, "jobs/train", options("heir", clock)));

    assert.ok("lease" in dead);
    await dead.lease.release();
    const third = await takeLease(store, "jobs/train", options("third", clock));
    assert.ok("heldBy" in third && third.heldBy === "heir", "a late release does not touch the heir's lease");
  });
});

Deno.test("leases of different jobs do not meet", async () => {
  await withStore(async (store, clock) => {
    assert.ok("lease" in await takeLease(store, "jobs/train", options("a", clock)));
    assert.ok("lease" in await takeLease(store, "jobs/score", options("b", clock)));
  });
});

const options = (owner: string, clock: { now: number }) => ({
  owner,
  ttlMs: 1000,
  now: () => new Date(clock.now),
});

async function withStore(
  body: (store: ReturnType<typeof createDirectoryStore>, clock: { now: number }) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "lease_" });
  try {
    await body(createDirectoryStore(folder), { now: 0 });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
