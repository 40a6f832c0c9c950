/** Rows that are dated in the future, and what they must not do: hide others, or move "today". */
import { openSnapshot, type RawInputs } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import { appendBatch } from "../../fixtures/raw_batches.ts";
import { event, line, stock, ticket } from "../../fixtures/small_shop.ts";
import { withBuiltShop, withLake } from "../built_shop.ts";
import { build } from "./batch_builds.ts";

Deno.test("events, tickets and stock counts dated after their extraction are dropped and counted", async () => {
  const shop = {
    events: [
      event("E1", "C1", "page_view", "2024-06-02 23:59:59"),
      event("E2", "C1", "page_view", "2024-06-03 00:00:00"),
      event("E3", "C1", "page_view", "2042-01-01 10:00:00"),
    ],
    inventory: [stock("P1", "WH-NEW", "2024-06-02", 7), stock("P1", "WH-NEW", "2042-01-01", 5)],
    support_tickets: [
      ticket("T1", "C1", "2024-06-02 10:00:00"),
      ticket("T2", "C1", "2042-01-01 10:00:00"),
    ],
  };
  await withBuiltShop(shop, async (built) => {
    const kept = await built.columns(`SELECT
      (SELECT string_agg(event_id) FROM fact_events) AS events,
      (SELECT sum(stock_level) FROM fact_inventory_snapshots) AS pieces,
      (SELECT string_agg(ticket_id) FROM fact_support_tickets) AS tickets,
      (SELECT max("date") FROM dim_dates) AS last_day`);
    assert.deepEqual(kept, { events: ["E1"], pieces: [7], tickets: ["T1"], last_day: ["2024-06-02"] });
    for (const [table, rows] of [["events", 2], ["inventory", 1], ["support_tickets", 1]] as const) {
      const found = await built.quality(table, "dated_after_extraction");
      assert.deepEqual(found, { action: "dropped", rows, amount: null }, table);
    }
    const explained = await built.rows(`SELECT source_table, source_quantity, explained_quantity
      FROM reconciliation WHERE "month" = '2042-01' ORDER BY 1`);
    assert.deepEqual(explained, [
      { source_table: "events", source_quantity: 0, explained_quantity: 0 },
      { source_table: "inventory", source_quantity: 5, explained_quantity: 5 },
      { source_table: "support_tickets", source_quantity: 0, explained_quantity: 0 },
    ]);
  });
});

Deno.test("a row dated in the future does not take the place of another with its key or content", async () => {
  const early = { run: "run1", extractedAt: "2024-01-01 06:00:00" };
  const late = { run: "run2", extractedAt: "2024-03-01 06:00:00" };
  // Ids that differ in blanks are one thing in the facts, and two in the raw layer.
  const rows = (blank: string) => ({
    orders: [line(`O1${blank}`, "C1", "P1", "2024-02-01", 10, 1)],
    events: [event(`E1${blank}`, "C1", "page_view", "2024-02-01 10:00:00")],
    inventory: [stock(`P1${blank}`, "WH-NEW", "2024-02-01", 3)],
    support_tickets: [ticket(`T1${blank}`, "C1", "2024-02-01 10:00:00")],
  });
  await withLake(async ({ store }) => {
    let inputs: RawInputs = await appendBatch(store, {}, { ...early, rows: rows(" ") });
    inputs = await appendBatch(store, inputs, { ...late, rows: rows("") });
    await build(store, inputs);
    using session = await openSnapshot(store);
    const kept = await session.columns(`SELECT (SELECT count(*) FROM fact_orders) AS orders,
      (SELECT count(*) FROM fact_events) AS events,
      (SELECT count(*) FROM fact_inventory_snapshots) AS inventory,
      (SELECT count(*) FROM fact_support_tickets) AS tickets`);
    assert.deepEqual(kept, { orders: [1], events: [1], inventory: [1], tickets: [1] });
  });
});
