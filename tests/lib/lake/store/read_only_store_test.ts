import { createDirectoryStore, readOnlyStore } from "shopflow/lake/store/mod.ts";
import assert from "node:assert/strict";

Deno.test("a read-only store reads everything and changes nothing", async () => {
  const folder = await Deno.makeTempDir({ prefix: "shopflow_read_only_" });
  try {
    const store = createDirectoryStore(folder, { sync: false });
    const body = new Uint8Array([1]);
    const { etag } = await store.put("a", body);
    const reader = readOnlyStore(store);
    assert.deepEqual((await reader.get("a"))?.body, body);
    const changes = [
      () => reader.put("a", new Uint8Array([2])),
      () => reader.putIfAbsent("b", body),
      () => reader.putIfMatch("a", new Uint8Array([2]), etag),
      () => reader.moveIn("b", "/nowhere"),
      () => reader.delete("a"),
    ];
    for (const change of changes) {
      await assert.rejects(change, { name: "LakeError", message: /cannot be changed here.*reading only/ });
    }
    assert.deepEqual((await store.list("")).map(({ key, size }) => [key, size]), [["a", 1]]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
