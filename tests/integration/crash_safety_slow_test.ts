/** The pipelines are killed again and again, at any point of their course. */
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { createGrowingShop } from "../fixtures/crash/growing_shop.ts";
import { killRandom, KILLS } from "../fixtures/crash/kill_settings.ts";
import { anyLocalPoint, courseText, runKilledCourse } from "../fixtures/crash/killed_course.ts";
import { assertEmpty, expectedKeys, filesBeneath } from "../fixtures/crash/left_behind.ts";
import { createShopLake, type ShopLake } from "../fixtures/crash/shop_lake.ts";
import { createUndisturbedLake } from "../fixtures/crash/undisturbed_lake.ts";
import { type ShopPlace, withGrowingShops } from "../fixtures/crash/with_growing_shops.ts";
import { placeEmptyPostgres } from "../fixtures/empty_postgres.ts";
import { testWith } from "../requirements.ts";

const lakeInFolder = ({ folder, shop }: ShopPlace): Promise<ShopLake> =>
  createShopLake(folder, shop, (home) => createDirectoryStore(join(home, "lake")));

testWith(
  ["postgres"],
  `killed at ${KILLS} points and started again, the pipelines give whole snapshots and leave nothing behind`,
  () =>
    withGrowingShops(3, async (places) => {
      const [calm, ...killed] = await Promise.all(places.map(lakeInFolder));
      const undisturbed = createUndisturbedLake(calm!);
      const courses = await Promise.all(killed.map((lake, i) =>
        runKilledCourse(lake, undisturbed, {
          kills: Math.ceil(KILLS / killed.length),
          disturb: anyLocalPoint(killRandom(`lake ${i + 1}`)),
        })
      ));
      for (const course of courses) console.log(courseText(course));
      for (const lake of killed) await assertNothingLeft(lake);
    }),
);

Deno.test("runs that are killed while they read the embedded shop leave shop and lake whole", async () => {
  const folder = await Deno.makeTempDir({ prefix: "shopflow_crash_" });
  try {
    const [calm, killed] = await Promise.all(["calm", "killed"].map(async (name) => {
      const place = join(folder, name);
      await placeEmptyPostgres(join(place, "postgres"));
      const url = `pglite:${join(place, "postgres")}`;
      const shop = await createGrowingShop(url, join(place, "support_tickets.jsonl"));
      return await lakeInFolder({ folder: place, shop });
    }));
    const course = await runKilledCourse(killed!, createUndisturbedLake(calm!), {
      kills: Math.ceil(KILLS / 10),
      killsADay: 3,
      disturb: anyLocalPoint(killRandom("embedded shop")),
    });
    console.log(courseText(course));
    await assertNothingLeft(killed!);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** After a garbage collection there is the current snapshot, the current extract, and nothing else. */
async function assertNothingLeft({ store, home, temporary }: ShopLake): Promise<void> {
  const kept = (await expectedKeys(store)).map((key) => `lake/${key}`);
  assert.deepEqual(await filesBeneath(home), [
    "lake/.shopflow_staging/lock",
    "lake/.shopflow_staging/reserve",
    ...kept,
  ]);
  await assertEmpty(join(home, "tmp"));
  await assertEmpty(temporary);
}
