import assert from "node:assert/strict";
import { event, type ShopRow, stock, ticket } from "../../fixtures/small_shop.ts";
import { withBuiltShop } from "../built_shop.ts";

const AT = "2024-03-01 10:00:00";

Deno.test("events that repeat another's content or id, or lack what makes them an event, are dropped", async () => {
  const events = [
    event("E1", "C1", "purchase", AT, { product_id: "P1" }),
    event("E2", "C1", "purchase", AT, { product_id: "P1" }),
    event("E3", "C1", "purchase", AT, { product_id: "P2" }),
    event("E4", "C1", " Page_View ", "2024-03-01 10:00:01"),
    event("E4", "C1", "page_view", "2024-03-01 10:00:02"),
    event(null, "C1", "page_view", AT),
    event("E6", "C1", null, AT),
    event("E7", "C1", "page_view", null),
    event("E8", "C1", "page_view", "1024-03-01 10:00:00"),
    event("E9", null, "page_view", AT, { session_id: "S9" }),
  ];
  await withBuiltShop({ events }, async (shop) => {
    const facts = await shop.columns(
      "SELECT event_id, customer_id, event_type, event_date, product_id FROM fact_events ORDER BY 1",
    );
    assert.deepEqual(facts, {
      event_id: ["E1", "E3", "E4", "E9"],
      customer_id: ["C1", "C1", "C1", "UNKNOWN"],
      event_type: ["purchase", "purchase", "page_view", "page_view"],
      event_date: ["2024-03-01", "2024-03-01", "2024-03-01", "2024-03-01"],
      product_id: ["P1", "P2", null, null],
    });
    const rules = {
      repeated_event: "dropped",
      duplicate_event_id: "dropped",
      missing_event_id: "dropped",
      missing_event_type: "dropped",
      missing_event_timestamp: "dropped",
      implausible_event_timestamp: "dropped",
      missing_customer_id: "kept",
    };
    for (const [rule, action] of Object.entries(rules)) {
      assert.deepEqual(await shop.quality("events", rule), { action, rows: 1, amount: null }, rule);
    }
  });
});

Deno.test("of several states of a ticket the latest stays", async () => {
  const states: ShopRow[] = [
    { status: "Open" },
    { status: "Resolved", resolved_date: "2024-03-02 10:00:00", resolution_hours: 24 },
    { status: "Closed", resolved_date: "2024-03-02 10:00:00", resolution_hours: 24, satisfaction_score: 5 },
    { status: "In Progress" },
  ];
  // Whatever order the documents come in.
  for (const order of [[0, 1, 2, 3], [2, 3, 1, 0]]) {
    const support_tickets = order.map((i) => ticket("T1", "C1", AT, states[i]));
    await withBuiltShop({ support_tickets }, async (shop) => {
      const facts = await shop.rows(
        "SELECT status, resolution_hours, satisfaction_score FROM fact_support_tickets",
      );
      assert.deepEqual(facts, [{ status: "Closed", resolution_hours: 24, satisfaction_score: 5 }]);
      assert.equal((await shop.quality("support_tickets", "older_ticket_state")).rows, 3);
    });
  }
});

Deno.test("of two documents of a ticket that differ in a status alone the same stays, whatever order they come in", async () => {
  for (const statuses of [["Open", "Reopened"], ["Reopened", "Open"]]) {
    const support_tickets = statuses.map((status) => ticket("T1", "C1", AT, { status }));
    await withBuiltShop({ support_tickets }, async (shop) => {
      assert.deepEqual(await shop.columns("SELECT status FROM fact_support_tickets"), { status: ["Open"] });
    });
  }
});

Deno.test("a ticket that was sent again under another id is one ticket", async () => {
  const support_tickets = [
    ticket("T2", "C1", AT, { status: "Open" }),
    ticket("T1", "C1", AT, { status: "Open" }),
    ticket("T3", "C1", AT, { status: "Open", description: "Something else" }),
  ];
  await withBuiltShop({ support_tickets }, async (shop) => {
    assert.deepEqual(await shop.columns("SELECT ticket_id FROM fact_support_tickets ORDER BY 1"), {
      ticket_id: ["T1", "T3"],
    });
    assert.deepEqual(await shop.quality("support_tickets", "repeated_ticket"), {
      action: "dropped",
      rows: 1,
      amount: null,
    });
  });
});

Deno.test("events that reach the database days after they happened are counted", async () => {
  const days = ["2024-03-03", "2024-03-04", "2024-03-01", "2024-03-04"];
  const events = days.map((day, i) =>
    event(`E${i + 8}`, "C1", "page_view", `${day} 10:00:0${i}`, { device_type: null })
  );
  await withBuiltShop({ events }, async (shop) => {
    assert.equal((await shop.quality("events", "late_event")).rows, 1);
    assert.equal((await shop.quality("events", "missing_device_type")).rows, 4);
    assert.equal((await shop.quality("events", "missing_page_url")).rows, 0);
  });
});

Deno.test("impossible resolutions and scores of tickets are missing values", async () => {
  const support_tickets = [
    ticket("T1", "C1", AT, { resolved_date: "2024-02-28 10:00:00", resolution_hours: 5 }),
    ticket("T2", "C1", AT, { resolved_date: "2024-03-02 10:00:00", resolution_hours: -5 }),
    ticket("T3", "C1", AT, { satisfaction_score: 0 }),
    ticket("T4", "C1", AT, { satisfaction_score: 6 }),
    ticket("T5", "C1", AT, { resolved_date: AT, resolution_hours: 1, satisfaction_score: 1 }),
    ticket("T6", null, AT, { order_id: "O404" }),
    ticket(null, "C1", AT),
    ticket("T8", "C1", null),
    ticket("T9", "C1", "1024-03-01 10:00:00"),
  ];
  await withBuiltShop({ support_tickets }, async (shop) => {
    const facts = await shop.columns(
      "SELECT ticket_id, resolved_at, resolution_hours, satisfaction_score FROM fact_support_tickets ORDER BY 1",
    );
    assert.deepEqual(facts, {
      ticket_id: ["T1", "T2", "T3", "T4", "T5", "T6"],
      resolved_at: [null, "2024-03-02 10:00:00", null, null, AT, null],
      resolution_hours: [null, null, null, null, 1, null],
      satisfaction_score: [null, null, null, null, 1, null],
    });
    const rules = {
      resolved_before_created: ["repaired", 1],
      negative_resolution_hours: ["repaired", 1],
      satisfaction_out_of_range: ["repaired", 2],
      missing_customer_id: ["kept", 1],
      unknown_order_id: ["kept", 1],
      missing_ticket_id: ["dropped", 1],
      missing_created_date: ["dropped", 1],
      implausible_created_date: ["dropped", 1],
    };
    for (const [rule, [action, rows]] of Object.entries(rules)) {
      assert.deepEqual(await shop.quality("support_tickets", rule), { action, rows, amount: null }, rule);
    }
  });
});

Deno.test("of several stock counts of a day the last that has a count stays, and negative stock is none", async () => {
  const inventory = [
    stock("P1", "WH-US-EAST", "2024-03-01", 12),
    stock("P1", "WH-US-EAST", "2024-03-01", 10, { last_updated: "2024-03-02 06:00:00" }),
    stock("P1", "WH-US-EAST", "2024-03-01", null, { last_updated: "2024-03-03 06:00:00" }),
    stock("P2", "WH-US-EAST", "2024-03-01", -3, { reorder_level: -1 }),
    stock("P3", "WH-US-EAST", "2024-03-01", 0),
    stock(null, "WH-US-EAST", "2024-03-01", 1),
    stock("P4", null, "2024-03-01", 1),
    stock("P5", "WH-US-EAST", null, 1),
    stock("P6", "WH-US-EAST", "1024-03-01", 1),
    stock("P7", "WH-US-EAST", "2024-03-01", null),
  ];
  await withBuiltShop({ inventory }, async (shop) => {
    const facts = await shop.columns(
      "SELECT product_id, stock_level, reorder_level, is_stockout FROM fact_inventory_snapshots ORDER BY 1",
    );
    assert.deepEqual(facts, {
      product_id: ["P1", "P2", "P3"],
      stock_level: [10, 0, 0],
      reorder_level: [5, null, 5],
      is_stockout: [false, true, true],
    });
    const rules = {
      older_inventory_row: ["dropped", 1],
      missing_stock_level: ["dropped", 2],
      negative_stock: ["repaired", 1],
      negative_reorder_level: ["repaired", 1],
      late_update: ["kept", 1],
      missing_product_id: ["dropped", 1],
      missing_warehouse_id: ["dropped", 1],
      missing_date: ["dropped", 1],
      implausible_date: ["dropped", 1],
    };
    for (const [rule, [action, rows]] of Object.entries(rules)) {
      assert.deepEqual(await shop.quality("inventory", rule), { action, rows, amount: null }, rule);
    }
  });
});
