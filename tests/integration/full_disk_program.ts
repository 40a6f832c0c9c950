/** What happens on a small file system of its own, which is mounted at the folder given; see `full_disk_slow_test.ts`. */
import { plannedGarbage } from "shopflow/lake/gc/mod.ts";
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import { listSnapshots } from "shopflow/lake/mod.ts";
import { makeWorkingFolder, workingFolders } from "shopflow/runtime/mod.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  assertReadable,
  at,
  createSmallLake,
  KEEP_ONE,
  keysOf,
  now,
} from "../lib/lake/lake_with_snapshots.ts";

const [disk = "", scene = ""] = Deno.args;
const lake = join(disk, "lake");
const home = join(disk, "home");
const store = createDirectoryStore(lake);
const { publish, put, age } = createSmallLake(store);
const filler = join(disk, "filler");
const reserve = join(lake, ".shopflow_staging", "reserve");

/** Writes until not one more byte fits. */
async function fill(): Promise<void> {
  using file = await Deno.open(filler, { create: true, append: true });
  for (let bytes = 1 << 16; bytes >= 1;) {
    try {
      await file.write(new Uint8Array(bytes));
    } catch (error) {
      assert.equal((error as { code?: string }).code, "ENOSPC");
      bytes >>= 1;
    }
  }
}

async function gc(...flags: string[]): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "lake", "gc", "--keep", "1", ...flags],
    cwd: join(import.meta.dirname!, "..", ".."),
    env: { SHOPFLOW_HOME: home, SHOPFLOW_LAKE: lake, NO_COLOR: "1" },
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, text: decode(stdout) + decode(stderr) };
}

/** A snapshot to keep, one to drop with its files, an orphan and a file of another program. */
async function fillLake(): Promise<string> {
  await publish({ a: ["old".repeat(100_000)] }, at(1));
  const { id } = await publish({ a: ["new".repeat(10_000)] }, at(2));
  await put("curated/a/00000000deadbeef.parquet", "orphan".repeat(10_000));
  await put("raw/finance/ledger.parquet", "theirs", { noted: false });
  await age(at(2));
  return id;
}

async function assertCollected(kept: string): Promise<void> {
  const { code, text } = await gc();
  assert.equal(code, 0, text);
  assert.match(
    text,
    /^deleted 1 snapshot, 3 files, 0 model versions, 0 score tables, 0 unfinished writes, /m,
    text,
  );
  assert.match(
    text,
    /^kept 1 object that this lake did not write, 6 B: raw\/finance\/ledger\.parquet\./m,
    text,
  );
  assert.deepEqual((await listSnapshots(store)).map(({ id }) => id), [kept]);
  await assertReadable(store, kept);
  assert.deepEqual(await keysOf(store, "writes/"), []);
  const next = await publish({ a: ["after"] }, at(3));
  await assertReadable(store, next.id);
  assert.equal((await Deno.stat(reserve)).size, 65_536, "there is a reserve again");
}

const SCENES: Record<string, () => Promise<void>> = {
  async reserve() {
    const kept = await fillLake();
    await fill();
    await assert.rejects(store.put("x", new Uint8Array(10)), /The disk or the quota is full.*lake gc --keep/);
    await assertCollected(kept);
  },
  async leftovers() {
    const kept = await fillLake();
    const left = await makeWorkingFolder("pipeline", workingFolders(home));
    await Deno.writeFile(join(left, "half"), new Uint8Array(50_000));
    await Deno.utime(left, at(1), at(1));
    await Deno.remove(reserve);
    await fill();
    await assertCollected(kept);
  },
  async nothing() {
    await fillLake();
    await Deno.remove(reserve);
    await fill();
    const before = await keysOf(store, "");
    const { code, text } = await gc();
    assert.equal(code, 1, text);
    assert.match(text, /cannot write snapshots\/current.json in the lake.*The disk or the quota is full/s);
    assert.deepEqual(await keysOf(store, ""), before);
    // What it asks for is enough.
    await Deno.truncate(filler, (await Deno.stat(filler)).size - 8192);
    assert.equal((await gc()).code, 0);
  },
  async read_only() {
    await fillLake();
    const before = await keysOf(store, "");
    const remount = await new Deno.Command("mount", { args: ["-o", "remount,ro", disk] }).output();
    assert.ok(remount.success);
    const { code, text } = await gc();
    assert.equal(code, 1, text);
    assert.match(text, /mounted read-only\. Mount it for writing/);
    assert.deepEqual(await keysOf(store, ""), before);
    assert.equal((await gc("--dry-run")).code, 0);
    assert.equal((await plannedGarbage(store, KEEP_ONE, now()))!.files.length, 3);
  },
};

await SCENES[scene]!();
