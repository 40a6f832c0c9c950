import assert from "node:assert/strict";
import { join } from "node:path";
import { addDays } from "shopflow/ml/mod.ts";
import { runNotebook } from "shopflow/notebook/run/mod.ts";
import type { CuratedRows } from "../fixtures/curated_shop.ts";
import { createCuratedLake, groupedShop, LAST_DAY } from "../fixtures/grouped_shop.ts";
import { outputOf } from "../fixtures/notebook_output.ts";

const NOTEBOOK = new URL("../../notebooks/executive.ipynb", import.meta.url).pathname;
const CHARTS = ["sales", "orders", "categories", "churn", "carts", "stock"];

/** The grouped shop, in whose last week one cart was bought and three were left. */
function shopWithCarts(): CuratedRows {
  const shop = groupedShop();
  const carts = ["a", "b", "c", "d"].flatMap((visit, i) => {
    const day = addDays(LAST_DAY, -i);
    const added = [`cart-${visit}`, "C1", `visit-${visit}`, "add_to_cart", day, "P00"];
    return i === 0 ? [added, [`buy-${visit}`, "C1", `visit-${visit}`, "purchase", day, "P00"]] : [added];
  });
  return { ...shop, fact_events: [...shop.fact_events ?? [], ...carts] };
}

Deno.test("the executive notebook shows the last complete week beside what the business says of itself", async () => {
  // The last day with sales, 30 June 2024, is a Sunday.
  await using lake = await createCuratedLake(shopWithCarts());
  await Deno.writeTextFile(
    join(lake.context.config.home, "business.json"),
    JSON.stringify({
      currency: "EUR",
      lapsed: { target: 0.1 },
      abandonedCarts: { baseline: 0.68, target: 0.6 },
      outOfStock: { baseline: 0.2 },
    }),
  );
  const run = await runNotebook(NOTEBOOK, lake.context);
  assert.equal(run.record.status, "succeeded", JSON.stringify(run.record.failure));
  for (const cell of CHARTS) assert.match(outputOf(run, cell), /<svg/, cell);
  assert.match(outputOf(run, "setup"), /2024-06-24 to 2024-06-30/);
  assert.match(
    outputOf(run, "headline"),
    /"net sales":\{"value":"€140","note":"\+0 % on the week before, the same week last year unknown"/,
    "two customers a day pay 10",
  );
  assert.match(
    outputOf(run, "headline"),
    /"carts abandoned":\{"value":"75 %","note":"week of 2024-06-24: .*; baseline 68 %, target 60 %"/,
  );
  assert.match(outputOf(run, "goals"), /Carts abandoned.*2024-06-24.*75\.0 %.*68 %.*60 %/);
  assert.match(outputOf(run, "goals"), /Products out of stock.*8\.3 %.*20 %/);
  assert.match(outputOf(run, "goals-text"), /left goods of \*\*€30\*\* in the 3 carts/);
});

Deno.test("a business that says nothing of itself is told of no baseline, target or currency", async () => {
  await using lake = await createCuratedLake(shopWithCarts());
  const run = await runNotebook(NOTEBOOK, lake.context, { check: false });
  assert.equal(run.record.status, "succeeded", JSON.stringify(run.record.failure));
  for (const cell of ["headline", "goals", "goals-text"]) {
    assert.doesNotMatch(outputOf(run, cell), /baseline \d|target|[$€£]|business itself/, cell);
  }
  assert.match(outputOf(run, "headline"), /"net sales":\{"value":"140"/);
  for (const cell of ["churn", "carts", "stock"]) assert.doesNotMatch(outputOf(run, cell), /6,4/, cell);
});

Deno.test("sales that name no customer are not those of customers from before", async () => {
  const shop = shopWithCarts();
  await using lake = await createCuratedLake({
    ...shop,
    fact_orders: [...shop.fact_orders ?? [], ["walk-in", "P00", "UNKNOWN", LAST_DAY, "sale", 1, 1000]],
  });
  const run = await runNotebook(NOTEBOOK, lake.context, { check: false });
  assert.match(outputOf(run, "headline"), /"net sales":\{"value":"1,140"/);
  const amounts = [
    ...outputOf(run, "sales").matchAll(/customers\\*": ?\\*"([^"\\]+)\\*", ?\\*"amount\\*": ?(-?[\d.]+)/g),
  ];
  assert.ok(amounts.length > 0);
  const of = (kind: string) =>
    amounts.filter(([, who]) => who === kind).map(([, , amount]) => Number(amount));
  assert.deepEqual(of("no known customer").filter((amount) => amount !== 0), [1000]);
  assert.ok(of("customers from before").every((amount) => amount <= 140));
});

Deno.test("the week of the day on which the data was read is not over, whatever a clock that was ahead says", async () => {
  const shop = shopWithCarts();
  await using lake = await createCuratedLake({
    ...shop,
    fact_orders: [...shop.fact_orders ?? [], ["ahead", "P00", "C1", "2099-01-04", "sale", 1, 1000]],
  });
  const run = await runNotebook(NOTEBOOK, lake.context, { check: false });
  assert.equal(run.record.status, "succeeded", JSON.stringify(run.record.failure));
  const [, until = ""] = /The week \*\*\S+ to (\S+)\*\*/.exec(outputOf(run, "setup")) ?? [];
  assert.ok(until !== "" && until < new Date().toISOString().slice(0, 10), until);
});

Deno.test("an earlier day shows the week before it", async () => {
  await using lake = await createCuratedLake(shopWithCarts());
  const run = await runNotebook(NOTEBOOK, lake.context, {
    parameters: { as_of: "2024-06-26" },
    check: false,
  });
  assert.equal(run.record.status, "succeeded", JSON.stringify(run.record.failure));
  assert.match(outputOf(run, "setup"), /2024-06-17 to 2024-06-23/);
});

Deno.test("a young shop of orders alone says what is not known yet", async () => {
  const shop = groupedShop();
  await using lake = await createCuratedLake({
    ...shop,
    fact_orders: (shop.fact_orders ?? []).filter(([, , , day]) => String(day) >= addDays(LAST_DAY, -3)),
    fact_events: [],
    fact_inventory_snapshots: [],
    dim_warehouses: [],
  });
  const run = await runNotebook(NOTEBOOK, lake.context, { check: false });
  assert.equal(run.record.status, "succeeded", JSON.stringify(run.record.failure));
  assert.match(outputOf(run, "setup"), /No complete week of sales lies before 2024-07-01/);
  for (const cell of CHARTS) assert.match(outputOf(run, cell), /Nothing to (draw|show)/, cell);
  assert.match(
    outputOf(run, "goals-text"),
    /The cost of lapsed customers is not known yet.*has no events.*counts none/,
  );
});
