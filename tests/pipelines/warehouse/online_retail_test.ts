import { type Session, sqlString } from "shopflow/warehouse/mod.ts";
import assert from "node:assert/strict";
import { join } from "node:path";
import { TEST_DATASETS, testWith } from "../../requirements.ts";
import { withBuiltShop } from "../built_shop.ts";

/** The transactions as order lines, nothing decided. */
async function loadTransactions(session: Session): Promise<void> {
  const path = join(TEST_DATASETS, "online_retail", "online_retail.csv.gz");
  await session.run(`
    CREATE TABLE transactions AS SELECT InvoiceNo, StockCode, CustomerID, CAST(InvoiceDate AS DATE) AS day,
      CAST(Quantity AS INTEGER) AS quantity,
      CAST(CAST(UnitPrice AS DECIMAL(12, 3)) * CAST(Quantity AS INTEGER) AS DECIMAL(10, 2)) AS amount
    FROM read_csv(${sqlString(path)}, all_varchar = true);
    INSERT INTO raw.orders BY NAME
      SELECT InvoiceNo AS order_id, CustomerID AS customer_id, StockCode AS product_id, day AS order_date, quantity,
        amount AS order_amount
      FROM transactions;
    INSERT INTO raw.customers BY NAME
      SELECT DISTINCT CustomerID AS customer_id FROM transactions WHERE CustomerID <> '';
    INSERT INTO raw.products BY NAME SELECT DISTINCT StockCode AS product_id FROM transactions;
  `);
}

testWith(
  ["datasets"],
  "real transactions pass every data test, and their money is explained to the cent",
  async () => {
    await withBuiltShop({}, async (shop) => {
      const [totals] = await shop.rows(`SELECT
      (SELECT count(*) FROM raw.orders) AS raw_rows,
      (SELECT CAST(sum(order_amount) * 100 AS BIGINT) FROM raw.orders) AS raw_cents,
      (SELECT CAST(sum(order_amount) * 100 AS BIGINT) FROM fact_orders) AS kept_cents,
      (SELECT CAST(sum(amount) * 100 AS BIGINT) FROM data_quality
        WHERE source_table = 'orders' AND action = 'dropped') AS dropped_cents`);
      // 541,909 lines, as the data set's description says.
      assert.equal(totals!.raw_rows, 541_909);
      assert.equal(Number(totals!.kept_cents) + Number(totals!.dropped_cents), totals!.raw_cents);

      // Two invoices that adjust bad debt have a negative price: money without goods.
      assert.deepEqual(await shop.quality("orders", "money_without_goods"), {
        action: "repaired",
        rows: 2,
        amount: -22124.12,
      });
      const [customers] = await shop.rows<{ known: number }>(
        "SELECT count(*) AS known FROM dim_customers WHERE NOT is_inferred",
      );
      assert.equal(customers!.known, 4372);
      assert.deepEqual(
        await shop.rows(
          "SELECT line_type, min(quantity) > 0 AS goods FROM fact_orders WHERE quantity <> 0 GROUP BY 1 ORDER BY 1",
        ),
        [
          { line_type: "return", goods: false },
          { line_type: "sale", goods: true },
        ],
      );
      assert.ok(Number((await shop.quality("orders", "exact_duplicate")).rows) >= 5268);
      const [empty] = await shop.rows(`SELECT (SELECT count(*) FROM fact_events) AS events,
      (SELECT count(*) FROM dim_warehouses) AS warehouses`);
      assert.deepEqual(empty, { events: 0, warehouses: 0 });
    }, loadTransactions);
  },
);
