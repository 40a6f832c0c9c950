/** The lease under which garbage is collected: others wait for it, and no longer. */
import { collectGarbage, currentSnapshotId, listSnapshots, type ObjectStore } from "shopflow/lake/mod.ts";
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import {
  assertReadable,
  at,
  KEEP_ONE,
  keysOf as keys,
  now,
  testOnSmallLake as test,
} from "./lake_with_snapshots.ts";

test("a collection that died holds a publish up only until its lease ends", async (lake) => {
  const { store, publish, age } = lake;
  await publish({ a: ["1"] }, at(1));
  await publish({ a: ["2"] }, at(2));
  await age(at(2));
  const dying: ObjectStore = {
    ...store,
    delete: () => Promise.reject(new Error("power cut")),
    // It cannot even take its note out of the pointer.
    putIfMatch: (key, body, etag) =>
      new TextDecoder().decode(body).includes("collectingUntil")
        ? store.putIfMatch(key, body, etag)
        : Promise.reject(new Error("power cut")),
  };
  await assert.rejects(collectGarbage(dying, KEEP_ONE, now), /power cut/);
  const { id } = await publish({ a: ["3"] }, new Date(now().getTime() + 61_000));
  assert.equal(await currentSnapshotId(store), id);
});

test("a collection whose lease ended stops when another run has moved the pointer", async (lake) => {
  const { store, publish, age } = lake;
  await publish({ a: ["1"] }, at(1));
  await publish({ a: ["2"] }, at(2));
  await age(at(2));
  let time = now().getTime();
  const stalled: ObjectStore = {
    ...store,
    async list(prefix) {
      if (prefix === "snapshots/") {
        time += 61_000;
        await publish({ a: ["1"] }, new Date(time));
      }
      return await store.list(prefix);
    },
  };
  const before = await keys(store, "curated/");
  await assert.rejects(collectGarbage(stalled, KEEP_ONE, () => new Date(time)), { name: "LakeError" });
  assert.deepEqual(await keys(store, "curated/"), before);
  await assertReadable(store, (await currentSnapshotId(store))!);
});

test("a collection keeps its lease while the store takes long to delete", async (lake) => {
  const { store, publish, age } = lake;
  await publish({ a: ["1"] }, at(1));
  await publish({ a: ["2"] }, at(2));
  await age(at(2));
  const renewed: number[] = [];
  const slow: ObjectStore = {
    ...store,
    async putIfMatch(key, body, etag) {
      if (new TextDecoder().decode(body).includes("collectingUntil")) renewed.push(performance.now());
      return await store.putIfMatch(key, body, etag);
    },
    async delete(key) {
      const asked = performance.now();
      await delay(10_500);
      assert.ok(renewed.some((time) => time > asked), "the lease was renewed meanwhile");
      await store.delete(key);
    },
  };
  await collectGarbage(slow, KEEP_ONE, () => new Date());
  assert.equal((await listSnapshots(store)).length, 1);
});
