import assert from "node:assert/strict";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import { listSchedulers } from "shopflow/jobs/scheduler/mod.ts";
import {
  type LeaseClock,
  takeSchedulerLease,
  watchSchedulers,
} from "../../../../lib/jobs/scheduler/lease.ts";
import { createMemoryStore } from "../../../../schedules/simulated_week/simulate_week.ts";

const now = () => new Date();
const take = (store: ObjectStore, clock?: LeaseClock) =>
  takeSchedulerLease(store, { id: "one", owner: "here:1", leaseMs: 60_000, now, clock });

Deno.test("renewals that are asked for at the same time do not look like those of another", async () => {
  const lease = await take(createMemoryStore("memory", now));
  await Promise.all([lease.renew(), lease.renew(), lease.renew()]);
  assert.equal(lease.lost.aborted, false);
});

Deno.test("a renewal that was written but whose answer got lost is no loss of the lease", async () => {
  const store = createMemoryStore("memory", now);
  let answers = true;
  const lease = await take({
    ...store,
    async putIfMatch(...write) {
      const written = await store.putIfMatch(...write);
      if (!answers) throw new Error("connection reset");
      return written;
    },
  });
  answers = false;
  await assert.rejects(lease.renew(), /connection reset/);
  answers = true;
  await lease.renew();
  assert.equal(lease.lost.aborted, false);
  assert.ok(lease.mayStart());
});

Deno.test("after a sleep of the machine longer than the lease nothing starts before it is renewed", async () => {
  let timeOfDay = 0;
  const clock = { elapsed: () => 1000, timeOfDay: () => timeOfDay };
  const lease = await take(createMemoryStore("memory", now), clock);
  // What passed meanwhile is on the clock of the day only.
  timeOfDay += 61_000;
  assert.equal(lease.mayStart(), false);
  assert.ok(lease.heldUntil() < clock.elapsed());
  await lease.renew();
  assert.equal(lease.mayStart(), true);
});

Deno.test("those who keep a lease are told of each renewal until they no longer want to know", async () => {
  const lease = await take(createMemoryStore("memory", now));
  let renewed = 0;
  const end = lease.onRenewal(() => renewed++);
  await lease.renew();
  end();
  await lease.renew();
  assert.equal(renewed, 1);
});

Deno.test("what other programs have beside the records of schedulers is neither fenced nor deleted", async () => {
  const longAgo = () => new Date(0);
  const store = createMemoryStore("memory", longAgo);
  const theirs = {
    "leases/schedulers/house.json": '{"stopped":true,"tenant":"someone"}',
    "leases/schedulers/flat.json": '{"id":"another","leaseMs":1,"heartbeatAt":"1999-01-01"}',
    "leases/schedulers/notes.txt": "not JSON",
  };
  for (const [key, text] of Object.entries(theirs)) await store.put(key, new TextEncoder().encode(text));
  await take(store);
  const watch = watchSchedulers(store, { self: () => "two", now, trustClocks: true });
  await watch.look();
  await watch.look();
  for (const [key, text] of Object.entries(theirs)) {
    assert.equal(new TextDecoder().decode((await store.get(key))?.body), text, key);
  }
  assert.deepEqual((await listSchedulers(store, now())).map(({ id }) => id), ["one"]);
});

Deno.test("one that is silent is fenced after one and a half leases that its watcher saw, not before", async () => {
  const store = createMemoryStore("memory", now);
  const lease = await take(store);
  let elapsed = 0;
  const clock = { elapsed: () => elapsed, timeOfDay: () => 0 };
  const watch = watchSchedulers(store, { self: () => "two", now, clock });
  assert.deepEqual([...await watch.look()], []);
  elapsed = 89_000;
  assert.deepEqual([...await watch.look()], []);
  await lease.renew();
  elapsed = 100_000;
  assert.deepEqual([...await watch.look()], [], "it gave a sign of life");
  elapsed = 189_000;
  assert.deepEqual([...await watch.look()], []);
  elapsed = 191_000;
  assert.deepEqual([...await watch.look()], ["one"]);
  await lease.renew();
  assert.ok(lease.lost.aborted);
});
