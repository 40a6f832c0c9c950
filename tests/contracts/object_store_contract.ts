import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { type Need, testWith } from "../requirements.ts";

/** A store under test and how to get rid of it. */
export interface StoreUnderTest {
  store: ObjectStore;
  remove(): Promise<void>;
}

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (body: Uint8Array) => new TextDecoder().decode(body);

/**
 * Declares the tests that every object store must pass.
 *
 * @param open Makes an empty store.
 * @param secondClient Makes another client of the same store.
 */
export function objectStoreContract(
  name: string,
  open: () => Promise<StoreUnderTest>,
  secondClient: (store: ObjectStore) => ObjectStore,
  { needs = [] }: { needs?: Need[] } = {},
): void {
  const test = (sentence: string, body: (store: ObjectStore) => Promise<void>) =>
    testWith(needs, `${name}: ${sentence}`, async () => {
      const { store, remove } = await open();
      try {
        await body(store);
      } finally {
        await remove();
      }
    });

  test("what was put is got back byte for byte, with a tag", async (store) => {
    const body = new Uint8Array([0, 255, 13, 10, 128]);
    const { etag } = await store.put("a/b.bin", body);
    const got = await store.get("a/b.bin");
    assert.deepEqual(got, { body, etag });
  });

  test("an empty object is an object", async (store) => {
    await store.put("empty", bytes(""));
    assert.equal((await store.get("empty"))?.body.length, 0);
    assert.equal((await store.stat("empty"))?.size, 0);
  });

  test("an absent object reads as undefined", async (store) => {
    assert.equal(await store.get("nothing/here"), undefined);
    assert.equal(await store.stat("nothing/here"), undefined);
    assert.deepEqual(await store.list("nothing/"), []);
  });

  test("what lies above an object is not an object", async (store) => {
    await store.put("folder/object", bytes("x"));
    assert.equal(await store.get("folder"), undefined);
    assert.equal(await store.stat("folder"), undefined);
  });

  test("put replaces, and the tag follows the content", async (store) => {
    const first = await store.put("key", bytes("one"));
    const second = await store.put("key", bytes("two"));
    assert.notEqual(first.etag, second.etag);
    assert.equal(text((await store.get("key"))!.body), "two");
  });

  test("putIfAbsent writes once only", async (store) => {
    assert.ok(await store.putIfAbsent("key", bytes("first")));
    assert.equal(await store.putIfAbsent("key", bytes("second")), undefined);
    assert.equal(text((await store.get("key"))!.body), "first");
  });

  test("putIfMatch writes when the tag is current", async (store) => {
    const { etag } = await store.put("key", bytes("one"));
    const written = await store.putIfMatch("key", bytes("two"), etag);
    assert.equal(written?.etag, (await store.get("key"))?.etag);
    assert.equal(text((await store.get("key"))!.body), "two");
  });

  test("putIfMatch writes nothing when the tag is old or the object absent", async (store) => {
    const { etag } = await store.put("key", bytes("one"));
    await store.put("key", bytes("two"));
    assert.equal(await store.putIfMatch("key", bytes("three"), etag), undefined);
    assert.equal(text((await store.get("key"))!.body), "two");
    assert.equal(await store.putIfMatch("absent", bytes("three"), etag), undefined);
    assert.equal(await store.get("absent"), undefined);
  });

  test("of many writers that expect absence exactly one wins", async (store) => {
    const clients = [store, secondClient(store)];
    const written = await Promise.all(
      Array.from({ length: 20 }, (_, i) => clients[i % 2]!.putIfAbsent("key", bytes(`writer ${i}`))),
    );
    const winners = written.flatMap((result, i) => result ? [i] : []);
    assert.equal(winners.length, 1);
    assert.equal(text((await store.get("key"))!.body), `writer ${winners[0]}`);
  });

  test("of many writers that expect the same tag exactly one wins", async (store) => {
    const { etag } = await store.put("key", bytes("start"));
    const clients = [store, secondClient(store)];
    const written = await Promise.all(
      Array.from({ length: 20 }, (_, i) => clients[i % 2]!.putIfMatch("key", bytes(`writer ${i}`), etag)),
    );
    const winners = written.flatMap((result, i) => result ? [i] : []);
    assert.equal(winners.length, 1);
    assert.equal(text((await store.get("key"))!.body), `writer ${winners[0]}`);
  });

  test("a counter that many writers raise by putIfMatch loses no step", async (store) => {
    await store.put("counter", bytes("0"));
    const raise = async (client: ObjectStore): Promise<void> => {
      for (;;) {
        const { body, etag } = (await client.get("counter"))!;
        if (await client.putIfMatch("counter", bytes(String(Number(text(body)) + 1)), etag)) return;
      }
    };
    const other = secondClient(store);
    await Promise.all(Array.from({ length: 10 }, (_, i) => raise(i % 2 ? store : other)));
    assert.equal(text((await store.get("counter"))!.body), "10");
  });

  test("a reader sees an object whole while it is replaced", async (store) => {
    const versions = ["a", "b"].map((letter) => letter.repeat(300_000));
    await store.put("key", bytes(versions[0]!));
    const writing = Promise.all(versions.map((version) => store.put("key", bytes(version))));
    for (let i = 0; i < 20; i++) {
      const seen = text((await store.get("key"))!.body);
      assert.ok(versions.includes(seen), `a mixture of ${seen.length} characters`);
    }
    await writing;
  });

  test("list gives the objects of a prefix, sorted, and no others", async (store) => {
    for (const key of ["b/2", "a/1", "b/10", "b/deep/3", "bb/4"]) await store.put(key, bytes(key));
    const keys = async (prefix: string) => (await store.list(prefix)).map((stat) => stat.key);
    assert.deepEqual(await keys("b/"), ["b/10", "b/2", "b/deep/3"]);
    assert.deepEqual(await keys("b"), ["b/10", "b/2", "b/deep/3", "bb/4"]);
    assert.deepEqual(await keys("b/1"), ["b/10"]);
    assert.deepEqual(await keys(""), ["a/1", "b/10", "b/2", "b/deep/3", "bb/4"]);
    const [stat] = await store.list("a/");
    assert.equal(stat?.size, 3);
    assert.ok(stat!.modified.getTime() > 0);
  });

  test("a deleted object is gone, and deleting it again is no error", async (store) => {
    await store.put("a/key", bytes("x"));
    await store.delete("a/key");
    await store.delete("a/key");
    assert.equal(await store.get("a/key"), undefined);
    assert.deepEqual(await store.list("a/"), []);
  });

  test("moveIn takes over a local file", async (store) => {
    const folder = await Deno.makeTempDir();
    try {
      const path = join(folder, "file");
      await Deno.writeTextFile(path, "large");
      await store.moveIn("curated/t/1.parquet", path);
      assert.equal(text((await store.get("curated/t/1.parquet"))!.body), "large");
      await assert.rejects(Deno.stat(path), Deno.errors.NotFound);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });

  test("localPath is a file with the object's content", async (store) => {
    await store.put("curated/t/1.parquet", bytes("large"));
    assert.equal(await Deno.readTextFile(await store.localPath("curated/t/1.parquet")), "large");
  });

  test("localPath of an absent object is an error that names it", async (store) => {
    await assert.rejects(store.localPath("curated/t/2.parquet"), {
      name: "LakeError",
      message: /t\/2\.parquet/,
    });
  });

  test("keys that could leave the store are refused", async (store) => {
    for (const key of ["", "/a", "a/", "a//b", "../a", "a/../../b", "a\\b", ".hidden"]) {
      await assert.rejects(store.put(key, bytes("x")), { name: "LakeError" }, key);
      await assert.rejects(store.get(key), { name: "LakeError" }, key);
    }
    await assert.rejects(store.list("../"), { name: "LakeError" });
  });
}
