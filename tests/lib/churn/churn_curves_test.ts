import assert from "node:assert/strict";
import { openSession } from "shopflow/warehouse/mod.ts";
import { lapsedCost, monthlyLapsedSql } from "shopflow/churn/mod.ts";
import { lapsedCostSql } from "../../../lib/churn/study/study.ts";

const ORDERS = `CREATE TABLE fact_orders AS
SELECT customer_id, CAST(order_date AS DATE) AS order_date, 'sale' AS line_type
FROM (VALUES ('A', '2024-01-10'), ('B', '2024-01-20'), ('C', '2024-02-10'), ('B', '2024-04-25'),
             ('C', '2024-05-10'), ('D', '2024-05-31'), ('UNKNOWN', '2024-01-05'))
  AS t(customer_id, order_date)`;

Deno.test("customers who lapse are the share of active customers who pass 90 days without an order", async () => {
  using session = await openSession();
  await session.run(ORDERS);
  const rows = await session.rows(monthlyLapsedSql({ first: "2024-01-10", last: "2024-05-31" }));
  // Only May has 90 days before it: B ordered on 25 April, C on 10 February, A no later than 10 January. C
  // orders again on 10 May.
  assert.deepEqual(rows, [{ month: "2024-05-01", active: 2, lapsed: 0, lapsed_share: 0 }]);
  await session.run("DELETE FROM fact_orders WHERE customer_id = 'C' AND order_date = DATE '2024-05-10'");
  const [may] = await session.rows(monthlyLapsedSql({ first: "2024-01-10", last: "2024-05-31" }));
  assert.deepEqual(may, { month: "2024-05-01", active: 2, lapsed: 1, lapsed_share: 0.5 });
});

Deno.test("the cost of lapsing is a year's sales of those who lapsed in the period and stayed away", async () => {
  using session = await openSession();
  await session.run(`CREATE TABLE fact_orders AS
SELECT customer_id, CAST(order_date AS DATE) AS order_date, line_type, amount AS net_amount
FROM (VALUES ('lapsed', '2023-05-01', 'sale', 100), ('lapsed', '2024-01-10', 'sale', 30),
             ('lapsed', '2022-12-01', 'sale', 1000), ('lapsed', '2024-01-20', 'return', -5),
             ('back', '2024-01-05', 'sale', 50), ('back', '2024-06-25', 'sale', 50),
             ('gone before', '2023-09-01', 'sale', 70), ('active', '2024-06-01', 'sale', 70),
             ('UNKNOWN', '2024-01-10', 'sale', 7))
  AS t(customer_id, order_date, line_type, amount)`);
  const cost = async (from: string, to: string) => await session.rows(lapsedCostSql({ from, to }));
  assert.deepEqual(await cost("2024-01-01", "2024-07-01"), [{ customers: 1, sales: 125 }]);
  // On 9 April the order of 10 January is one of the 90 days before, on 10 April it no longer is.
  assert.deepEqual(await cost("2024-04-09", "2024-04-10"), [{ customers: 1, sales: 125 }]);
  assert.deepEqual(await cost("2024-04-10", "2024-05-01"), [{ customers: 0, sales: 0 }]);
});

Deno.test("a month in which nobody was active has a row, so that months are counted without a gap", async () => {
  using session = await openSession();
  await session.run(`CREATE TABLE fact_orders AS
SELECT customer_id, CAST(order_date AS DATE) AS order_date, 'sale' AS line_type, 10 AS net_amount
FROM (VALUES ('A', '2024-01-01'), ('A', '2024-02-10'), ('B', '2024-09-20')) AS t(customer_id, order_date)`);
  const months = await session.rows<{ month: string; active: number; lapsed: number }>(
    monthlyLapsedSql({ first: "2024-01-01", last: "2024-10-31" }),
  );
  assert.deepEqual(months.map(({ month, active, lapsed }) => [month, active, lapsed]), [
    ["2024-04-01", 1, 0],
    ["2024-05-01", 1, 1],
    ["2024-06-01", 0, 0],
    ["2024-07-01", 0, 0],
    ["2024-08-01", 0, 0],
    ["2024-09-01", 0, 0],
    ["2024-10-01", 1, 0],
  ]);
  assert.deepEqual(await lapsedCost(session, months), {
    from: "2024-04-01",
    to: "2024-11-01",
    months: 7,
    lapsedShare: 1 / 3,
    customers: 1,
    sales: 20,
    allSales: 10,
    isWhole: false,
  });
});
