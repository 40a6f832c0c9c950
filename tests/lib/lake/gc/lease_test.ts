/** The lease under which garbage is collected: others wait for it, and no longer; clocks need not agree. */
import { collectGarbage } from "shopflow/lake/gc/mod.ts";
import { currentSnapshotId, listSnapshots, publishSnapshot } from "shopflow/lake/mod.ts";
import { type ObjectStore, swapJson } from "shopflow/lake/store/mod.ts";
import { POINTER, type Pointer, readPointer, readPointerWhenIdle } from "../../../../lib/lake/pointer.ts";
import assert from "node:assert/strict";
import {
  assertReadable,
  at,
  KEEP_ONE,
  keysOf as keys,
  now,
  type SmallLake,
  testOnSmallLake as test,
} from "../lake_with_snapshots.ts";

const HOUR_MS = 60 * 60 * 1000;
/** So short that a test can wait until it is over, and longer. */
const SHORT = { leaseMs: 200 };
const writesLease = (body: Uint8Array) => new TextDecoder().decode(body).includes('collecting"');

/** Publishes two snapshots, the first of which is garbage. */
async function publishTwo({ publish, age }: SmallLake): Promise<void> {
  await publish({ a: ["1"] }, at(1));
  await publish({ a: ["2"] }, at(2));
  await age(at(2));
}

test("a publisher whose clock is an hour ahead waits for a collection that is at work", async (lake) => {
  const { store, put, age } = lake;
  await publishTwo(lake);
  const reused = await put("curated/a/reused.parquet", "an old orphan that a run finds there already");
  await age(at(2));
  const current = await currentSnapshotId(store);
  const content = {
    codeVersion: "v2",
    inputs: {},
    tables: { a: { columns: [], rows: 1, files: [reused] } },
  };
  let publishing: Promise<unknown> | undefined;
  const looked = Promise.withResolvers<void>();
  const publisher: ObjectStore = {
    ...store,
    async get(key) {
      const object = await store.get(key);
      // The second time it has seen the collection at work, or has gone on to look for its files.
      if (key === "snapshots/current.json" && ++looks === 3) looked.resolve();
      return object;
    },
  };
  let looks = 0;
  const slow: ObjectStore = {
    ...store,
    async delete(key, options) {
      publishing ??= publishSnapshot(publisher, content, new Date(now().getTime() + HOUR_MS))
        .then(() => "published", (error: Error) => error.message)
        .finally(looked.resolve);
      await looked.promise;
      await store.delete(key, options);
    },
  };
  await collectGarbage(slow, KEEP_ONE, now);
  assert.match(String(await publishing), /not in the lake: expected .*reused\.parquet/);
  assert.equal(await currentSnapshotId(store), current);
  await assertReadable(store, current!);
});

test("only a collection that was silent for longer than its lease counts as dead", async (lake) => {
  const { store, publish } = lake;
  await publish({ a: ["1"] }, at(1));
  let held = (await readPointer(store))!;
  const write = async (renewals: number) => {
    const value: Pointer = { ...held.value, collecting: { leaseMs: 30_000, renewals } };
    const written = await swapJson(store, POINTER, value, held);
    assert.ok(written);
    held = { value, ...written };
  };
  await write(1);
  let time = 0;
  const renewedUntil = 600_000;
  await readPointerWhenIdle(store, {
    now: () => time,
    async wait() {
      time += 10_000;
      if (time % 20_000 === 0 && time <= renewedUntil) await write(time);
    },
  });
  assert.equal(time, renewedUntil + 50_000);
});

test("a collection that died holds a publish up only until its lease is over", async (lake) => {
  const { store, publish } = lake;
  await publishTwo(lake);
  const dying: ObjectStore = {
    ...store,
    delete: () => Promise.reject(new Error("power cut")),
    // It cannot even take its note out of the pointer.
    putIfMatch: (key, body, etag) =>
      writesLease(body) ? store.putIfMatch(key, body, etag) : Promise.reject(new Error("power cut")),
  };
  // Long enough for a busy machine to come to its first deletion.
  await assert.rejects(collectGarbage(dying, KEEP_ONE, now, { leaseMs: 1000 }), /power cut/);
  assert.ok((await readPointer(store))!.value.collecting);
  const { id } = await publish({ a: ["3"] }, at(3));
  assert.equal(await currentSnapshotId(store), id);
  assert.equal((await readPointer(store))!.value.collecting, undefined);
});

test("a collection that stalled deletes nothing once another run has moved the pointer", async (lake) => {
  const { store, publish } = lake;
  await publishTwo(lake);
  let taken = false;
  const stalled: ObjectStore = {
    ...store,
    async list(prefix) {
      if (prefix === "snapshots/") await publish({ a: ["1"] }, at(3));
      return await store.list(prefix);
    },
    // Renewals do not arrive.
    async putIfMatch(key, body, etag) {
      if (writesLease(body) && taken) throw new Error("no network");
      taken = true;
      return await store.putIfMatch(key, body, etag);
    },
  };
  const before = await keys(store, "curated/");
  await assert.rejects(collectGarbage(stalled, KEEP_ONE, now, SHORT), { name: "LakeError" });
  assert.deepEqual(await keys(store, "curated/"), before);
  await assertReadable(store, (await currentSnapshotId(store))!);
});

test("a deletion that still goes on when the lease is over is told to stop", async (lake) => {
  const { store } = lake;
  await publishTwo(lake);
  let taken = false;
  const before = await keys(store, "");
  const cutOff: ObjectStore = {
    ...store,
    async putIfMatch(key, body, etag) {
      if (taken) throw new Error("no network");
      taken = true;
      return await store.putIfMatch(key, body, etag);
    },
    async delete(key, options) {
      const { signal } = options!;
      await new Promise<void>((resolve) => signal!.addEventListener("abort", () => resolve()));
      await store.delete(key, options);
    },
  };
  await assert.rejects(collectGarbage(cutOff, KEEP_ONE, now, SHORT), /could not renew its lease in time/);
  // It had noted what it was about to delete.
  assert.deepEqual((await keys(store, "")).filter((key) => !key.startsWith("writes/")), before);
});

test("a collection keeps its lease while the store takes long to delete", async (lake) => {
  const { store } = lake;
  await publishTwo(lake);
  let renewed = () => {};
  const slow: ObjectStore = {
    ...store,
    async putIfMatch(key, body, etag) {
      const written = await store.putIfMatch(key, body, etag);
      if (writesLease(body)) renewed();
      return written;
    },
    async delete(key, options) {
      await new Promise<void>((resolve) => renewed = resolve);
      await store.delete(key, options);
    },
  };
  // A deletion at a time, so that each waits for a renewal of its own.
  await collectGarbage(oneAtATime(slow), KEEP_ONE, now, { leaseMs: 2400 });
  assert.equal((await listSnapshots(store)).length, 1);
});

test("the lease is held until the last deletion has ended, also when another one failed", async (lake) => {
  const { store } = lake;
  await publishTwo(lake);
  const held: boolean[] = [];
  let deletions = 0;
  const failed = Promise.withResolvers<void>();
  const failing: ObjectStore = {
    ...store,
    async delete(key, options) {
      // The first batch is the manifest alone.
      if (++deletions === 2) {
        setTimeout(failed.resolve);
        throw new Error("no permission");
      }
      if (deletions > 2) {
        await failed.promise;
        await store.list("");
        held.push((await readPointer(store))!.value.collecting !== undefined);
      }
      await store.delete(key, options);
    },
  };
  await assert.rejects(collectGarbage(failing, KEEP_ONE, now), /no permission/);
  assert.deepEqual(held, [true]);
});

function oneAtATime(store: ObjectStore): ObjectStore {
  let turn: Promise<void> = Promise.resolve();
  return { ...store, delete: (...of) => turn = turn.then(() => store.delete(...of)) };
}
