import { collectGarbage, plannedGarbage } from "shopflow/lake/gc/mod.ts";
import {
  currentSnapshotId,
  listSnapshots,
  publishSnapshot,
  readManifest,
  rollBack,
} from "shopflow/lake/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { basename, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import fc from "fast-check";
import {
  assertReadable,
  at,
  KEEP_ONE,
  keysOf as keys,
  now,
  testOnSmallLake as test,
  withSmallLake,
} from "../lake_with_snapshots.ts";

const STAGING = ".shopflow_staging";

test("a collection removes old snapshots, their files and raw files, and nothing that a kept one names", async (lake) => {
  const { store, publish, age } = lake;
  const first = await publish({ a: ["1"], b: ["shared"] }, at(1));
  const second = await publish({ a: ["2"], b: ["shared"] }, at(2));
  await store.put("models/churn/v1/card.json", new TextEncoder().encode("{}"));
  await store.put("scores/churn/x.parquet", new Uint8Array(3));
  await age(at(3));
  const planned = await plannedGarbage(store, KEEP_ONE, now());
  const before = await keys(store, "");
  assert.equal(before.length, 11);

  const garbage = await collectGarbage(store, KEEP_ONE, now);
  assert.deepEqual(
    [...garbage!.manifests, ...garbage!.files].map(({ key }) => key),
    [...planned!.manifests, ...planned!.files].map(({ key }) => key),
  );
  const gone = [`snapshots/${first.id}.json`, first.tables.a!.files[0]!.key, first.inputs.orders![0]!.key];
  assert.deepEqual(before.filter((key) => !gone.includes(key)), await keys(store, ""));
  await assertReadable(store, second.id);
  assert.deepEqual((await listSnapshots(store)).map(({ id, status }) => [id, status]), [
    [second.id, "current"],
  ]);
});

test("files of runs in progress stay, named by a manifest or not, until they are old", async (lake) => {
  const { store, publish, put, age } = lake;
  await publish({ a: ["1"] }, at(1));
  const orphan = await put("curated/a/orphan.parquet", "half a run");
  const raw = await put("raw/orders/killed.parquet", "half an extract");
  const kept = await collectGarbage(store, KEEP_ONE, () => new Date());
  assert.deepEqual([kept!.manifests, kept!.files], [[], []]);
  await age(at(1));
  const { files } = (await collectGarbage(store, KEEP_ONE, now))!;
  assert.deepEqual(files.map(({ key }) => key).sort(), [orphan.key, raw.key]);
});

test("what killed writes left in the store's staging folder is removed when it is old", async (lake) => {
  const { store, folder, publish } = lake;
  await publish({ a: ["1"] }, at(1));
  const [old, young] = [randomUUID(), randomUUID()].map((name) => join(folder, STAGING, name)) as [
    string,
    string,
  ];
  for (const path of [old, young]) await Deno.writeTextFile(path, "half");
  await Deno.utime(old, at(1), at(1));
  const { unfinished } = (await collectGarbage(store, KEEP_ONE, () => new Date()))!;
  assert.deepEqual(unfinished.map(({ name }) => name), [`${STAGING}/${basename(old)}`]);
  const left = (await Array.fromAsync(Deno.readDir(join(folder, STAGING)))).map(({ name }) => name);
  assert.deepEqual(left.sort(), [basename(young), "lock", "reserve"].sort());
});

test("a file that anything in a manifest or extract names stays, whatever the field is called", async (lake) => {
  const { store, publish, put, age } = lake;
  const { id } = await publish({ a: ["1"] }, at(1));
  const lineage = await put("raw/orders/lineage.parquet", "named by lineage");
  const beside = await put("raw/events/beside.parquet", "named by an object of a newer version");
  const { id: _, createdAt: __, ...content } = await readManifest(store, id);
  const putJson = (key: string, value: unknown) =>
    store.put(key, new TextEncoder().encode(JSON.stringify(value)));
  const withLineage = { ...content, further: { deep: [{ file: lineage.key }] } };
  await publishSnapshot(store, withLineage, at(1));
  await putJson("raw/events.json", { files: { [beside.key]: 3 } });
  await age(at(1));
  assert.deepEqual((await collectGarbage(store, KEEP_ONE, now))!.files, []);
});

test("the snapshots of a rollback stay, and collecting keeps the rollback noted", async (lake) => {
  const { store, publish, age } = lake;
  const ids: string[] = [];
  for (let day = 1; day <= 4; day++) ids.push((await publish({ a: [`${day}`] }, at(day))).id);
  await rollBack(store, ids[0]!, at(5));
  await age(at(5));
  const { kept } = (await collectGarbage(store, KEEP_ONE, now))!;
  assert.deepEqual(new Set(kept), new Set([ids[0], ids[3]]));
  assert.deepEqual((await listSnapshots(store)).map(({ status }) => status), ["rolled back", "current"]);
});

test("a publish during a collection waits for it, then finds its file gone and leaves the old snapshot", async (lake) => {
  const { store, publish, put, age } = lake;
  const current = await publish({ a: ["1"] }, at(1));
  const reused = await put("curated/a/reused.parquet", "an old orphan that a run finds there already");
  await age(at(1));
  const content = {
    codeVersion: "v2",
    inputs: {},
    tables: { a: { columns: [], rows: 1, files: [reused] } },
  };
  let publishing: Promise<unknown> | undefined;
  // The run publishes once the collection has read all manifests and before it deletes the first file.
  const slow: ObjectStore = {
    ...store,
    async delete(key) {
      publishing ??= assert.rejects(publishSnapshot(store, content, now()), {
        name: "LakeError",
        message: /not in the lake: expected .*reused\.parquet/,
      });
      // Time enough for a publish that does not wait.
      await delay(100);
      return await store.delete(key);
    },
  };
  await collectGarbage(slow, KEEP_ONE, now);
  await publishing;
  assert.equal(await currentSnapshotId(store), current.id);
  await assertReadable(store, current.id);
});

test("a publish whose manifest is there before a collection begins is left complete by it", async (lake) => {
  const { store, publish, put, age } = lake;
  await publish({ a: ["1"] }, at(1));
  const reused = await put("curated/a/reused.parquet", "an old orphan");
  await age(at(1));
  const content = {
    codeVersion: "v2",
    inputs: {},
    tables: { a: { columns: [], rows: 1, files: [reused] } },
  };
  let collected = false;
  // The collection runs after the publish has looked at its files and before it swaps the pointer.
  const interrupted: ObjectStore = {
    ...store,
    async putIfMatch(key, body, etag) {
      if (!collected) {
        collected = true;
        await collectGarbage(store, KEEP_ONE, now);
      }
      return await store.putIfMatch(key, body, etag);
    },
  };
  const { id } = await publishSnapshot(interrupted, content, now());
  assert.equal(await currentSnapshotId(store), id);
  await assertReadable(store, id);
});

test("a rollback to a snapshot that a collection deletes at that moment fails and changes nothing", async (lake) => {
  const { store, publish, age } = lake;
  const first = await publish({ a: ["1"] }, at(1));
  const second = await publish({ a: ["2"] }, at(2));
  await age(at(2));
  let collected = false;
  const interrupted: ObjectStore = {
    ...store,
    async putIfMatch(key, body, etag) {
      if (!collected) {
        collected = true;
        await collectGarbage(store, KEEP_ONE, now);
      }
      return await store.putIfMatch(key, body, etag);
    },
  };
  await assert.rejects(rollBack(interrupted, first.id, now()), { message: /not in the lake/ });
  assert.equal(await currentSnapshotId(store), second.id);
  await assertReadable(store, second.id);
});

test("a lake where nothing was published has no garbage, and a retention of nothing is refused", async ({ store }) => {
  assert.equal(await collectGarbage(store, KEEP_ONE, now), undefined);
  await assert.rejects(collectGarbage(store, { keep: 0, minimumAgeMs: 0 }, now), { message: /at least one/ });
});

Deno.test("whatever is published, rolled back and collected, every kept snapshot stays readable", async () => {
  const step = fc.oneof(
    fc.record({
      do: fc.constant("publish" as const),
      texts: fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 }),
    }),
    fc.record({ do: fc.constant("roll back" as const), to: fc.nat(9) }),
    fc.record({
      do: fc.constant("collect" as const),
      keep: fc.integer({ min: 1, max: 3 }),
      old: fc.boolean(),
    }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 14 }),
      (steps) =>
        withSmallLake(async ({ store, publish, age }) => {
          for (const [day, action] of steps.entries()) {
            const snapshots = await listSnapshots(store);
            const current = await currentSnapshotId(store);
            if (action.do === "publish") await publish({ a: action.texts.map(String) }, at(day));
            if (action.do === "roll back" && snapshots.length > 0) {
              const { id } = snapshots[action.to % snapshots.length]!;
              if (id !== current) await rollBack(store, id, at(day));
            }
            if (action.do === "collect") {
              if (action.old) await age(at(day));
              const garbage = await collectGarbage(
                store,
                { keep: action.keep, minimumAgeMs: 0 },
                () => at(day),
              );
              assert.equal(await currentSnapshotId(store), current);
              if (garbage) assert.ok(garbage.kept.length >= Math.min(action.keep, snapshots.length));
              // Twice finds nothing more.
              const again = await plannedGarbage(store, { keep: action.keep, minimumAgeMs: 0 }, at(day));
              if (again) assert.deepEqual([again.manifests, again.files], [[], []]);
            }
            for (const { id } of await listSnapshots(store)) await assertReadable(store, id);
          }
        }),
    ),
    { numRuns: 25, seed: 7 },
  );
});
