import assert from "node:assert/strict";
import { createRandom } from "shopflow/runtime/mod.ts";
import { createCalendar, createSeason } from "../../../../lib/simulation/world/calendar.ts";
import { createCatalogue } from "../../../../lib/simulation/world/catalogue.ts";
import { createStock, SNAPSHOT_DAYS } from "../../../../lib/simulation/world/stock.ts";

const calendar = createCalendar("2024-12-31");
const catalogue = createCatalogue(60, createRandom(3));
const season = createSeason(calendar);
const stockFor = () => createStock({ calendar, season, catalogue, customers: 3000 }, createRandom(3));

Deno.test("what is not there cannot be sold, and an empty row is ordered again and filled", () => {
  const stock = stockFor();
  const row = stock.rowOf(0, 2);
  const there = stock.level[row]!;
  assert.equal(stock.sell(row, there + 5, 0), there);
  assert.equal(stock.sell(row, 1, 0), 0);
  assert.equal(stock.level[row], 0);
  for (let day = 0; day < 120; day++) stock.open(day);
  assert.ok(stock.level[row]! > 0);
});

Deno.test("rows above their reorder level are not ordered", () => {
  const stock = stockFor();
  const before = stock.level.slice();
  for (let day = 0; day < 120; day++) stock.open(day);
  for (let row = 0; row < stock.rows; row++) {
    if (before[row]! > stock.reorderLevel[row]!) assert.equal(stock.level[row], before[row]);
  }
});

Deno.test("the last days are written down as they were in the evening", () => {
  const stock = stockFor();
  for (let day = 0; day < calendar.days; day++) {
    stock.open(day);
    stock.sell(0, 1, day);
    stock.close(day);
  }
  assert.equal(stock.snapshots.length, SNAPSHOT_DAYS);
  assert.deepEqual(stock.snapshots.at(-1), stock.level);
  assert.ok(stock.movements.at(-1)!.every((day) => day < calendar.days));
});
