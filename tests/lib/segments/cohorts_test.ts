import { cohortRetentionSql } from "shopflow/segments/mod.ts";
import { openSession } from "shopflow/warehouse/mod.ts";
import type { CohortCell } from "../../../lib/segments/cohorts.ts";
import assert from "node:assert/strict";

const ORDERS = `CREATE TABLE fact_orders AS
SELECT customer_id, CAST(order_date AS DATE) AS order_date, 'sale' AS line_type
FROM (VALUES ('A', '2024-01-10'), ('B', '2024-01-20'), ('C', '2024-02-10'), ('B', '2024-04-25'),
             ('C', '2024-05-10'), ('D', '2024-05-31'), ('UNKNOWN', '2024-01-05'))
  AS t(customer_id, order_date)`;

async function cells(first: string, last: string): Promise<CohortCell[]> {
  using session = await openSession();
  await session.run(ORDERS);
  return await session.rows<CohortCell>(cohortRetentionSql({ first, last }));
}

const of = (found: CohortCell[], cohort: string) =>
  found.filter((cell) => cell.cohort === `${cohort}-01`).map(({ active, state }) => `${active} ${state}`);

Deno.test("what is not known yet is null and never 0, and a month that is not over is partial", async () => {
  const found = await cells("2024-01-01", "2024-05-15");
  assert.deepEqual(of(found, "2024-01"), ["2 whole", "0 whole", "0 whole", "1 whole", "0 partial"]);
  assert.deepEqual(of(found, "2024-02"), ["1 whole", "0 whole", "0 whole", "1 partial", "null unknown"]);
  assert.equal(found.find(({ state }) => state === "unknown")?.retention, null);
  assert.deepEqual(
    [...new Set(found.map(({ cohort }) => cohort))],
    ["2024-01-01", "2024-02-01"],
    "D ordered later",
  );
  const january = found.find(({ cohort, months_since }) => cohort === "2024-01-01" && months_since === 3);
  assert.equal(january?.retention, 0.5);
});

Deno.test("the last month is whole on its last day, and so is its cohort", async () => {
  const found = await cells("2024-01-01", "2024-05-31");
  assert.deepEqual(of(found, "2024-05"), ["1 whole", ...Array(4).fill("null unknown")]);
  assert.ok(found.every(({ is_partial_cohort }) => !is_partial_cohort));
  const before = await cells("2024-01-01", "2024-05-30");
  assert.deepEqual(of(before, "2024-02").slice(2), ["0 whole", "1 partial", "null unknown"]);
});

Deno.test("a cohort whose month began before the data is marked", async () => {
  const found = await cells("2024-01-02", "2024-04-30");
  assert.deepEqual([...new Set(found.filter((cell) => cell.is_partial_cohort).map(({ cohort }) => cohort))], [
    "2024-01-01",
  ]);
  assert.equal(of(found, "2024-01")[0], "2 partial");
});

Deno.test("without orders there are no cohorts", async () => {
  using session = await openSession();
  await session.run(`${ORDERS} WHERE false`);
  assert.deepEqual(await session.rows(cohortRetentionSql({ first: "2024-01-01", last: "2024-05-31" })), []);
});
