/** What the live source counted at the extract, against what the snapshot is built of. */
import { currentSnapshotId, publishRawExtract, type RawExtract } from "shopflow/lake/mod.ts";
import type { RawTotals } from "../../../lib/lake/raw.ts";
import { DataTestError } from "shopflow/errors/mod.ts";
import assert from "node:assert/strict";
import { type ControlTotals, loadSqlProject, TEST_RELATIONS } from "shopflow/warehouse/mod.ts";
import { createControlTotals, findFailures } from "../../../lib/warehouse/build/audit.ts";
import { transform, WAREHOUSE_PROJECT } from "../../../pipelines/steps/transform.ts";
import { writeRawShop } from "../../fixtures/raw_shop.ts";
import { emptyShop, event, line } from "../../fixtures/small_shop.ts";
import { stillRuntime } from "../../lib/warehouse/small_project.ts";
import { withBuiltShop, withLake } from "../built_shop.ts";

const ORDERS = {
  "2024-01": { rows: 2, amount: "30.00", quantity: "3" },
  "2024-02": { rows: 1, amount: "5.50", quantity: "1" },
};
const SHOP = {
  ...emptyShop(),
  orders: [
    line("O1", "C1", "P1", "2024-01-10", 10, 1),
    line("O2", "C1", "P1", "2024-01-11", 20, 2),
    line("O3", "C1", "P1", "2024-02-10", 5.5, 1),
  ],
  events: [event("E1", "C1", "page_view", "2024-01-10 10:00:00")],
};

function withTotals(extract: RawExtract, table: string, totals: Record<string, RawTotals>): RawExtract {
  return {
    ...extract,
    tables: { ...extract.tables, [table]: { ...extract.tables[table]!, controlTotals: totals } },
  };
}

Deno.test("a snapshot of the rows that the source counted is published", async () => {
  await withLake(async (context) => {
    const extract = await writeRawShop(context.store, SHOP);
    await publishRawExtract(context.store, withTotals(extract, "orders", ORDERS));
    assert.equal((await transform(context)).status, "done");
  });
});

const WRONG: [string, string, Record<string, RawTotals>][] = [
  ["a row more", "orders", { ...ORDERS, "2024-02": { rows: 2, amount: "5.50", quantity: "1" } }],
  ["a cent less", "orders", { ...ORDERS, "2024-01": { rows: 2, amount: "29.99", quantity: "3" } }],
  ["a piece more", "orders", { ...ORDERS, "2024-01": { rows: 2, amount: "30.00", quantity: "4" } }],
  ["a month more", "orders", { ...ORDERS, "2023-12": { rows: 1, amount: "1.00", quantity: "1" } }],
  ["a month less", "orders", { "2024-01": ORDERS["2024-01"] }],
  ["no event where there is one", "events", {}],
  ["a ticket where there is none", "support_tickets", {
    "2024-01": { rows: 1, amount: "0.00", quantity: "0" },
  }],
];

Deno.test("a source that counted otherwise stops the publish", async () => {
  await withLake(async (context) => {
    const extract = await writeRawShop(context.store, SHOP);
    const [[, table, totals] = ["", "", {}]] = WRONG;
    await publishRawExtract(context.store, withTotals(extract, table, totals));
    await assert.rejects(transform(context), (error) => {
      assert.ok(error instanceof DataTestError, String(error));
      assert.match(error.message, /reconciliation.*matches_source_totals/);
      return true;
    });
    assert.equal(await currentSnapshotId(context.store), undefined);
  });
});

Deno.test("every way in which a source may count otherwise is found, and what it counted passes", async (t) => {
  const { tests } = await loadSqlProject(WAREHOUSE_PROJECT, TEST_RELATIONS);
  const compared = tests.filter(({ kind }) => kind === "matches_source_totals");
  await withBuiltShop(SHOP, async (shop) => {
    const failures = async (totals: ControlTotals) => {
      await shop.run(`DROP TABLE IF EXISTS ${TEST_RELATIONS.control_totals}`);
      await createControlTotals(shop, totals);
      return (await findFailures(shop, compared, stillRuntime().runtime)).failed.length;
    };
    assert.equal(await failures({ orders: ORDERS }), 0);
    for (const [what, table, totals] of WRONG) {
      await t.step(what, async () => assert.equal(await failures({ [table]: totals }), 1));
    }
  });
});
