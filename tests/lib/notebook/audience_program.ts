/** Saves and loads audiences in the lake in `SHOPFLOW_LAKE`, as cells do. */
import assert from "node:assert/strict";
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import { audience, sql } from "shopflow/notebook/kernel.ts";
import { segmentedShop } from "../../fixtures/segmented_shop.ts";
import { publishCuratedShop } from "../../server/segmented_lake.ts";

const store = createDirectoryStore(Deno.env.get("SHOPFLOW_LAKE") ?? "");
const snapshot = await publishCuratedShop(store, segmentedShop());
const saved = await audience.save("recent", { r: 5 });
assert.deepEqual([saved.version, saved.description, saved.snapshot, saved.savedBy], [
  1,
  "score recency 5",
  snapshot,
  "notebook",
]);
const { members } = await audience.load("recent");
assert.equal(members.length, saved.customers);
// A cell that is run again saves the same.
assert.equal((await audience.save("recent", { r: 5 })).version, 1);
await assert.rejects(audience.save("recent", { r: 4 }), /There is an audience recent already/);
assert.equal((await audience.save("recent", { r: 4 }, { newVersion: true })).version, 2);

const british = await sql`SELECT customer_id FROM dim_customers WHERE country = ${"UK"}`;
await assert.rejects(audience.save("british", british), /needs words/);
assert.equal(
  (await audience.save("british", british, { because: "those in the UK" })).customers,
  british.numRows(),
);
assert.equal((await audience.save("two", ["C01", "C02", "C01"], { because: "a trial" })).customers, 2);
await assert.rejects(
  audience.save("x", await sql`SELECT country FROM dim_customers`, { because: "x" }),
  /a column customer_id/,
);
await assert.rejects(audience.save("x", { segment: "best" } as never), /champions, loyal/);
assert.deepEqual((await audience.list()).map(({ name, version }) => `${name}@${version}`), [
  "british@1",
  "recent@2",
  "two@1",
]);
