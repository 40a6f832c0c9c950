import assert from "node:assert/strict";
import type { Value } from "shopflow/warehouse/mod.ts";
import { line, type ShopRow } from "../../fixtures/small_shop.ts";
import { withBuiltShop } from "../built_shop.ts";

const DAY = "2024-03-01";

/** A case: what becomes of some order lines. Built together, since order ids keep cases apart. */
interface Case {
  sentence: string;
  orders: ShopRow[];
  facts: unknown[][];
}
const cases: Case[] = [];
const rule = (sentence: string, { orders, facts }: Omit<Case, "sentence">) => {
  cases.push({ sentence, orders, facts });
};

rule("exact duplicates of an order line are dropped", {
  orders: [
    line("O1", "C1", "P1", DAY, 10, 1),
    line("O1", "C1", "P1", DAY, 10, 1),
    line("O1", "C1", "P1", DAY, 10, 1),
  ],
  facts: [["O1", "P1", "C1", "sale", 1, 10]],
});

rule("several lines of one order and product are summed", {
  orders: [
    line("O1", "C1", "P1", DAY, 10.01, 1),
    line("O1", "C1", "P1", DAY, 20.02, 2),
    line("O1", "C1", "P2", DAY, 5, 1),
  ],
  facts: [["O1", "P1", "C1", "sale", 3, 30.03], ["O1", "P2", "C1", "sale", 1, 5]],
});

rule("a sale and a smaller return within one order are netted to a sale", {
  orders: [line("O1", "C1", "P1", DAY, 50, 5), line("O1", "C1", "P1", DAY, -20, -2)],
  facts: [["O1", "P1", "C1", "sale", 3, 30]],
});

rule("a sale and a larger return within one order are netted to a return", {
  orders: [line("O1", "C1", "P1", DAY, 20, 2), line("O1", "C1", "P1", DAY, -50, -5)],
  facts: [["O1", "P1", "C1", "return", -3, -30]],
});

rule("a sale that is wholly returned within the order leaves no line, and the rows are explained", {
  orders: [line("O1", "C1", "P1", DAY, 50, 5), line("O1", "C1", "P1", DAY, -50, -5)],
  facts: [],
});

rule("a negative quantity is a return, and so is a cancelled invoice", {
  orders: [line("O1", "C1", "P1", DAY, -20, -2), line("C536379", "C1", "P1", DAY, -10, -1)],
  facts: [["C536379", "P1", "C1", "return", -1, -10], ["O1", "P1", "C1", "return", -2, -20]],
});

rule("a line without customer points to the unknown member", {
  orders: [line("O1", null, "P1", DAY, 10, 1), line("O2", "  ", "P1", DAY, 11, 1)],
  facts: [["O1", "P1", "UNKNOWN", "sale", 1, 10], ["O2", "P1", "UNKNOWN", "sale", 1, 11]],
});

rule("lines of one order and product of which one names the customer belong to that customer", {
  orders: [line("O1", null, "P1", DAY, 10, 1), line("O1", "C1", "P1", DAY, 20, 2)],
  facts: [["O1", "P1", "C1", "sale", 3, 30]],
});

rule("a line without product points to an inferred product, so that its money is kept", {
  orders: [line("O1", "C1", null, DAY, 10, 1)],
  facts: [["O1", "UNKNOWN", "C1", "sale", 1, 10]],
});

rule("money that leaves without goods coming back is a return of no goods", {
  orders: [line("A563186", null, "B", DAY, -11062.06, 1)],
  facts: [["A563186", "B", "UNKNOWN", "return", 0, -11062.06]],
});

rule("money that comes in while goods come back is a sale of no goods", {
  orders: [line("O1", "C1", "P1", DAY, 5, -1)],
  facts: [["O1", "P1", "C1", "sale", 0, 5]],
});

rule("lines without money are dropped", {
  orders: [
    line("O1", "C1", "P1", DAY, 0, 1),
    line("O2", null, "P1", DAY, 0, -300),
    line("O3", "C1", "P1", DAY, 0, 0),
  ],
  facts: [],
});

rule("a line without quantity keeps its money", {
  orders: [line("O1", "C1", "P1", DAY, 5, null)],
  facts: [["O1", "P1", "C1", "sale", 0, 5]],
});

rule("lines that cannot be placed are dropped with their money", {
  orders: [
    line(null, "C1", "P1", DAY, 1, 1),
    line("O2", "C1", "P1", null, 2, 1),
    line("O3", "C1", "P1", "0204-03-01", 4, 1),
    line("O4", "C1", "P1", "9999-03-01", 8, 1),
    line("O5", "C1", "P1", DAY, null, 1),
    line("O6", "C1", "P1", DAY, 16, 1),
  ],
  facts: [["O6", "P1", "C1", "sale", 1, 16]],
});

rule(
  "a line dated more than a day after its extraction is dropped, one of tomorrow is of another time zone",
  {
    orders: [
      line("O1", "C1", "P1", "2024-06-03", 10, 1),
      line("O2", "C1", "P1", "2024-06-02", 10, 1),
      line("O3", "C1", "P1", "2042-06-01", 10, 1),
    ],
    facts: [["O2", "P1", "C1", "sale", 1, 10]],
  },
);

/** Order ids of a case end in its number, so that every case has orders of its own. */
const numbered = (order_id: Value | undefined, i: number) =>
  typeof order_id === "string" ? `${order_id}-${i}` : null;

Deno.test("what becomes of order lines", async (t) => {
  const orders = cases.flatMap((one, i) =>
    one.orders.map((row) => ({ ...row, order_id: numbered(row.order_id, i) }))
  );
  await withBuiltShop({ orders }, async (shop) => {
    for (const [i, { sentence, facts }] of cases.entries()) {
      await t.step(sentence, async () => {
        const rows = await shop.rows(
          `SELECT order_id, product_id, customer_id, line_type, quantity, order_amount FROM fact_orders
           WHERE order_id LIKE '%-${i}' ORDER BY order_id, product_id`,
        );
        const expected = facts.map(([order, ...rest]) => [`${order}-${i}`, ...rest]);
        assert.deepEqual(rows.map((row) => Object.values(row)), expected);
      });
    }
    // But for late orders: the ids of the cases are in no order of time.
    await t.step("data_quality counts each rule with its money", async () => {
      const found = await shop.rows(`SELECT * EXCLUDE (source_table, description) FROM data_quality
        WHERE source_table = 'orders' AND rule <> 'late_order' ORDER BY rule`);
      const counted = Object.fromEntries(found.map(({ rule, ...rest }) => [rule, Object.values(rest)]));
      assert.deepEqual(counted, {
        cancelled_order: ["kept", 1, -10],
        dated_after_extraction: ["dropped", 2, 20],
        discount_above_amount: ["kept", 0, null],
        exact_duplicate: ["dropped", 2, 20],
        implausible_order_date: ["dropped", 2, 12],
        line_of_later_month: ["kept", 0, null],
        missing_amount: ["dropped", 1, null],
        missing_customer_id: ["kept", 3, -11041.06],
        missing_discount: ["repaired", 0, null],
        missing_order_date: ["dropped", 1, 2],
        missing_order_id: ["dropped", 1, 1],
        missing_payment_method: ["kept", 0, null],
        missing_product_id: ["kept", 1, 10],
        missing_quantity: ["repaired", 1, 5],
        money_without_goods: ["repaired", 2, -11057.06],
        negative_discount: ["kept", 0, null],
        nets_to_zero: ["dropped", 1, 0],
        return: ["kept", 4, -11122.06],
        sale_and_return_netted: ["repaired", 3, -120],
        several_lines_summed: ["repaired", 5, 60.03],
        zero_amount: ["dropped", 3, 0],
      });
    });
  });
});

Deno.test("lines of one order and product may sum to more than one line can hold", async () => {
  const orders = [
    line("O1", "C1", "P1", DAY, 99999999.25, 2_000_000_000, { discount_amount: 60000000 }),
    line("O1", "C1", "P1", DAY, 99999999.5, 2_000_000_000, { discount_amount: 60000000 }),
  ];
  await withBuiltShop({ orders }, async (shop) => {
    const [fact] = await shop.rows(
      "SELECT quantity, order_amount, discount_amount, net_amount FROM fact_orders",
    );
    assert.deepEqual(fact, {
      quantity: 4_000_000_000,
      order_amount: 199999998.75,
      discount_amount: 120000000,
      net_amount: 79999998.75,
    });
  });
});

Deno.test("net_amount is the amount less the discount, and a missing discount is none", async () => {
  const orders = [
    line("O1", "C1", "P1", DAY, 20, 2, { discount_amount: 2.5 }),
    line("O2", "C1", "P1", DAY, 20, 2, { discount_amount: null }),
    line("O3", "C1", "P1", DAY, 20, 2, { discount_amount: 21 }),
    line("O4", "C1", "P1", DAY, 20, 2, { discount_amount: -1 }),
  ];
  await withBuiltShop({ orders }, async (shop) => {
    assert.deepEqual(await shop.columns("SELECT net_amount FROM fact_orders ORDER BY order_id"), {
      net_amount: [17.5, 20, -1, 21],
    });
    assert.equal((await shop.quality("orders", "missing_discount")).rows, 1);
    assert.deepEqual(await shop.quality("orders", "discount_above_amount"), {
      action: "kept",
      rows: 1,
      amount: 1,
    });
    assert.deepEqual(await shop.quality("orders", "negative_discount"), {
      action: "kept",
      rows: 1,
      amount: -1,
    });
  });
});

Deno.test("orders that reach the database days after they were made are counted, lines and all", async () => {
  const days = ["2024-03-03", "2024-03-04", "2024-03-01", "2024-03-04", "2024-03-05"];
  const orders = days.map((day, i) =>
    line(`ORD000000${i}`, "C1", "P1", day, 10, 1, { payment_method: null })
  );
  orders.push(line("ORD0000002", "C1", "P2", "2024-03-01", 5, 1));
  // Cancellations are numbered on their own.
  orders.push(line("C000001", "C1", "P1", "2024-02-01", -1, -1));
  await withBuiltShop({ orders }, async (shop) => {
    assert.deepEqual(await shop.quality("orders", "late_order"), { action: "kept", rows: 2, amount: 15 });
    assert.deepEqual(await shop.quality("orders", "missing_payment_method"), {
      action: "kept",
      rows: 5,
      amount: 50,
    });
  });
});
