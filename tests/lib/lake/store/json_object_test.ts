import {
  createDirectoryStore,
  encodeJson,
  encodeSealedJson,
  type ObjectStore,
  readJson,
  readSealedJson,
  updateJson,
} from "shopflow/lake/store/mod.ts";
import assert from "node:assert/strict";
import { z } from "zod";

const KEY = "runs/counter.json";
type Counter = { count: number };

async function withStore(body: (store: ObjectStore) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "shopflow_json_" });
  try {
    await body(createDirectoryStore(folder, { sync: false }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The store as a writer sees it whom another one overtakes so many times. */
function overtaken(store: ObjectStore, times: number): ObjectStore {
  let others = 0;
  return {
    ...store,
    async putIfMatch(key, body, etag, options) {
      if (others++ < times) await store.put(key, encodeJson({ count: 100 * others }));
      return await store.putIfMatch(key, body, etag, options);
    },
  };
}

Deno.test("an object that many writers change at once loses no change", () =>
  withStore(async (store) => {
    const raise = () => updateJson<Counter>(store, KEY, (before) => ({ count: (before?.count ?? 0) + 1 }));
    await Promise.all(Array.from({ length: 8 }, raise));
    assert.deepEqual((await readJson(store, KEY))?.value, { count: 8 });
  }));

Deno.test("a change tells what was there and is there now, with its tag; undefined leaves it", () =>
  withStore(async (store) => {
    const first = await updateJson<Counter>(store, KEY, () => ({ count: 1 }));
    assert.deepEqual(first, { now: { count: 1 }, before: undefined, etag: (await store.get(KEY))?.etag });
    const left = await updateJson<Counter>(store, KEY, () => undefined);
    assert.deepEqual(left, { now: { count: 1 }, before: { count: 1 }, etag: first.etag });
    const second = await updateJson<Counter>(
      store,
      KEY,
      (before) => Promise.resolve({ count: before!.count + 1 }),
    );
    assert.deepEqual([second.before, second.now], [{ count: 1 }, { count: 2 }]);
  }));

Deno.test("who is overtaken waits longer each time, starts from the newer value, and gives up in the end", () =>
  withStore(async (store) => {
    await store.put(KEY, encodeJson({ count: 0 }));
    const waits: number[] = [];
    const wait = (ms: number) => Promise.resolve(void waits.push(ms));
    const raise = (times: number) =>
      updateJson<Counter>(overtaken(store, times), KEY, (before) => ({ count: before!.count + 1 }), { wait });
    assert.deepEqual((await raise(3)).now, { count: 301 });
    assert.equal(waits.length, 3);
    await assert.rejects(raise(Infinity), {
      name: "LakeError",
      message: /counter\.json in the lake .* could not be written: .*20 attempts/,
    });
    assert.ok(waits.every((ms) => ms <= 500) && waits.at(-1)! > waits[0]!);
  }));

Deno.test("a change may refuse, and the value may come from a reader of one's own", () =>
  withStore(async (store) => {
    await store.put(KEY, encodeJson({ count: 5 }));
    const refuse = updateJson<Counter>(store, KEY, () => {
      throw new Error("not now");
    });
    await assert.rejects(refuse, /not now/);
    let reads = 0;
    const read = () => (reads++, readJson<Counter>(store, KEY));
    assert.deepEqual((await updateJson(store, KEY, (before) => before, { read })).now, { count: 5 });
    assert.equal(reads, 1);
  }));

Deno.test("an object that is no JSON or of another shape is an error that names it", () =>
  withStore(async (store) => {
    const shape = z.object({ count: z.number() });
    await store.put(KEY, new TextEncoder().encode("{ torn"));
    await assert.rejects(readJson(store, KEY, shape), {
      name: "LakeError",
      message: /expected JSON, found 6 bytes/,
    });
    await store.put(KEY, encodeJson({ count: "many" }));
    const change = updateJson<Counter>(store, KEY, () => ({ count: 1 }), { shape });
    await assert.rejects(change, { name: "LakeError", message: /counter\.json in the lake .*found count: / });
  }));

Deno.test("a sealed object that was changed by hand is noticed, its layout does not count", () =>
  withStore(async (store) => {
    const options = { remedy: "Restore it." };
    await store.put(KEY, encodeSealedJson({ count: 1, more: undefined }));
    assert.deepEqual((await readSealedJson(store, KEY, options))?.value, { count: 1 });
    const text = new TextDecoder().decode((await store.get(KEY))?.body);
    await store.put(KEY, new TextEncoder().encode(JSON.stringify(JSON.parse(text))));
    assert.deepEqual((await readSealedJson(store, KEY, options))?.value, { count: 1 });
    await store.put(KEY, new TextEncoder().encode(text.replace('"count": 1', '"count": 2')));
    await assert.rejects(readSealedJson(store, KEY, options), {
      message: /was changed since .*Restore it\./,
    });
    await store.put(KEY, encodeJson({ count: 1 }));
    await assert.rejects(readSealedJson(store, KEY, options), { message: /expected a hash of its content/ });
  }));
