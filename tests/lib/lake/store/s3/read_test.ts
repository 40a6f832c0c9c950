import { createReadCache, type ReadCacheOptions } from "../../../../../lib/lake/store/s3/read.ts";
import assert from "node:assert/strict";
import { createHash, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";

const HOUR = 3_600_000;
/** The name of a copy whose content is called so. */
const nameOf = (content: string) => createHash("sha256").update(content).digest("hex");

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "shopflow_cache_" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A cache whose files are ten bytes each, and a clock to set. */
function tenByteFiles(folder: string, options: Partial<ReadCacheOptions> = {}) {
  const clock = { now: Date.parse("2026-01-01") };
  const cache = createReadCache({ folder, maxBytes: 30, now: () => clock.now, ...options });
  const fetched: string[] = [];
  return {
    clock,
    fetched,
    use: (name: string) =>
      cache.findOrFetch(nameOf(name), 10, async (path) => {
        fetched.push(name);
        await Deno.writeTextFile(path, name.padEnd(10));
      }),
  };
}

Deno.test("a file is fetched once, by many readers at once and by later ones", () =>
  withFolder(async (folder) => {
    const { use, fetched } = tenByteFiles(folder);
    const paths = await Promise.all([use("a"), use("a"), use("a")]);
    assert.deepEqual(new Set(paths).size, 1);
    const later = tenByteFiles(folder);
    assert.equal(await Deno.readTextFile(await later.use("a")), "a         ");
    assert.deepEqual([...fetched, ...later.fetched], ["a"]);
  }));

Deno.test("the cache stays within its bound: the file used longest ago goes first", () =>
  withFolder(async (folder) => {
    const { use, clock } = tenByteFiles(folder);
    for (const name of ["a", "b", "c"]) {
      await use(name);
      clock.now += HOUR;
    }
    await use("a");
    clock.now += HOUR;
    await use("d");
    const kept = ["a", "b", "c", "d"].filter((name) => existsSync(join(folder, nameOf(name))));
    assert.deepEqual(kept, ["a", "c", "d"]);
    for (let i = 0; i < 20; i++) {
      clock.now += HOUR;
      await use(`more ${i}`);
    }
    const files = (await Array.fromAsync(Deno.readDir(folder))).filter(({ name }) => !name.startsWith("."));
    assert.equal(files.length, 3);
  }));

Deno.test("files whose path was handed out in the last hour stay, even beyond the bound", () =>
  withFolder(async (folder) => {
    const { use, clock } = tenByteFiles(folder);
    const names = ["a", "b", "c", "d", "e"];
    const paths: string[] = [];
    for (const name of names) {
      paths.push(await use(name));
      clock.now += HOUR / 10;
    }
    assert.ok(paths.every((path) => existsSync(path)));
    clock.now += HOUR;
    await use("f");
    assert.deepEqual(names.filter((name) => existsSync(join(folder, nameOf(name)))), ["d", "e"]);
  }));

Deno.test("a copy of another size than the object is fetched again", () =>
  withFolder(async (folder) => {
    const { use, fetched } = tenByteFiles(folder);
    await Deno.writeTextFile(join(folder, nameOf("a")), "cut");
    assert.equal(await Deno.readTextFile(await use("a")), "a         ");
    assert.deepEqual(fetched, ["a"]);
  }));

Deno.test("a fetch that fails leaves nothing, and the next one starts again", () =>
  withFolder(async (folder) => {
    const cache = createReadCache({ folder, maxBytes: 30 });
    await assert.rejects(
      cache.findOrFetch(nameOf("a"), 10, async (path) => {
        await Deno.writeTextFile(path, "half");
        throw new Error("connection lost");
      }),
      /connection lost/,
    );
    assert.equal(await cache.find(nameOf("a"), 10), undefined);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(join(folder, ".incoming"))), []);
    await tenByteFiles(folder).use("a");
  }));

Deno.test("what a killed process left half-fetched is removed after a day", () =>
  withFolder(async (folder) => {
    const { use, clock } = tenByteFiles(folder);
    await use("a");
    const left = join(folder, ".incoming", randomUUID());
    await Deno.writeTextFile(left, "half");
    await Deno.utime(left, clock.now / 1000, clock.now / 1000);
    clock.now += 23 * HOUR;
    await use("b");
    assert.ok(existsSync(left));
    clock.now += HOUR;
    await use("c");
    assert.ok(!existsSync(left));
  }));

Deno.test("a garbage collection finds what is half-fetched, and may remove it", () =>
  withFolder(async (folder) => {
    const cache = createReadCache({ folder: join(folder, "cache"), maxBytes: 100 });
    assert.deepEqual(await cache.unfinished(), [], "nothing was ever cached");
    await cache.findOrFetch(nameOf("a"), 4, async (path) => {
      await Deno.writeTextFile(path, "ha");
      const [half] = await cache.unfinished();
      assert.deepEqual([half!.name, half!.size], [path, 2]);
      await Deno.writeTextFile(path, "half");
    });
    assert.deepEqual(await cache.unfinished(), []);
    const left = join(folder, "cache", ".incoming", randomUUID());
    await Deno.writeTextFile(left, "half");
    for (const write of await cache.unfinished()) await write.remove();
    assert.ok(!existsSync(left));
  }));

Deno.test("files that other programs have in the cache's folder stay, however old and large they are", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(join(folder, ".incoming"));
    const theirs = ["photo.jpg", "a".repeat(63), `${"A".repeat(64)}.parquet`, ".incoming/download.part"];
    for (const name of theirs) {
      await Deno.writeTextFile(join(folder, name), "theirs".repeat(100));
      await Deno.utime(join(folder, name), 0, 0);
    }
    const { use, clock } = tenByteFiles(folder, { inUseMs: 0 });
    for (const name of ["a", "b", "c", "d"]) {
      await use(name);
      clock.now += HOUR;
    }
    assert.deepEqual(theirs.filter((name) => !existsSync(join(folder, name))), []);
    const copies = ["a", "b", "c", "d"].filter((name) => existsSync(join(folder, nameOf(name))));
    assert.deepEqual(copies, ["b", "c", "d"], "they take none of the cache's space");
    assert.deepEqual(await createReadCache({ folder, maxBytes: 30 }).unfinished(), []);
  }));

Deno.test("several processes share a cache without seeing half a file", () =>
  withFolder(async (folder) => {
    const size = 2_000_000;
    const program = `
      import { createReadCache } from ${
      JSON.stringify(import.meta.resolve("../../../../../lib/lake/store/s3/read.ts"))
    };
      const cache = createReadCache({ folder: Deno.args[0], maxBytes: ${3 * size}, inUseMs: 60_000 });
      for (let i = 0; i < 5; i++) {
        const path = await cache.findOrFetch(i.toString(16).padStart(64, "0"), ${size}, (path) =>
          Deno.writeFile(path, new Uint8Array(${size}).fill(i)));
        const body = await Deno.readFile(path);
        if (body.length !== ${size} || body.some((byte) => byte !== i)) throw new Error("half a file");
      }`;
    const script = join(folder, "program.ts");
    await Deno.writeTextFile(script, program);
    const config = new URL("../../../../../deno.json", import.meta.url).pathname;
    const runs = await Promise.all(Array.from({ length: 3 }, () =>
      new Deno.Command(Deno.execPath(), {
        args: ["run", "--config", config, "--no-check", "--no-lock", "-A", script, join(folder, "cache")],
      }).output()));
    for (const { success, stderr } of runs) assert.ok(success, new TextDecoder().decode(stderr));
  }));
