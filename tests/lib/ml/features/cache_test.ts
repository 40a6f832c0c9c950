import assert from "node:assert/strict";
import { join } from "node:path";
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import { checkAsOf } from "shopflow/ml/mod.ts";
import { openSession } from "shopflow/warehouse/mod.ts";
import { createFeatureCache, type FeatureTable } from "../../../../lib/ml/features/cache.ts";
import { readFeatures } from "../../../../lib/ml/features/read.ts";
import { VISITORS, visitorShop } from "./visitor_shop.ts";

const JUNE = checkAsOf("2024-06-01"), JULY = checkAsOf("2024-07-01");
const key = (name: string, snapshot = "s1") => ({ snapshot, engine: "v1", sql: name });
const table = (rows: number): FeatureTable => ({
  asOf: JUNE,
  ids: Array.from({ length: rows }, (_, i) => `id "${i}"\n`),
  matrix: {
    names: ["a", "b"],
    rows,
    values: Float32Array.from({ length: rows * 2 }, (_, i) => i % 5 ? i / 3 : NaN),
  },
});

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "shopflow_features_" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const openCache = (folder: string, mostBytes = 1e6, warnings: string[] = []) =>
  createFeatureCache(createDirectoryStore(folder, { sync: false }), {
    mostBytes,
    warn: (text) => warnings.push(text),
  });

Deno.test("a table comes out of the cache as it went in, to whoever asks for the same", () =>
  withFolder(async (folder) => {
    const written = table(7);
    await openCache(folder).write(key("q"), written);
    assert.deepEqual(await openCache(folder).read(key("q")), written);
    for (const other of [key("q2"), key("q", "s2"), { ...key("q"), engine: "v2" }]) {
      assert.equal(await openCache(folder).read(other), undefined);
    }
    await openCache(folder).write(key("empty"), table(0));
    assert.deepEqual(await openCache(folder).read(key("empty")), table(0));
  }));

Deno.test("a file that was changed anywhere is said to be damaged and never read", () =>
  withFolder(async (folder) => {
    const warnings: string[] = [];
    const cache = openCache(folder, 1e6, warnings);
    await cache.write(key("q"), table(3));
    const [path = ""] = await files(folder);
    const whole = await Deno.readFile(path);
    for (let at = 0; at < whole.length; at++) {
      const changed = whole.slice();
      changed[at]! ^= 1;
      await Deno.writeFile(path, changed);
      const read = await cache.read(key("q"));
      assert.equal(read, undefined, `byte ${at}`);
    }
    for (const size of [0, 1, whole.length >> 1, whole.length - 1]) {
      await Deno.writeFile(path, whole.subarray(0, size));
      assert.equal(await cache.read(key("q")), undefined, `${size} bytes`);
    }
    assert.match(warnings.at(-1)!, /is damaged; it is computed again/);
  }));

Deno.test("the cache keeps to its size, those that were written first go, and a table beyond it is not kept", () =>
  withFolder(async (folder) => {
    const cache = openCache(folder, 3000);
    for (const name of ["a", "b", "c", "d"]) {
      await cache.write(key(name), table(40));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.equal(await cache.read(key("a")), undefined);
    assert.ok(await cache.read(key("d")));
    await cache.write(key("large"), table(4000));
    assert.equal(await cache.read(key("large")), undefined);
    const sizes = await Promise.all((await files(folder)).map(async (path) => (await Deno.stat(path)).size));
    assert.ok(sizes.reduce((sum, size) => sum + size, 0) <= 3000, String(sizes));
  }));

Deno.test("files of snapshots that are gone are removed", () =>
  withFolder(async (folder) => {
    const cache = openCache(folder);
    for (const snapshot of ["s1", "s2", "s3"]) await cache.write(key("q", snapshot), table(5));
    assert.equal((await cache.keepOnly(["s2"])).files, 2);
    assert.ok(await cache.read(key("q", "s2")));
    assert.equal((await files(folder)).length, 1);
  }));

Deno.test("several writers of the same and of other tables at a time leave whole files", () =>
  withFolder(async (folder) => {
    const names = ["a", "b", "c"];
    await Promise.all(
      Array.from({ length: 12 }, (_, i) => openCache(folder).write(key(names[i % 3]!), table(50 + i % 3))),
    );
    for (const [i, name] of names.entries()) {
      assert.deepEqual(await openCache(folder).read(key(name)), table(50 + i));
    }
    assert.equal((await files(folder)).length, 3);
  }));

Deno.test("a cache that cannot be read or written is a warning, and features are computed", () =>
  withFolder(async (folder) => {
    const warnings: string[] = [];
    await Deno.writeTextFile(join(folder, "file"), "");
    const cache = openCache(join(folder, "file"), 1e6, warnings);
    using session = await openSession();
    await visitorShop(session);
    const cached = { ...session, featureCache: { cache, snapshot: "s1" } };
    const [read] = await readFeatures(cached, VISITORS, [JUNE]);
    assert.ok(read!.ids.length > 0);
    assert.match(warnings.join("\n"), /could not be written/);
  }));

Deno.test("a second read of the same dates runs no query, and a damaged file is computed and kept again", () =>
  withFolder(async (folder) => {
    using session = await openSession();
    await visitorShop(session);
    const queries: string[] = [];
    const counted = {
      ...session,
      floats: (sql: string) => (queries.push(sql), session.floats(sql)),
      featureCache: { cache: openCache(folder), snapshot: "s1" },
    };
    const first = await readFeatures(counted, VISITORS, [JUNE, JULY]);
    assert.equal(queries.length, 2);
    assert.deepEqual(await readFeatures(counted, VISITORS, [JUNE, JULY]), first);
    assert.equal(queries.length, 2);
    const [path = ""] = await files(folder);
    await Deno.writeTextFile(path, "not what was written");
    assert.deepEqual(await readFeatures(counted, VISITORS, [JUNE, JULY]), first);
    assert.equal(queries.length, 3);
    assert.deepEqual(await readFeatures(counted, VISITORS, [JULY, JUNE]), first.toReversed());
    assert.equal(queries.length, 3);
    await readFeatures(counted, VISITORS, [JUNE], { population: "visits > 1" });
    assert.equal(queries.length, 4, "another population is another table");
    const changed = {
      ...VISITORS,
      rows: VISITORS.rows.map((rows) => ({ ...rows, sql: `${rows.sql} -- v2` })),
    };
    await readFeatures(counted, changed, [JUNE]);
    assert.equal(queries.length, 5, "another declaration is another table");
  }));

async function files(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const { key } of await createDirectoryStore(folder).list("")) found.push(join(folder, key));
  return found;
}
