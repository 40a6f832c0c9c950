import { createDirectoryStore } from "shopflow/lake/store/mod.ts";
import { needsKeyTrim, semiJoinByKey } from "../../../../lib/warehouse/build/prune.ts";
import { openSession, sqlString } from "shopflow/warehouse/mod.ts";
import { WAREHOUSE_PROJECT } from "../../../../pipelines/steps/transform.ts";
import type { SourceDoc } from "../../../../lib/warehouse/project/schema_yml.ts";
import assert from "node:assert/strict";
import { join } from "node:path";

const SOURCE: SourceDoc = {
  source: "raw",
  schema: "raw",
  table: "stock",
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
