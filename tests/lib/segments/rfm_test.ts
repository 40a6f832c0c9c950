import { PERSONAS, rfmSql, rfmTies, segmentSummaries } from "shopflow/segments/mod.ts";
import { openSession, sqlString } from "shopflow/warehouse/mod.ts";
import { segmentSql } from "../../../lib/segments/personas.ts";
import type { RfmRow } from "../../../lib/segments/rfm.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { openCuratedShop } from "../../fixtures/curated_shop.ts";
import { SEGMENTED_PERIOD, segmentedShop } from "../../fixtures/segmented_shop.ts";
import { TEST_DATASETS, testWith } from "../../requirements.ts";

const sale = (
  order: string,
  customer: string,
  day: string,
  amount = 10,
) => [order, "P1", customer, day, amount < 0 ? "return" : "sale", 1, amount, amount, 0];

Deno.test("scores count what was known before the day, and equal customers have equal scores", async () => {
  using session = await openCuratedShop({
    dim_customers: [["E", "UK", "2024-01-15"], ["F", "UK", "2024-06-15"], ["UNKNOWN", null, null]],
    fact_orders: [
      sale("1", "A", "2024-05-30", 50),
      sale("2", "A", "2024-05-20", 50),
      sale("3", "A", "2024-05-25", -30),
      // On the day itself: not known before it.
      sale("4", "A", "2024-06-01", 500),
      sale("5", "B", "2024-03-01"),
      sale("6", "C", "2024-03-01"),
      sale("7", "D", "2024-03-01"),
      sale("8", "UNKNOWN", "2024-03-01", 999),
      // Only a return: never ordered.
      sale("9", "G", "2024-03-01", -7),
    ],
  });
  const rows = await session.rows<RfmRow>(`SELECT * FROM (${rfmSql(["2024-06-01"])}) ORDER BY customer_id`);
  assert.deepEqual(
    rows.map((
      { customer_id, recency_days, orders, net_sales, r, f, m, segment },
    ) => [customer_id, recency_days, orders, net_sales, r, f, m, segment]),
    [
      // Better than 3 of 4: 1 + floor(5 × 3/4).
      ["A", 2, 2, 70, 4, 4, 4, "loyal"],
      ["B", 92, 1, 10, 1, 1, 1, "hibernating"],
      ["C", 92, 1, 10, 1, 1, 1, "hibernating"],
      ["D", 92, 1, 10, 1, 1, 1, "hibernating"],
      ["E", null, 0, 0, null, null, null, "no-order"],
    ],
  );
  const ties = await rfmTies(session, "2024-06-01");
  assert.deepEqual(ties?.commonestOrders, { orders: 1, share: 0.75 });
  assert.deepEqual(ties?.empty.filter(({ axis }) => axis === "frequency").map(({ score }) => score), [
    2,
    3,
    5,
  ]);
});

Deno.test("the segments cover the grid of scores once", async () => {
  using session = await openSession();
  const rows = await session.rows<{ r: number; f: number; segment: string }>(
    `SELECT r, f, ${segmentSql("r", "f")} AS segment FROM range(1, 6) AS a(r), range(1, 6) AS b(f)`,
  );
  for (const { r, f, segment } of rows) {
    const named = PERSONAS.filter(({ cells }) => cells?.recency.includes(r) && cells.frequency.includes(f));
    assert.deepEqual(named.map(({ id }) => id), [segment], `recency ${r}, frequency ${f}`);
  }
});

Deno.test("every customer is in exactly one segment", async () => {
  using session = await openCuratedShop(segmentedShop());
  const rows = await session.rows<RfmRow>(rfmSql(["2024-03-01", "2024-06-20"]));
  assert.equal(new Set(rows.map(({ as_of, customer_id }) => `${as_of} ${customer_id}`)).size, rows.length);
  const now = rows.filter(({ as_of }) => as_of === "2024-06-20");
  assert.equal(now.length, 60);
  const summed = (await segmentSummaries(session, "2024-06-20")).reduce(
    (sum, { customers }) => sum + customers,
    0,
  );
  assert.equal(summed, 60);
  assert.ok(SEGMENTED_PERIOD.last < "2024-06-20");
});

Deno.test("a date that is none is refused", () => {
  assert.throws(() => rfmSql(["soon"]), { name: "InputError" });
  assert.throws(() => rfmSql([]), /at least one/);
});

testWith(
  ["datasets"],
  "CDNOW's scores are those of pandas' ranks, and the ties of its one-time buyers are said",
  async () => {
    using session = await openSession();
    const file = join(TEST_DATASETS, "cdnow", "CDNOW_sample.txt");
    await session.run(`CREATE TABLE fact_orders AS
SELECT parts[2] || parts[3] AS order_id, parts[2] AS customer_id, CAST(strptime(parts[3], '%Y%m%d') AS DATE) AS order_date,
       'sale' AS line_type, CAST(parts[5] AS DECIMAL(10, 2)) AS net_amount
FROM (SELECT string_split_regex(trim(line), ' +') AS parts
      FROM read_csv(${sqlString(file)}, columns = {line: 'VARCHAR'}, delim = '\\0', header = false))`);
    await session.run(
      "CREATE TABLE dim_customers (customer_id VARCHAR, signup_date DATE, is_current BOOLEAN, is_inferred BOOLEAN)",
    );
    const cells = await session.rows<{ r: number; f: number; customers: number }>(
      `SELECT r, f, count(*) AS customers FROM (${rfmSql(["1998-07-01"])}) GROUP BY ALL ORDER BY r, f`,
    );
    // pandas 2: 1 + 5 * (rank(method="min") - 1) // 2357, of days before 1998-07-01 and of distinct days.
    assert.deepEqual(cells.map(({ r, f, customers }) => [r, f, customers]), [
      [1, 1, 460],
      [1, 3, 22],
      [2, 1, 409],
      [2, 3, 49],
      [2, 4, 10],
      [2, 5, 3],
      [3, 1, 349],
      [3, 3, 82],
      [3, 4, 29],
      [3, 5, 3],
      [4, 3, 192],
      [4, 4, 170],
      [4, 5, 108],
      [5, 3, 58],
      [5, 4, 149],
      [5, 5, 264],
    ]);
    const segments = await segmentSummaries(session, "1998-07-01");
    assert.deepEqual(
      Object.fromEntries(segments.map(({ segment, customers }) => [segment, customers]).sort()),
      {
        "about-to-sleep": 349,
        "at-risk": 81,
        "cannot-lose": 3,
        "champions": 413,
        "hibernating": 869,
        "loyal": 310,
        "need-attention": 82,
        "potential-loyalists": 250,
      },
    );
    const ties = await rfmTies(session, "1998-07-01");
    assert.deepEqual(ties?.empty, [{ axis: "frequency", score: 2 }]);
    assert.equal(ties?.commonestOrders.orders, 1);
  },
);
