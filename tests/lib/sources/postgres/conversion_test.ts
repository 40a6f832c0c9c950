import assert from "node:assert/strict";
import { join } from "node:path";
import { type Conversion, conversionOf } from "../../../../lib/sources/postgres/conversion.ts";
import { withExtractClient } from "../../../../lib/sources/postgres/snapshot_transaction.ts";
import { placeEmptyPostgres } from "../../../fixtures/empty_postgres.ts";
import { withTemporaryFolder } from "../../notebook/temporary_folder.ts";

/** Category of a type as `pg_type` has it. */
const CATEGORIES: Record<string, string> = { json: "U", uuid: "U", "integer[]": "A", date: "D", text: "S" };
const categoryOf = (type: string) =>
  CATEGORIES[type] ??
    (/^timestamp/.test(type) ? "D" : /^char/.test(type) ? "S" : type === "boolean" ? "B" : "N");

const read = (type: string, agreed: string, timeZone?: string): Conversion | undefined =>
  conversionOf({ name: "It's", type, category: categoryOf(type) }, agreed, timeZone);

const WRONG = Symbol("in quarantine");

/** Type of the shop, what was agreed, and by value in the shop the value in the lake. */
const CASES: [string, string, Record<string, string | null | symbol>][] = [
  ["bigint", "character varying(20)", { "9007199254740993": "9007199254740993" }],
  ["uuid", "character varying(20)", {
    "0190b6b4-0000-7000-8000-000000000001": "0190b6b4-0000-7000-8000-000000000001",
  }],
  ["character(5)", "character varying(20)", { "ALFKI": "ALFKI", "BO": "BO" }],
  ["boolean", "character varying(20)", { true: "true" }],
  ["bigint", "integer", { "2147483647": "2147483647", "2147483648": WRONG, "-2147483648": "-2147483648" }],
  ["numeric", "integer", { "3.00": "3", "4.5": WRONG, NaN: WRONG, Infinity: WRONG, "1e40": WRONG }],
  ["double precision", "integer", { "3": "3", "4.5": WRONG, NaN: WRONG, "-Infinity": WRONG }],
  ["text", "integer", {
    " 12 ": "12",
    "": null,
    four: WRONG,
    "4.5": WRONG,
    "1e3": WRONG,
    "99999999999": WRONG,
  }],
  ["numeric(10,2)", "numeric(10,2)", { "-1.50": "-1.50", NaN: WRONG }],
  ["numeric", "numeric(10,2)", {
    "12.345": "12.35",
    "99999999.99": "99999999.99",
    "99999999.995": WRONG,
    "-100000000": WRONG,
    Infinity: WRONG,
    NaN: WRONG,
  }],
  ["real", "numeric(10,2)", {
    "1.5": "1.50",
    "12345.67": "12345.67",
    "131071.98": "131071.98",
    NaN: WRONG,
    Infinity: WRONG,
    "1e30": WRONG,
  }],
  ["double precision", "numeric(10,2)", { "12345678.91": "12345678.91", "1e-9": "0.00", NaN: WRONG }],
  ["bigint", "numeric(10,2)", { "5": "5.00", "9223372036854775807": WRONG }],
  ["text", "numeric(10,2)", { "1.005": "1.01", ".5": "0.50", "1,50": WRONG, NaN: WRONG, "": null }],
  ["date", "date", { "2024-02-29": "2024-02-29", infinity: WRONG, "0044-03-15 BC": WRONG }],
  ["timestamp without time zone", "date", { "2024-02-29 23:59": "2024-02-29", "-infinity": WRONG }],
  ["text", "date", {
    "2024-02-29": "2024-02-29",
    "2023-02-29": WRONG,
    "0000-01-01": WRONG,
    "2024-13-01": WRONG,
    "3/4/2024": WRONG,
    soon: WRONG,
    " ": null,
    "2024-02-29T23:30:00-01:00": "2024-03-01",
  }],
  ["date", "timestamp without time zone", { "2024-02-29": "2024-02-29 00:00:00" }],
  ["timestamp with time zone", "timestamp without time zone", {
    "2024-02-29 23:30:00-05": "2024-03-01 04:30:00",
    infinity: WRONG,
  }],
  ["text", "timestamp without time zone", {
    "2024-01-05T10:00:00.5Z": "2024-01-05 10:00:00.5",
    "2024-01-05 10:00": "2024-01-05 10:00:00",
    "2024-01-05T25:00": WRONG,
  }],
];

Deno.test("values are read in the agreed type, and a wrong one is told without an error", () =>
  withTemporaryFolder(async (home) => {
    await placeEmptyPostgres(join(home, "postgres"));
    await withExtractClient(`pglite:${join(home, "postgres")}`, async (client) => {
      await client.query("SET TimeZone = 'America/New_York'");
      for (const [type, agreed, values] of CASES) {
        const { value, isValid = "true" } = read(type, agreed)!;
        for (const [text, expected] of Object.entries(values)) {
          const { rows } = await client.query<{ value: string | null; valid: boolean }>(
            `SELECT (${value})::text AS value, (${isValid}) AS valid FROM (SELECT $1::text::${type} AS "It's") AS source`,
            [text],
          );
          const found = rows[0]!.valid ? rows[0]!.value : WRONG;
          assert.equal(found, expected, `${type} ${JSON.stringify(text)} as ${agreed}`);
        }
        const { rows } = await client.query(
          `SELECT (${value}) AS value, (${isValid}) AS valid FROM (SELECT NULL::${type} AS "It's") AS source`,
        );
        assert.deepEqual(rows, [{ value: null, valid: true }], `NULL of ${type} as ${agreed}`);
      }
    });
  }));

Deno.test("a time with a zone is of the shop's day", () => {
  const { value, note } = read("timestamp with time zone", "date", "Asia/Tokyo")!;
  assert.equal(value, `("It's" AT TIME ZONE E'Asia/Tokyo')::date`);
  assert.equal(note, "timestamp with time zone as a day in Asia/Tokyo");
});

Deno.test("the agreed type stays as it is, and a list or document is not read", () => {
  for (
    const [type, agreed] of [
      ["character varying(300)", "character varying(20)"],
      ["smallint", "integer"],
      ["numeric(8,0)", "numeric(10,2)"],
      ["timestamp(3) without time zone", "timestamp without time zone"],
    ] as const
  ) {
    const { value, note } = read(type, agreed)!;
    assert.deepEqual([value, note], [`"It's"`, undefined], `${type} for ${agreed}`);
  }
  for (
    const [type, agreed] of [
      ["json", "character varying(20)"],
      ["integer[]", "integer"],
      ["boolean", "integer"],
      ["integer", "date"],
      ["uuid", "numeric(10,2)"],
    ] as const
  ) {
    assert.equal(read(type, agreed), undefined, `${type} for ${agreed}`);
  }
});
