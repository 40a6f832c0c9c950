import assert from "node:assert/strict";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { loadConfig } from "shopflow/config/mod.ts";
import { createLogger, createRuntime, silentProgress } from "shopflow/runtime/mod.ts";
import { readImportReport } from "shopflow/sources/mod.ts";
import { PGlite } from "@electric-sql/pglite";
import { formatImportReport } from "../../pipelines/import.ts";
import { importOnlineRetail } from "../../pipelines/import/online_retail.ts";
import { placeEmptyPostgres } from "../fixtures/empty_postgres.ts";

const HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
const LINES = [
  `536365,85123A,WHITE HEART,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom`,
  `536365,85123A,WHITE HEART,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom`,
  `536370,85123a,"heart, ""white""",1,12/2/2010 9:00,0.125,,France`,
  `C536379,85123A,WHITE HEART,-2,2011-01-05 09:41:00,2.55,17850.0,Norway`,
  `536380,85123A,?,-4,2011-01-06 09:41:00,0,,United Kingdom`,
  `536381,POST,POSTAGE,1,2011-01-06 09:41:00,18,12583.0,France`,
];
const BAD = [
  [`,85123A,X,1,2011-01-07 09:41:00,1,,France`, /InvoiceNo is empty/],
  [`536390,85123A,X,1.5,2011-01-07 09:41:00,1,,France`, /Quantity is not a whole number: 1\.5/],
  [`536390,85123A,X,1,2011-02-30 09:41:00,1,,France`, /InvoiceDate is not a date: 2011-02-30/],
  [`536390,85123A,X,1,2011-01-07 09:41:00,free,,France`, /UnitPrice is not an amount.*: free/],
  [
    `536390,85123A,X,9000,2011-01-07 09:41:00,99999.99,,France`,
    /UnitPrice × Quantity is not below 100 million/,
  ],
  [`536390,${"8".repeat(21)},X,1,2011-01-07 09:41:00,1,,France`, /StockCode has 21 characters, more than 20/],
  [`536390,85123A,X,1`, /./],
] as const;

async function withHome(
  body: (home: string, run: (replace?: boolean) => ReturnType<typeof importOnlineRetail>) => Promise<void>,
) {
  const home = await Deno.makeTempDir();
  const runtime = createRuntime({
    now: () => new Date("2025-01-01T00:00:00Z"),
    log: createLogger(() => {}),
    progress: silentProgress,
  });
  const from = join(home, "transactions.csv.gz");
  try {
    await placeEmptyPostgres(join(home, "shop", "postgres"));
    await body(
      home,
      (replace = false) =>
        importOnlineRetail({ config: loadConfig({ SHOPFLOW_HOME: home }), runtime }, { from, replace }),
    );
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

async function query(home: string, sql: string): Promise<unknown[]> {
  const db = await PGlite.create(join(home, "shop", "postgres"));
  const { rows } = await db.query(sql, [], { rowMode: "array" });
  await db.close();
  return rows;
}

const write = (home: string, lines: readonly string[]) =>
  Deno.writeFile(join(home, "transactions.csv.gz"), gzipSync([HEADER, ...lines].join("\n") + "\n"));

Deno.test("online retail lines become order lines, one each, with products and customers gathered from them", () =>
  withHome(async (home, run) => {
    await write(home, LINES);
    const { rows } = await run();
    assert.deepEqual(rows, {
      customers: 2,
      products: 3,
      orders: 6,
      events: 0,
      inventory: 0,
      support_tickets: 0,
    });
    assert.deepEqual(
      await query(
        home,
        `SELECT order_id, customer_id, product_id, order_date::text, order_amount::text, quantity,
                discount_amount::text, payment_method FROM orders ORDER BY order_date, order_id, product_id`,
      ),
      [
        ["536365", "17850", "85123A", "2010-12-01", "15.30", 6, "0.00", null],
        ["536365", "17850", "85123A", "2010-12-01", "15.30", 6, "0.00", null],
        ["536370", null, "85123a", "2010-12-02", "0.13", 1, "0.00", null],
        ["C536379", "17850", "85123A", "2011-01-05", "-5.10", -2, "0.00", null],
        ["536380", null, "85123A", "2011-01-06", "0.00", -4, "0.00", null],
        ["536381", "12583", "POST", "2011-01-06", "18.00", 1, "0.00", null],
      ],
    );
    assert.deepEqual(
      await query(
        home,
        `SELECT product_id, product_name, price::text, category FROM products ORDER BY product_id COLLATE "C"`,
      ),
      [
        ["85123A", "WHITE HEART", "2.55", null],
        ["85123a", 'heart, "white"', "0.13", null],
        ["POST", "POSTAGE", "18.00", "Service charge"],
      ],
    );
    assert.deepEqual(
      await query(
        home,
        "SELECT customer_id, country, signup_date::text, total_spent, email FROM customers ORDER BY 1",
      ),
      [
        ["12583", "France", "2011-01-06", null, null],
        ["17850", "Norway", "2010-12-01", null, null],
      ],
    );
    assert.equal(await Deno.readTextFile(join(home, "shop", "support_tickets.jsonl")), "");
  }));

Deno.test("every rule of the import is counted with its rows and its money, and bad lines are kept aside with reasons", () =>
  withHome(async (home, run) => {
    await write(home, [...LINES.slice(0, 3), ...BAD.map(([line]) => line), ...LINES.slice(3)]);
    const report = await run();
    const counted = Object.fromEntries(report.rules.map(({ rule, rows, amount }) => [rule, [rows, amount]]));
    assert.deepEqual(counted, {
      order_line: [6, "43.63"],
      cancelled_invoice: [1, "-5.10"],
      stock_correction: [1, "0.00"],
      missing_customer: [2, "0.13"],
      zero_price: [1, "0.00"],
      negative_price: [0, "0.00"],
      service_charge: [1, "18.00"],
      rounded_amount: [1, "0.13"],
      rejected_line: [BAD.length, null],
      missing_name: [0, null],
      missing_price: [0, null],
      code_differs_in_case: [1, null],
      name_cut: [0, null],
      several_countries: [1, null],
    });
    const rejects = (await Deno.readTextFile(report.rejectsFile!)).trim().split("\n").slice(1);
    assert.equal(rejects.length, BAD.length);
    // The header is line 1 and three good lines come before.
    BAD.forEach(([, reason], i) => {
      assert.match(rejects[i]!, new RegExp(`^"${i + 5}","`));
      assert.match(rejects[i]!, reason);
    });
    assert.deepEqual(await readImportReport(home, 6), report);
    assert.equal(await readImportReport(home, 7), undefined, "a report of other rows does not apply");
    assert.match(formatImportReport(report), /orders +rejected_line +dropped +7 /);

    await assert.rejects(run(), /holds rows already.*--replace/);
    await write(home, LINES);
    assert.equal((await run(true)).rejectsFile, null);
    await assert.rejects(Deno.stat(join(home, "shop", "import_rejects.csv")), Deno.errors.NotFound);
  }));

Deno.test("a file that is not the data set changes nothing and is explained", () =>
  withHome(async (home, run) => {
    await write(home, LINES);
    await run();
    const from = join(home, "transactions.csv.gz");
    const bad: [Uint8Array, RegExp][] = [
      [gzipSync("a,b\n1,2\n"), /header of .* lacks columns: expected InvoiceNo.*found a, b \(no InvoiceNo/],
      [new TextEncoder().encode(HEADER), /incorrect header check/],
      [gzipSync(Uint8Array.of(0xa3, 0x0a)), /expected .* in UTF-8/],
      [gzipSync(HEADER + "\n"), /no line that can be imported/],
    ];
    for (const [bytes, message] of bad) {
      await Deno.writeFile(from, bytes);
      await assert.rejects(run(true), message);
    }
    await Deno.remove(from);
    await assert.rejects(run(true), /There is no file .*--from/);
    assert.deepEqual(await query(home, "SELECT count(*)::int FROM orders"), [[6]]);
  }));
