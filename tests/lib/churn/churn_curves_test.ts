import assert from "node:assert/strict";
import { openSession } from "shopflow/warehouse/mod.ts";
import { cohortRetentionSql, monthlyChurnSql } from "shopflow/churn/mod.ts";

const ORDERS = `CREATE TABLE fact_orders AS
SELECT customer_id, CAST(order_date AS DATE) AS order_date, 'sale' AS line_type
FROM (VALUES ('A', '2024-01-10'), ('B', '2024-01-20'), ('C', '2024-02-10'), ('B', '2024-04-25'),
             ('C', '2024-05-10'), ('D', '2024-05-31'), ('UNKNOWN', '2024-01-05'))
  AS t(customer_id, order_date)`;

Deno.test("monthly churn is the share of active customers who pass 90 days without an order", async () => {
  using session = await openSession();
  await session.run(ORDERS);
  const rows = await session.rows(monthlyChurnSql({ first: "2024-01-10", last: "2024-05-31" }));
  // Only May has 90 days before it: B ordered on 25 April, C on 10 February, A no later than 10 January. C
  // orders again on 10 May.
  assert.deepEqual(rows, [{ month: "2024-05-01", active: 2, churned: 0, churn_rate: 0 }]);
  await session.run("DELETE FROM fact_orders WHERE customer_id = 'C' AND order_date = DATE '2024-05-10'");
  const [may] = await session.rows(monthlyChurnSql({ first: "2024-01-10", last: "2024-05-31" }));
  assert.deepEqual(may, { month: "2024-05-01", active: 2, churned: 1, churn_rate: 0.5 });
});

Deno.test("retention follows each month's newcomers through the months after", async () => {
  using session = await openSession();
  await session.run(ORDERS);
  const rows = await session.rows(cohortRetentionSql("2024-05-15"));
  assert.deepEqual(rows, [
    { cohort: "2024-01-01", months_since: 0, customers: 2, active: 2, retention: 1 },
    { cohort: "2024-01-01", months_since: 3, customers: 2, active: 1, retention: 0.5 },
    { cohort: "2024-02-01", months_since: 0, customers: 1, active: 1, retention: 1 },
    { cohort: "2024-02-01", months_since: 3, customers: 1, active: 1, retention: 1 },
  ]);
});
