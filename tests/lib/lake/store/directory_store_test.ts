import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { objectStoreContract } from "../../../contracts/object_store_contract.ts";

async function openTemporary() {
  const folder = await Deno.makeTempDir({ prefix: "shopflow_store_" });
  return {
    store: createDirectoryStore(folder),
    remove: () => Deno.remove(folder, { recursive: true }),
  };
}

objectStoreContract("directory store", openTemporary, (store) => createDirectoryStore(store.url));

Deno.test("a directory store leaves no staging files behind", async () => {
  const { store, remove } = await openTemporary();
  try {
    const body = new Uint8Array([1]);
    const { etag } = await store.put("a", body);
    await store.putIfAbsent("a", body);
    await store.putIfMatch("a", body, "another tag");
    await store.putIfMatch("a", body, etag);
    const names = (await Array.fromAsync(Deno.readDir(join(store.url, ".shopflow_staging")))).map((entry) =>
      entry.name
    );
    assert.deepEqual(names.sort(), ["lock", "reserve"]);
  } finally {
    await remove();
  }
});

Deno.test("a lake in a place that is a file is an error that names the setting", async () => {
  const { store, remove } = await openTemporary();
  try {
    await store.put("file", new Uint8Array([1]));
    const broken = createDirectoryStore(join(store.url, "file"));
    await assert.rejects(broken.put("a/b", new Uint8Array([1])), {
      name: "LakeError",
      message: /Cannot write "a\/b" in the lake .*SHOPFLOW_LAKE/s,
    });
  } finally {
    await remove();
  }
});

Deno.test("deleting a key removes an object and no folder, also when the folder is or becomes empty", async () => {
  const { store, remove } = await openTemporary();
  try {
    await store.put("a/b/object", new Uint8Array([1]));
    await Deno.mkdir(join(store.url, "empty"));
    for (const key of ["a/b/object", "a/b", "empty"]) await store.delete(key);
    for (const folder of ["a/b", "empty"]) {
      assert.ok((await Deno.stat(join(store.url, folder))).isDirectory, folder);
    }
  } finally {
    await remove();
  }
});

Deno.test("every write reaches the disk before it appears, unless the store is told not to wait", async () => {
  const folder = await Deno.makeTempDir({ prefix: "shopflow_store_" });
  const { syncData } = Deno.FsFile.prototype;
  let syncs = 0;
  try {
    for (const sync of [true, false]) {
      const store = createDirectoryStore(join(folder, String(sync)), { sync });
      await store.put("first", new Uint8Array([1]));
      syncs = 0;
      // Nothing is in its place while the disk is waited for.
      Deno.FsFile.prototype.syncData = async function () {
        syncs++;
        await syncData.call(this);
        assert.deepEqual((await store.list("new/")).length, syncs - 1);
      };
      const file = join(folder, "local");
      await Deno.writeFile(file, new Uint8Array([2]));
      await store.put("new/1", new Uint8Array([1]));
      await store.moveIn("new/2", file);
      assert.equal(syncs, sync ? 2 : 0);
      assert.equal((await store.list("new/")).length, 2);
      Deno.FsFile.prototype.syncData = syncData;
    }
  } finally {
    Deno.FsFile.prototype.syncData = syncData;
    await Deno.remove(folder, { recursive: true });
  }
});
