import assert from "node:assert/strict";
import { createDirectoryStore, encodeJson, readJson } from "shopflow/lake/store/mod.ts";
import { createMemoryStore } from "../../../schedules/simulated_week/simulate_week.ts";

const newStore = () => createMemoryStore("memory", () => new Date("2025-03-24T00:00Z"));

Deno.test("of two writers in memory only the one whose tag is current changes an object", async () => {
  const store = newStore();
  const first = (await store.putIfAbsent("a", encodeJson(1)))!;
  assert.equal(await store.putIfAbsent("a", encodeJson(2)), undefined);
  assert.ok(await store.putIfMatch("a", encodeJson(3), first.etag));
  assert.equal(await store.putIfMatch("a", encodeJson(4), first.etag), undefined);
  assert.equal(await store.putIfMatch("b", encodeJson(5), first.etag), undefined);
  assert.equal((await readJson(store, "a"))!.value, 3);
});

Deno.test("a store in memory lists by prefix, deletes, and is saved whole", async () => {
  const store = newStore();
  for (const key of ["runs/b", "runs/a", "leases/c", "runs/gone"]) await store.put(key, encodeJson(key));
  await store.delete("runs/gone");
  assert.deepEqual((await store.list("runs/")).map(({ key }) => key), ["runs/a", "runs/b"]);
  const folder = await Deno.makeTempDir({ prefix: "memory_store_" });
  try {
    const saved = createDirectoryStore(folder);
    await store.saveTo(saved);
    assert.deepEqual((await saved.list("")).map(({ key }) => key), ["leases/c", "runs/a", "runs/b"]);
    assert.equal((await readJson(saved, "leases/c"))!.value, "leases/c");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
