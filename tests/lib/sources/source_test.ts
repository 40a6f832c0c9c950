import {
  controlTotalsSql,
  differingMonths,
  type MonthlyTotals,
  monthlyTotals,
  SOURCE_TABLES,
  type TotalsRow,
  updatedTotals,
} from "shopflow/sources/mod.ts";
import { openSession } from "shopflow/warehouse/mod.ts";
import { PGlite } from "@electric-sql/pglite";
import assert from "node:assert/strict";
import fc from "fast-check";

const ORDERS = SOURCE_TABLES.find(({ name }) => name === "orders")!;

Deno.test("PostgreSQL and DuckDB give the same figures, to the cent and for dates of every kind", async () => {
  const rows = `('2024-01-31', 0.10, 1), ('2024-01-01', 0.20, 2), ('2024-02-29', -99999999.99, -2147483648),
    ('0024-05-05', 1, NULL), ('12042-12-01', NULL, 3), ('0044-03-15 BC', 5, 1), ('infinity', 0.01, 1),
    (NULL, -0.05, NULL), (NULL, NULL, 7)`;
  const create = (date: string) =>
    `CREATE TABLE orders (order_date ${date}, order_amount decimal(10, 2), quantity integer)`;
  for (const type of ["date", "timestamp"]) {
    const postgres = await PGlite.create();
    await postgres.exec(`${create(type)}; INSERT INTO orders VALUES ${rows}`);
    const source = monthlyTotals((await postgres.query<TotalsRow>(controlTotalsSql(ORDERS, "orders"))).rows);
    await postgres.close();
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

const figures: fc.Arbitrary<MonthlyTotals> = fc.dictionary(
  fc.constantFrom("2024-01", "2024-02", "undated"),
  fc.record({
    rows: fc.integer({ min: 1, max: 9 }),
    cents: fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }),
    quantity: fc.bigInt({ min: -(10n ** 12n), max: 10n ** 12n }),
  }).map(({ rows, cents, quantity }) => {
    const digits = (cents < 0n ? -cents : cents).toString().padStart(3, "0");
    const amount = `${cents < 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
    return { rows, amount, quantity: String(quantity) };
  }),
);

Deno.test("what is added and taken away again leaves the figures as they were, without rounding", () => {
  fc.assert(fc.property(figures, figures, (before, more) => {
    const added = updatedTotals(before, { added: more, removed: {} });
    assert.deepEqual(differingMonths(updatedTotals(added, { added: {}, removed: more }), before), []);
    assert.deepEqual(differingMonths(added, before), Object.keys(more).sort());
  }));
});
