import { controlTotalsSql, monthlyTotals, SOURCE_TABLES, type TotalsRow } from "shopflow/sources/mod.ts";
import { openSession } from "shopflow/warehouse/mod.ts";
import { PGlite } from "@electric-sql/pglite";
import assert from "node:assert/strict";

const ORDERS = SOURCE_TABLES.find(({ name }) => name === "orders")!;

Deno.test("PostgreSQL and DuckDB give the same control totals, to the cent and for dates of every kind", async () => {
  const rows = `('2024-01-31', 0.10, 1), ('2024-01-01', 0.20, 2), ('2024-02-29', -99999999.99, -2147483648),
    ('0024-05-05', 1, NULL), ('12042-12-01', NULL, 3), ('0044-03-15 BC', 5, 1), ('infinity', 0.01, 1),
    (NULL, -0.05, NULL), (NULL, NULL, 7)`;
  const create = (date: string) =>
    `CREATE TABLE orders (order_date ${date}, order_amount decimal(10, 2), quantity integer)`;
  await using postgres = await PGlite.create();
  for (const type of ["date", "timestamp"]) {
    await postgres.exec(`DROP TABLE IF EXISTS orders; ${create(type)}; INSERT INTO orders VALUES ${rows}`);
    const source = monthlyTotals((await postgres.query<TotalsRow>(controlTotalsSql(ORDERS, "orders"))).rows);
    using session = await openSession({ threads: 1 });
    await session.run(`${create(type)}; INSERT INTO orders VALUES ${rows.replace("BC", "(BC)")}`);
    const lake = monthlyTotals(await session.rows<TotalsRow>(controlTotalsSql(ORDERS, "orders")));
    assert.deepEqual(lake, source);
    assert.deepEqual(source["2024-01"], { rows: 2, amount: "0.30", quantity: "3" });
    assert.deepEqual(source["2024-02"], { rows: 1, amount: "-99999999.99", quantity: "-2147483648" });
    assert.deepEqual(source.undated, { rows: 2, amount: "-0.05", quantity: "7" });
    assert.equal(Object.keys(source).length, 7);
  }
});
