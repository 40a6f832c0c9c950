/** The pipelines are killed again and again, at any point of their course. */
import { createDirectoryStore, readManifest, readRawExtract } from "shopflow/lake/mod.ts";
import { createRandom } from "shopflow/runtime/mod.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { createGrowingShop } from "../fixtures/crash/growing_shop.ts";
import { anyLocalPoint, runKilledCourse } from "../fixtures/crash/killed_course.ts";
import { createShopLake, type ShopLake } from "../fixtures/crash/shop_lake.ts";
import { createUndisturbedLake } from "../fixtures/crash/undisturbed_lake.ts";
import { withPostgresDatabase } from "../fixtures/postgres_database.ts";
import { testWith } from "../requirements.ts";

const KILLS = Number(Deno.env.get("SHOPFLOW_TEST_KILLS") || 50);
const SEED = Number(Deno.env.get("SHOPFLOW_TEST_KILL_SEED") || Date.now() % 1_000_000);

/** Lakes in folders, each with a shop in a database of its own. */
async function withLakes(names: string[], body: (lakes: ShopLake[]) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "shopflow_crash_" });
  const open = async ([name, ...others]: string[], lakes: ShopLake[]): Promise<void> => {
    if (name === undefined) return await body(lakes);
    await withPostgresDatabase(async (url) => {
      const own = join(folder, name);
      await Deno.mkdir(own);
      const shop = await createGrowingShop(url, join(own, "support_tickets.jsonl"));
      const lake = await createShopLake(own, shop, (home) => createDirectoryStore(join(home, "lake")));
      await open(others, [...lakes, lake]);
    });
  };
  try {
    await open(names, []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

testWith(
  ["postgres"],
  `killed at ${KILLS} points and started again, the pipelines give whole snapshots and leave nothing behind`,
  () =>
    withLakes(["undisturbed", "first", "second"], async ([calm, ...killed]) => {
      console.log(`SHOPFLOW_TEST_KILL_SEED=${SEED}`);
      const undisturbed = createUndisturbedLake(calm!);
      const started = performance.now();
      const courses = await Promise.all(killed.map((lake, i) =>
        runKilledCourse(lake, undisturbed, {
          kills: Math.ceil(KILLS / killed.length),
          disturb: anyLocalPoint(createRandom(SEED, `lake ${i}`)),
        })
      ));
      for (const lake of killed) await assertNothingLeft(lake);
      const seconds = Math.round((performance.now() - started) / 1000);
      console.log(
        courses.map(({ kills, days, looks }) => `${kills} kills in ${days} days, ${looks} looks`).join("; ") +
          `; ${seconds} s`,
      );
    }),
);

/** After a garbage collection there is the current snapshot, the current extract, and nothing else. */
async function assertNothingLeft({ store, home, temporary }: ShopLake): Promise<void> {
  const manifest = await readManifest(store);
  const { tables } = await readRawExtract(store);
  const files = [
    ...Object.values(manifest.tables).flatMap((table) => table.files),
    ...Object.values(tables).flatMap((table) => table.files),
  ].map(({ key }) => `lake/${key}`);
  const expected = [
    ...new Set(files),
    "lake/.staging/lock",
    "lake/raw/current.json",
    `lake/snapshots/${manifest.id}.json`,
    "lake/snapshots/current.json",
    "lake/watermarks/extract.json",
  ];
  assert.deepEqual(await filesBeneath(home), expected.sort());
  assert.deepEqual(await Array.fromAsync(Deno.readDir(join(home, "tmp"))), []);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(temporary)), []);
}

/** Paths of all files in a folder, hidden ones too. */
async function filesBeneath(folder: string, prefix = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) found.push(...await filesBeneath(join(folder, name), `${prefix}${name}/`));
    else found.push(prefix + name);
  }
  return found.sort();
}
