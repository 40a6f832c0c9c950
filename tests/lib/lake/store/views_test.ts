import { LakeError } from "shopflow/errors/mod.ts";
import { setLogLevel } from "shopflow/runtime/mod.ts";
import assert from "node:assert/strict";
import {
  createDirectoryStore,
  createOverlayStore,
  type ObjectStore,
  openStore,
  readOnlyStore,
} from "shopflow/lake/store/mod.ts";
import { join } from "node:path";
import { TEST_S3_URL, testWith } from "../../../requirements.ts";

async function withHome(body: (home: string) => Promise<void>): Promise<void> {
  const home = await Deno.makeTempDir({ prefix: "shopflow_open_" });
  try {
    await body(home);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

Deno.test("a folder is opened as a folder", () =>
  withHome(async (home) => {
    const store = openStore({ home, lakeUrl: join(home, "lake"), cacheBytes: 0 });
    await store.put("a", new Uint8Array([1]));
    assert.deepEqual(await Deno.readFile(join(home, "lake", "a")), new Uint8Array([1]));
  }));

testWith(
  ["s3"],
  "an address in S3 is opened there, with its copies under SHOPFLOW_HOME",
  () =>
    withHome(async (home) => {
      const lakeUrl = `${TEST_S3_URL}/${crypto.randomUUID()}`;
      const store = openStore({ home, lakeUrl, cacheBytes: 1000 });
      assert.equal(store.url, lakeUrl);
      const { etag } = (await store.putIfAbsent("t/1.parquet", new Uint8Array([1])))!;
      assert.ok(await store.putIfMatch("t/1.parquet", new Uint8Array([2]), etag));
      const path = await store.localPath("t/1.parquet");
      assert.ok(path.startsWith(join(home, "cache")), path);
      assert.deepEqual((await store.list("t/")).map(({ key }) => key), ["t/1.parquet"]);
      await store.delete("t/1.parquet");
      assert.equal(await store.stat("t/1.parquet"), undefined);
    }),
);

const bytes = (text: string) => new TextEncoder().encode(text);

async function withOverlay(body: (base: ObjectStore, overlay: ObjectStore) => Promise<void>): Promise<void> {
  const folders = [await Deno.makeTempDir(), await Deno.makeTempDir()] as const;
  try {
    const base = createDirectoryStore(folders[0], { sync: false });
    await base.put("a", bytes("base"));
    await body(base, createOverlayStore(base, createDirectoryStore(folders[1], { sync: false })));
  } finally {
    for (const folder of folders) await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("an overlay shows what is beneath and what was written to it, and leaves the store beneath alone", () =>
  withOverlay(async (base, overlay) => {
    await overlay.put("a", bytes("top"));
    await overlay.put("b", bytes("new"));
    assert.equal(new TextDecoder().decode((await overlay.get("a"))!.body), "top");
    assert.deepEqual((await overlay.list("")).map(({ key }) => key), ["a", "b"]);
    assert.equal(await Deno.readTextFile(await overlay.localPath("a")), "top");
    assert.equal(new TextDecoder().decode((await base.get("a"))!.body), "base");
    assert.deepEqual((await base.list("")).map(({ key }) => key), ["a"]);
    await assert.rejects(overlay.delete("a"), { name: "LakeError" });
  }));

Deno.test("conditional writes to an overlay compare with what it shows", () =>
  withOverlay(async (_, overlay) => {
    assert.equal(await overlay.putIfAbsent("a", bytes("x")), undefined);
    assert.equal(await overlay.putIfMatch("a", bytes("x"), "other"), undefined);
    const { etag } = (await overlay.get("a"))!;
    const written = await overlay.putIfMatch("a", bytes("x"), etag);
    assert.ok(written);
    assert.equal(await overlay.putIfMatch("a", bytes("y"), etag), undefined);
    assert.ok(await overlay.putIfMatch("a", bytes("y"), written.etag));
  }));

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

Deno.test("at the log level debug, each request to the lake is a line with its keys, without contents", () =>
  withHome(async (home) => {
    const lines: string[] = [];
    const { error } = console;
    console.error = (line: string) => void lines.push(line);
    setLogLevel("debug");
    try {
      const store = openStore({ home, lakeUrl: join(home, "lake"), cacheBytes: 0 });
      await store.put("runs/a.json", new TextEncoder().encode("content"));
      await store.get("runs/b.json");
      await assert.rejects(store.get("/no key"), LakeError);
    } finally {
      setLogLevel("info");
      console.error = error;
    }
    const text = lines.join("\n");
    assert.match(text, /^debug: object store: put runs\/a.json: \d+ ms$/m);
    assert.match(text, /^debug: object store: get runs\/b.json: \d+ ms$/m);
    assert.match(text, /^debug: object store: get \/no key: failed after \d+ ms$/m);
    assert.doesNotMatch(text, /content/);
  }));
