import { LakeError } from "shopflow/errors/mod.ts";
import { openStore } from "shopflow/lake/store/mod.ts";
import { setLogLevel } from "shopflow/runtime/mod.ts";
import assert from "node:assert/strict";
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
