import assert from "node:assert/strict";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { readImportReport } from "shopflow/sources/mod.ts";
import { formatImportReport } from "../../../pipelines/commands/import.ts";
import { HEADER, lineOf, many, query, withHome } from "../../fixtures/imported_shop.ts";

const LINES = [
  `536365,85123A,WHITE HEART,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom`,
  `536365,85123A,WHITE HEART,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom`,
  `536370,85123a,"heart, ""white""",1,2010-12-02 09:00:00,0.125,,France`,
  `C536379,85123A,WHITE HEART,-2,2011-01-05 09:41:00,2.55,17850.0,Norway`,
  `536380,85123A,?,-4,2011-01-06 09:41:00,0,,United Kingdom`,
  `536381,POST,POSTAGE,1,2011-01-06 09:41:00,18,12583.0,France`,
];
const BAD = [
  [`,85123A,X,1,2011-01-07 09:41:00,1,,France`, /InvoiceNo is empty/],
  [`536390,85123A,X,1.5,2011-01-07 09:41:00,1,,France`, /Quantity is not a whole number: 1\.5/],
  [
    `536390,85123A,X,1,2011-02-30 09:41:00,1,,France`,
    /InvoiceDate is not a date written year-first: 2011-02-30/,
  ],
  [`536390,85123A,X,1,2011-01-07 09:41:00,free,,France`, /UnitPrice is not an amount.*: free/],
  [
    `536390,85123A,X,9000,2011-01-07 09:41:00,99999.99,,France`,
    /UnitPrice × Quantity is not below 100 million/,
  ],
  [`536390,${"8".repeat(21)},X,1,2011-01-07 09:41:00,1,,France`, /StockCode has more than 20 characters: 21/],
  [`536390,85123A,X,1`, /Line has 4 fields instead of 8/],
  [`536390,85123A,"X,1,2011-01-07 09:41:00,1,,France`, /A quote is not closed/],
  [`536390,85123A,X,1,2011-01-07 09:41:00,NaN,,France`, /UnitPrice is empty/],
  [`5.36E+05,85123A,X,1,2011-01-07 09:41:00,1,,France`, /InvoiceNo is a rounded number: 5\.36E\+05/],
] as const;

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
    const report = await run({ allowRejects: true });
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
    assert.match(formatImportReport(report), /orders +rejected_line +dropped +10 /);
    assert.match(
      formatImportReport(report),
      /Lines: +17 read = 6 kept \+ 10 rejected \+ 0 summed \+ 0 blank \+ 1 header\n/,
    );
    assert.match(formatImportReport(report), /\nRejected: line 5: InvoiceNo is empty\n/);
    assert.deepEqual(report.rejected[0], {
      reason: "InvoiceNo is empty",
      lines: 1,
      firstLine: 5,
      file: join(home, "transactions.csv.gz"),
    });

    await assert.rejects(run({ allowRejects: true }), /holds rows already.*--replace/);
    await write(home, LINES);
    assert.equal((await run({ replace: true })).rejectsFile, null);
    await assert.rejects(Deno.stat(join(home, "shop", "import_rejects.csv")), Deno.errors.NotFound);
  }));

Deno.test("a file that is not the data set changes nothing and is explained", () =>
  withHome(async (home, run) => {
    await write(home, LINES);
    await run();
    const from = join(home, "transactions.csv.gz");
    const bad: [Uint8Array, RegExp][] = [
      [gzipSync("a,b\n1,2\n"), /header of .* lacks columns: expected InvoiceNo.*found a, b \(no InvoiceNo/],
      [new TextEncoder().encode("\n\n"), /is empty: expected a header with InvoiceNo/],
      [gzipSync(HEADER.replace("Country", "Quantity") + "\n"), /lacks columns.*no Country/],
      [gzipSync(HEADER + ",Quantity\n"), /has column Quantity twice/],
      [gzipSync([HEADER, ...LINES].join("\n")).subarray(0, 200), /unexpected end of file/],
      [gzipSync(Uint8Array.of(0xa3, 0x0a)), /header of .* lacks columns/],
      [
        gzipSync(Uint8Array.of(0x81, 0x0a)),
        /Cannot detect the encoding of the file \S+transactions\.csv\.gz.*1 bytes? that.*--encoding/,
      ],
      [gzipSync(HEADER + "\n"), /no line that can be imported/],
      [
        gzipSync(`${HEADER}\n${LINES[0]!.replace("2010-12-01 08:26:00", "40513.35")}\n`),
        /e\.g\. line 2: "40513\.35"/,
      ],
      [
        gzipSync(`${HEADER}\n${LINES[0]!.replaceAll(",", ";")}\n`),
        /e\.g\. line 2: Line has 1 field instead of 8/,
      ],
    ];
    for (const [bytes, message] of bad) {
      await Deno.writeFile(from, bytes);
      await assert.rejects(run({ replace: true }), message);
    }
    await Deno.remove(from);
    await assert.rejects(run({ replace: true }), /There is no file .*--from/);
    assert.deepEqual(await query(home, "SELECT count(*)::int FROM orders"), [[6]]);
  }));

Deno.test("an import that would reject more than 1 % of its lines changes nothing, keeps them with reasons, and says so", () =>
  withHome(async (home, run) => {
    await write(home, [
      ...many(198, (n) => lineOf({ invoice: `A${n}` })),
      ...BAD.slice(0, 2).map(([line]) => line),
    ]);
    const first = await run();
    assert.deepEqual(first.lines, { read: 201, kept: 198, rejected: 2, summed: 0, blank: 0, header: 1 });

    await write(home, [
      ...many(197, (n) => lineOf({ invoice: `B${n}` })),
      BAD[0][0],
      ...many(2, () => `536390,85123A,"X,1,2011-01-07 09:41:00,1,,France`),
    ]);
    await assert.rejects(
      run({ replace: true }),
      /too many lines would be rejected: expected at most 1 % of the lines, found 3 of 200 \(1\.5 %\): A quote is not closed \(2, first in line 200\); InvoiceNo is empty \(1, first in line 199\)\. See .*import_rejects_failed\.csv.*--allow-rejects/,
    );
    assert.deepEqual(await query(home, "SELECT count(*)::int, min(left(order_id, 1)) FROM orders"), [[
      198,
      "A",
    ]]);
    assert.deepEqual(await readImportReport(home, 198), first, "with the report of the shop that is there");
    assert.match(await Deno.readTextFile(first.rejectsFile!), /^"200",/m);
    const failed = await Deno.readTextFile(join(home, "shop", "import_rejects_failed.csv"));
    assert.match(failed, /^"201","A quote is not closed","536390,85123A,""X,1,/m);

    const forced = await run({ replace: true, allowRejects: true });
    assert.equal(forced.lines.rejected, 3);
    assert.deepEqual(await query(home, "SELECT count(*)::int, min(left(order_id, 1)) FROM orders"), [[
      197,
      "B",
    ]]);
    await assert.rejects(Deno.stat(join(home, "shop", "import_rejects_failed.csv")), Deno.errors.NotFound);
  }));

Deno.test("the column decides how its dates are read: 31 days are 31 days, and days up to 12 are asked for", () =>
  withHome(async (home, run) => {
    await write(home, many(31, (n) => lineOf({ invoice: `${n}`, date: `${n}/1/2011 8:26` })));
    const report = await run();
    assert.equal(report.formats.dates, "day-first");
    const days =
      "SELECT count(*)::int, min(order_date)::text, max(order_date)::text, count(DISTINCT order_date)::int";
    assert.deepEqual(await query(home, `${days} FROM orders`), [[31, "2011-01-01", "2011-01-31", 31]]);

    await write(home, many(12, (n) => lineOf({ invoice: `${n}`, date: `${n}/1/2011 8:26` })));
    await assert.rejects(
      run({ replace: true }),
      /can be read in several ways.*--dates day-first\|month-first/,
    );
    assert.deepEqual(await query(home, `${days} FROM orders`), [[31, "2011-01-01", "2011-01-31", 31]]);
    await run({ replace: true, dates: "month-first" });
    assert.deepEqual(await query(home, `${days} FROM orders`), [[12, "2011-01-01", "2011-12-01", 12]]);
  }));

Deno.test("words for nothing are no customer, no name and no country", () =>
  withHome(async (home, run) => {
    const words = ["NULL", "nan", "NaN", "None", "\\N", "<NA>", "n/a", " null "];
    await write(home, [
      ...words.map((word) => lineOf({ customer: word, description: word, country: word })),
      lineOf({ customer: "17850.0", description: "NULL", country: "NA" }),
    ]);
    const { rows, rules } = await run();
    assert.equal(rows.customers, 1);
    assert.equal(rules.find(({ rule }) => rule === "missing_customer")?.rows, words.length);
    assert.deepEqual(await query(home, "SELECT customer_id, country FROM customers"), [["17850", "NA"]]);
    assert.deepEqual(await query(home, "SELECT product_name FROM products"), [[null]]);
  }));

Deno.test("a refused import ends the command with an error and makes no shop", async () => {
  const home = await Deno.makeTempDir();
  try {
    const from = join(home, "t.csv");
    await Deno.writeTextFile(from, [HEADER, ...many(12, (n) => lineOf({ date: `${n}/1/2011` }))].join("\n"));
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        join(import.meta.dirname!, "..", "..", "..", "pipelines", "commands", "import.ts"),
        "online-retail",
        "--from",
        from,
      ],
      env: { SHOPFLOW_HOME: join(home, "shopflow") },
    }).output();
    assert.equal(code, 1);
    assert.match(
      new TextDecoder().decode(stderr),
      /error: The dates in column InvoiceDate can be read in several ways/,
    );
    await assert.rejects(Deno.stat(join(home, "shopflow")), Deno.errors.NotFound);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
});
