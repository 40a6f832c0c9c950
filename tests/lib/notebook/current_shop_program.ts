/** Uses the lake in `SHOPFLOW_LAKE` as cells do, before and after something is published in it. */
import assert from "node:assert/strict";
import { sql, table } from "shopflow/notebook/kernel.ts";
import { publishSmallLake } from "./small_lake.ts";

await assert.rejects(table("fact_orders"), { name: "LakeError" });
// A cell that came too early does not spoil those after it.
await publishSmallLake(Deno.env.get("SHOPFLOW_LAKE") ?? "");
assert.equal((await table("fact_orders")).numRows(), 120);
const customer = "CUST-3", days = [new Date("2024-07-04"), new Date("2024-07-13")];
const orders =
  await sql`SELECT order_id FROM fact_orders WHERE customer_id = ${customer} AND order_date IN ${days}`;
assert.deepEqual(orders.array("order_id"), ["O3", "O12"]);
assert.equal(
  (await sql`SELECT ${"O'Neil; DROP"} AS name, ${null} AS nothing, ${1.5} AS x, ${true} AS yes`).get("name"),
  "O'Neil; DROP",
);
assert.equal((await sql("SELECT count(*) AS n FROM fact_orders")).get("n"), 120);
for (const wrong of [undefined, NaN, [], {}]) {
  await assert.rejects(sql`SELECT ${wrong as never}`, { name: "InputError" });
}
