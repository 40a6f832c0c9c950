import { encodeJson, openStore } from "shopflow/lake/store/mod.ts";
import assert from "node:assert/strict";
import { join } from "node:path";

const POINTER = "snapshots/current.json";

/** A home, and a lake elsewhere that programs open from there. */
async function withLake(
  body: (lake: { home: string; lakeUrl: string; open(): ReturnType<typeof openStore> }) => Promise<void>,
): Promise<void> {
  const parent = await Deno.makeTempDir({ prefix: "shopflow_known_" });
  const home = join(parent, "home"), lakeUrl = join(parent, "mount", "lake");
  try {
    await Deno.mkdir(home);
    await body({ home, lakeUrl, open: () => openStore({ home, lakeUrl, cacheBytes: 0 }) });
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}

const GONE = {
  name: "LakeUnreachableError",
  message: /is gone: expected snapshots\/current\.json/,
};

Deno.test("a program does not take an empty mount point for a new lake where there was one before", () =>
  withLake(async ({ home, lakeUrl, open }) => {
    // A new lake is made without a question, and its programs see it grow.
    const first = open();
    assert.equal(await first.get(POINTER), undefined);
    await first.put(POINTER, encodeJson({}));
    assert.ok(await open().get(POINTER));
    await Deno.rename(lakeUrl, `${lakeUrl}.aside`);
    await Deno.mkdir(lakeUrl);
    for (
      const work of [
        () => open().get("raw/current.json"),
        () => open().list("models/"),
        () => open().put("raw/a.parquet", new Uint8Array(1)),
        () => open().putIfAbsent("raw/current.json", new Uint8Array(1)),
        () => open().moveIn("raw/a.parquet", join(home, "a")),
        () => open().localPath("raw/a.parquet"),
      ]
    ) await assert.rejects(work, GONE);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(lakeUrl)), [], "nothing was written");
    await Deno.remove(lakeUrl);
    await Deno.rename(`${lakeUrl}.aside`, lakeUrl);
    assert.ok(await open().get(POINTER));
    assert.equal(await open().get("raw/current.json"), undefined, "absent is absent while the lake is there");
  }));

Deno.test("the message says how to begin a lake again that was deleted on purpose", () =>
  withLake(async ({ lakeUrl, open }) => {
    await open().put(POINTER, encodeJson({}));
    await open().get(POINTER);
    await Deno.remove(lakeUrl, { recursive: true });
    const error = await open().get(POINTER).catch((error) => error);
    const [, file] = /Check that its disk is mounted.* delete (\S+\.json) and run the command again/.exec(
      error.message,
    )!;
    await Deno.remove(file!);
    const store = open();
    assert.equal(await store.get(POINTER), undefined);
    await store.put(POINTER, encodeJson({}));
    assert.ok(await store.get(POINTER));
  }));

Deno.test("a lake inside of its home goes with it, and is made again without a question", () =>
  withLake(async ({ home }) => {
    const open = () => openStore({ home, lakeUrl: join(home, "lake"), cacheBytes: 0 });
    const running = open();
    await running.put(POINTER, encodeJson({}));
    await running.get(POINTER);
    await Deno.remove(join(home, "lake"), { recursive: true });
    await assert.rejects(running.get(POINTER), GONE, "a program that runs does not mistake it");
    assert.equal(await open().get(POINTER), undefined);
    await open().put(POINTER, encodeJson({}));
    assert.ok(await running.get(POINTER));
  }));

Deno.test("a pointer that is deleted by hand does not make the lake go away", () =>
  withLake(async ({ lakeUrl, open }) => {
    const store = open();
    for (const key of [POINTER, "scores/churn/current.json"]) {
      await store.put(key, encodeJson({}));
      await store.get(key);
    }
    await Deno.remove(join(lakeUrl, POINTER));
    await store.put("raw/orders/1.parquet", new Uint8Array(1));
    assert.equal(await open().get(POINTER), undefined, "another program knows that pointer only");
    assert.equal(await store.get(POINTER), undefined);
    await store.put(POINTER, encodeJson({}));
  }));
