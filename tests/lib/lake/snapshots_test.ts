import { createDirectoryStore, type ObjectStore } from "shopflow/lake/store/mod.ts";
import {
  currentSnapshot,
  currentSnapshotId,
  type Manifest,
  publishSnapshot,
  readManifest,
  rollBack,
} from "shopflow/lake/mod.ts";
import assert from "node:assert/strict";

const NOW = new Date("2024-06-01T00:00:00Z");
const FILES = ["raw/orders/1.parquet", "curated/fact_orders/bb.parquet"];
const content = (codeVersion: string): Omit<Manifest, "id" | "createdAt"> => ({
  codeVersion,
  inputs: { orders: [{ key: "raw/orders/1.parquet", rows: 1, size: 10, sha256: "aa" }] },
  tables: {
    fact_orders: {
      columns: [{ name: "order_id", type: "VARCHAR" }],
      rows: 1,
      files: [{ key: "curated/fact_orders/bb.parquet", rows: 1, size: 10, sha256: "bb" }],
    },
  },
});

function test(sentence: string, body: (store: ObjectStore) => Promise<void>): void {
  Deno.test(sentence, async () => {
    const folder = await Deno.makeTempDir({ prefix: "shopflow_snapshots_" });
    try {
      const store = createDirectoryStore(folder, { sync: false });
      // The files that `content` names: a snapshot whose files are missing is not published.
      for (const key of FILES) await store.put(key, new Uint8Array(10));
      await body(store);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

test("a published snapshot is the current one and says what it was made from", async (store) => {
  const published = await publishSnapshot(store, content("v1"), NOW);
  assert.equal(await currentSnapshotId(store), published.id);
  assert.deepEqual(await readManifest(store), {
    id: published.id,
    createdAt: "2024-06-01T00:00:00.000Z",
    ...content("v1"),
  });
});

test("a snapshot that names a file which is not in the lake is not published", async (store) => {
  const old = await publishSnapshot(store, content("v1"), NOW);
  await store.delete("curated/fact_orders/bb.parquet");
  await assert.rejects(publishSnapshot(store, content("v2"), NOW), {
    name: "LakeError",
    message: /not in the lake: expected curated\/fact_orders\/bb\.parquet.*Run the pipeline again/,
  });
  assert.equal(await currentSnapshotId(store), old.id);
});

test("the same content published later keeps its id and its first date", async (store) => {
  const first = await publishSnapshot(store, content("v1"), NOW);
  const again = await publishSnapshot(store, content("v1"), new Date("2025-01-01"));
  assert.deepEqual(again, first);
});

test("older snapshots stay readable by id", async (store) => {
  const first = await publishSnapshot(store, content("v1"), NOW);
  const second = await publishSnapshot(store, content("v2"), NOW);
  assert.notEqual(first.id, second.id);
  assert.equal((await readManifest(store, first.id)).codeVersion, "v1");
  assert.equal((await readManifest(store)).codeVersion, "v2");
});

test("publish leaves the old snapshot readable when the process dies before the pointer moves", async (store) => {
  const old = await publishSnapshot(store, content("v1"), NOW);
  const dying: ObjectStore = { ...store, putIfMatch: () => Promise.reject(new Error("power cut")) };
  await assert.rejects(publishSnapshot(dying, content("v2"), NOW), /power cut/);
  assert.deepEqual(await readManifest(store), old);
  const rerun = await publishSnapshot(store, content("v2"), NOW);
  assert.equal(await currentSnapshotId(store), rerun.id);
});

test("of two runs that publish at once the one that moves the pointer second gets an error", async (store) => {
  await publishSnapshot(store, content("v0"), NOW);
  // The other run publishes after this one has read the pointer and before it moves it.
  const slow: ObjectStore = {
    ...store,
    async putIfAbsent(key, body) {
      await publishSnapshot(store, content("other"), NOW);
      return await store.putIfAbsent(key, body);
    },
  };
  await assert.rejects(publishSnapshot(slow, content("v1"), NOW), {
    name: "LakeError",
    message: /at the same time.*Run the pipeline again/,
  });
  assert.equal((await readManifest(store)).codeVersion, "other");
});

test("a run that was overtaken does not put its older tables over the newer ones", async (store) => {
  await publishSnapshot(store, content("v1"), NOW);
  const old = await currentSnapshot(store);
  const newer = await publishSnapshot(store, content("v2"), NOW, { replaces: old });
  await assert.rejects(publishSnapshot(store, content("v3"), NOW, { replaces: old }), {
    name: "LakeError",
    message: new RegExp(`at the same time.*found snapshot ${newer.id}`),
  });
  await assert.rejects(publishSnapshot(store, content("v3"), NOW, { replaces: null }), { name: "LakeError" });
  assert.equal(await currentSnapshotId(store), newer.id);
});

test("a run that began before a rollback does not undo it, though the same snapshot is current again", async (store) => {
  const first = await publishSnapshot(store, content("v1"), NOW);
  const began = await currentSnapshot(store);
  await publishSnapshot(store, content("v2"), NOW);
  await rollBack(store, first.id, NOW);
  await assert.rejects(publishSnapshot(store, content("v3"), NOW, { replaces: began }), {
    name: "LakeError",
    message: new RegExp(`at the same time.*found snapshot ${first.id}, current since`),
  });
  assert.equal(await currentSnapshotId(store), first.id);
  await publishSnapshot(store, content("v3"), NOW, { replaces: await currentSnapshot(store) });
  assert.notEqual(await currentSnapshotId(store), first.id);
});

test("an empty lake says that nothing was published and what to run", async (store) => {
  assert.equal(await currentSnapshotId(store), undefined);
  await assert.rejects(readManifest(store), {
    name: "LakeError",
    message: /no published snapshot.*deno task pipeline run all/,
  });
});

test("a snapshot that does not exist is named", async (store) => {
  await assert.rejects(readManifest(store, "0123"), { name: "LakeError", message: /has no snapshot 0123/ });
});

test("a pointer or manifest that is not what it should be is an error that names the file", async (store) => {
  const put = (key: string, text: string) => store.put(key, new TextEncoder().encode(text));
  await put("snapshots/current.json", "{ torn");
  await assert.rejects(readManifest(store), {
    name: "LakeError",
    message: /snapshots\/current\.json.*expected JSON/,
  });
  await put("snapshots/current.json", '{"snap":"x"}');
  await assert.rejects(readManifest(store), {
    name: "LakeError",
    message: /snapshots\/current\.json.*snapshot/,
  });
  await put("snapshots/current.json", '{"snapshot":"x","publishedAt":"2024","moves":["2024"]}');
  await put("snapshots/x.json", '{"id":"x","tables":[]}');
  await assert.rejects(readManifest(store), {
    name: "LakeError",
    message: /snapshots\/x\.json.*cannot be read/,
  });
});

test("a manifest that was changed by one character is refused, and written again by a publish", async (store) => {
  const { id } = await publishSnapshot(store, content("v1"), NOW);
  const key = `snapshots/${id}.json`;
  const text = new TextDecoder().decode((await store.get(key))!.body);
  for (const damaged of [text.replace('"rows": 1', '"rows": 7'), text.replace(id, id.replace(/^./, "_"))]) {
    await store.put(key, new TextEncoder().encode(damaged));
    await assert.rejects(readManifest(store), {
      name: "LakeError",
      message: /snapshots\/.*\.json in the lake .* was changed since it was written.*lake rollback/,
    });
    assert.equal((await publishSnapshot(store, content("v1"), NOW)).id, id);
  }
});
