import assert from "node:assert/strict";
import { minMaxPredicate, openSession, sqlString } from "shopflow/warehouse/mod.ts";
import {
  monthOf,
  monthRangePredicate,
  needsKeyTrim,
  semiJoinByKey,
} from "../../../../lib/warehouse/build/prune.ts";
import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import { WAREHOUSE_PROJECT } from "../../../../pipelines/steps/transform.ts";
import type { SourceDoc } from "../../../../lib/warehouse/project/reading/schema_yml.ts";
import { join } from "node:path";

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

const SOURCE: SourceDoc = {
  source: "raw",
  schema: "raw",
  name: "stock",
  table: "stock",
  file: "sources.yml",
  dataTests: [],
  description: "",
  columns: [],
  key: ["product_id", "day"],
  monthOf: "day",
};
const CLEAN = ["('P1', DATE '2024-01-01')", "('P2', DATE '2024-01-01')"];

for (
  const { kind, rows, unclean } of [
    { kind: "clean keys", rows: CLEAN, unclean: false },
    { kind: "a blank behind a key", rows: [...CLEAN, "('P1 ', DATE '2024-01-01')"], unclean: true },
    { kind: "an empty key", rows: [...CLEAN, "('', DATE '2024-01-01')"], unclean: true },
    { kind: "a word for nothing as a key", rows: [...CLEAN, "('NULL', DATE '2024-01-01')"], unclean: true },
    { kind: "a missing part of a key", rows: [...CLEAN, "('P1', NULL)"], unclean: true },
  ]
) {
  Deno.test(`rows are found by their key in a file with ${kind}`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      using session = await openSession();
      const path = join(folder, "stock.parquet");
      await session.run(
        `CREATE TABLE stock AS FROM (VALUES ${rows.join(", ")}) AS rows(product_id, day);
         COPY stock TO ${sqlString(path)} (FORMAT parquet)`,
      );
      const file = { key: "stock.parquet", rows: rows.length, size: 0, sha256: "" };
      assert.equal(await needsKeyTrim(session, file, SOURCE, createDirectoryStore(folder)), unclean);
      await session.run("CREATE TABLE wanted_keys AS SELECT * FROM stock WHERE product_id = 'P1' LIMIT 1");
      const found = await session.rows(
        `SELECT * FROM ${semiJoinByKey(SOURCE, "stock", "wanted_keys", { clean: !unclean })}`,
      );
      assert.equal(found.length, rows.filter((row) => /'P1 ?', DATE/.test(row)).length);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("an id that is missing is the same key in every word for it", async () => {
  using session = await openSession();
  const words = ["", " ", "NULL", "NaN", "nan", "None", "\\N", "<NA>", "n/a", "undefined"];
  const values = words.map((word) => `('${word}', DATE '2024-01-01')`);
  await session.run(`CREATE TABLE stock AS FROM (VALUES ${values.join(", ")}) AS rows(product_id, day);
    CREATE TABLE wanted_keys AS SELECT NULL::VARCHAR AS product_id, DATE '2024-01-01' AS day`);
  const found = await session.rows(
    `SELECT * FROM ${semiJoinByKey(SOURCE, "stock", "wanted_keys", { clean: false })}`,
  );
  assert.equal(found.length, words.length);
});

Deno.test("keys are missing in the words in which the project's models take text for missing", async () => {
  const macro = await Deno.readTextFile(join(WAREHOUSE_PROJECT, "macros", "clean_text.sql"));
  const [, list = ""] = /not in \(([^)]*(?:\(null\)|chr\(92\)|[^)])*)\n\s*\) then/.exec(macro) ?? [];
  using session = await openSession();
  await session.run(`CREATE TABLE stock AS SELECT unnest([${list}]) AS product_id, DATE '2024-01-01' AS day;
    CREATE TABLE wanted_keys AS SELECT '' AS product_id, DATE '2024-01-01' AS day`);
  const missing = semiJoinByKey(SOURCE, "stock", "wanted_keys", { clean: false });
  const [count] = await session.rows(
    `SELECT count(*) AS words, (SELECT count(*) FROM ${missing}) AS missing FROM stock`,
  );
  assert.deepEqual(count, { words: 11, missing: 11 });
});
