import { minMaxPredicate, openSession } from "shopflow/warehouse/mod.ts";
import { monthOf, monthRangePredicate } from "../../../../lib/warehouse/build/prune.ts";
import assert from "node:assert/strict";

const DAYS = [
  null,
  "infinity",
  "-infinity",
  "0044-03-15 (BC)",
  "0044-03-15",
  "2024-01-31",
  "2024-02-01",
  "2024-02-29",
  "2024-03-01",
  "12024-02-05",
];

for (const type of ["DATE", "TIMESTAMP"]) {
  Deno.test(`the range of months holds every ${type} of them, also odd ones`, async () => {
    using session = await openSession();
    const values = DAYS.map((day) => `(${day === null ? "NULL" : `'${day}'`}::${type})`);
    await session.run(`CREATE TABLE days AS SELECT * FROM (VALUES ${values.join(", ")}) AS t(day)`);
    const months = await session.rows<{ month: string }>(
      `SELECT DISTINCT ${monthOf("day")} AS month FROM days`,
    );
    for (const { month } of months) {
      const lost = await session.rows(
        `SELECT * FROM days WHERE ${monthOf("day")} = '${month}' AND (${
          monthRangePredicate("day", [month])
        }) IS NOT TRUE`,
      );
      assert.deepEqual(lost, [], month);
    }
    const february = await session.rows(
      `SELECT day FROM days WHERE ${monthRangePredicate("day", ["2024-02"])} AND day > '2000-01-01'`,
    );
    assert.equal(february.length, 2);
    assert.equal(monthRangePredicate("day", []), "false");
  });

  Deno.test(`every ${type} lies between the extremes`, async () => {
    using session = await openSession();
    for (const days of [DAYS, DAYS.filter((day) => day !== null), [null], []]) {
      const values = days.map((day) => `(${day === null ? "NULL" : `'${day}'`}::${type})`);
      await session.run(`CREATE OR REPLACE TABLE days (day ${type})`);
      if (values.length > 0) await session.run(`INSERT INTO days VALUES ${values.join(", ")}`);
      const condition = await minMaxPredicate(session, "day", "days");
      const [{ rows }] = await session.rows<{ rows: number }>(
        `SELECT count(*) AS rows FROM days WHERE ${condition}`,
      ) as [{ rows: number }];
      assert.equal(rows, days.length);
    }
  });
}
