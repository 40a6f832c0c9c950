import { rawTableSql, type ScaleOutEngine } from "shopflow/warehouse/describe/mod.ts";
import assert from "node:assert/strict";

const column = (name: string, dataType: string) => ({
  name,
  dataType,
  description: "",
  isQuoted: false,
  dataTests: [],
});
const SOURCE = {
  source: "raw",
  schema: "raw",
  name: "visits",
  table: "visits",
  file: "sources.yml",
  dataTests: [],
  description: "",
  key: [],
  columns: [
    column("id", "VARCHAR"),
    column("date", "DATE"),
    column("price", "DECIMAL(10,2)"),
    column("at", "TIMESTAMP"),
  ],
};
const file = (key: string) => ({ key, rows: 1, size: 1, sha256: "" });
const sqlFor = (engine: ScaleOutEngine, url: string) =>
  rawTableSql(
    engine,
    [SOURCE],
    { visits: [file("raw/visits/r1.parquet"), file("raw/visits/r2.parquet")] },
    url,
  )
    .replaceAll(/\s+/g, " ");

Deno.test("Spark sees the listed files of a folder, times without zone", () => {
  const sql = sqlFor("spark", "s3://shop/lake");
  assert.match(
    sql,
    /create table raw_files\.visits \( `id` string, `date` date, `price` decimal\(10,2\), `at` timestamp_ntz \) /,
  );
  assert.match(sql, /using parquet location 's3a:\/\/shop\/lake\/raw\/visits';/);
  assert.match(
    sql,
    /create or replace view raw\.visits as select id, date, price, at from raw_files\.visits /,
  );
  assert.match(sql, /where _metadata\.file_name in \( 'r1\.parquet', 'r2\.parquet' \);/);
});

Deno.test("Trino sees the listed files of a folder", () => {
  const sql = sqlFor("trino", "s3://shop/lake");
  assert.match(
    sql,
    /create table raw_files\.visits \( "id" varchar, "date" date, .* "at" timestamp \) with \(/,
  );
  assert.match(sql, /format = 'PARQUET', external_location = 's3:\/\/shop\/lake\/raw\/visits'/);
  assert.match(
    sql,
    /where "\$path" in \( 's3:\/\/shop\/lake\/raw\/visits\/r1\.parquet', 's3:.*r2\.parquet' \);/,
  );
});

Deno.test("Athena sees the listed files of a folder", () => {
  const sql = sqlFor("athena", "s3://shop/lake");
  assert.match(
    sql,
    /create external table raw_files\.visits \( `id` string, .* stored as parquet location 's3:/,
  );
  assert.match(sql, /where "\$path" in \( 's3:\/\/shop\/lake\/raw\/visits\/r1\.parquet'/);
});

Deno.test("Trino and Athena refuse a lake that is not in S3; Spark takes a folder", () => {
  for (const engine of ["trino", "athena"] as const) {
    assert.throws(() => sqlFor(engine, "/home/shop/lake"), {
      name: "WarehouseError",
      message: new RegExp(
        `${engine} cannot read this lake: expected SHOPFLOW_LAKE=s3:.*found /home/shop/lake`,
      ),
    });
  }
  assert.match(sqlFor("spark", "/home/shop/lake"), /location '\/home\/shop\/lake\/raw\/visits'/);
});

Deno.test("a source table without raw file is named, and so is a file outside of its folder", () => {
  assert.throws(() => rawTableSql("spark", [SOURCE], {}, "/lake"), {
    name: "LakeError",
    message: /expected a raw file of visits in \/lake/,
  });
  assert.throws(() => rawTableSql("spark", [SOURCE], { visits: [file("raw/other/r1.parquet")] }, "/lake"), {
    name: "LakeError",
    message: /expected raw\/visits\/…, found raw\/other\/r1\.parquet/,
  });
});
