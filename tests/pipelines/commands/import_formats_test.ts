/** Files of order lines as people have them. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { formatImportReport } from "../../../pipelines/commands/import.ts";
import { HEADER, lineOf, many, query, withHome } from "../../fixtures/imported_shop.ts";

Deno.test("a file as spreadsheets of other countries write it is read right: semicolons, decimal commas, line ends", () =>
  withHome(async (home, run) => {
    const lines = [
      HEADER.replaceAll(",", ";"),
      "1;P1;A, B;1.000;31.12.2010 08:26;1.234,5;7;EIRE",
      "",
      '2;P1;"A\rB";-2,0;30.12.2010;2,55;7;EIRE',
      ";;;;;;;",
      "\uFEFF" + HEADER.replaceAll(",", ";"),
      '3;P1;6" PLATE;1;1.12.2010;5;7;EIRE',
    ];
    await Deno.writeFile(
      join(home, "transactions.csv.gz"),
      new TextEncoder().encode("\uFEFF" + lines.join("\r\n")),
    );
    const report = await run();
    assert.deepEqual(report.lines, { read: 8, kept: 3, rejected: 0, summed: 1, blank: 2, header: 2 });
    assert.deepEqual(report.formats, { encoding: "utf-8", dates: "day-first", decimals: "comma" });
    assert.deepEqual(
      await query(
        home,
        "SELECT order_id, order_date::text, quantity, order_amount::text FROM orders ORDER BY 1",
      ),
      [
        ["1", "2010-12-31", 1000, "1234500.00"],
        ["2", "2010-12-30", -2, "-5.10"],
        ["3", "2010-12-01", 1, "5.00"],
      ],
    );
  }));

const HEADER_2 = "Invoice;StockCode;Description;Quantity;InvoiceDate;Price;Customer ID;Country";
const latin1 = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

Deno.test("Online Retail II as Excel saves it is read right: other names, two-digit years, latin-1", () =>
  withHome(async (home, run) => {
    const from = join(home, "year.csv");
    const lines = [
      ["sep=;", HEADER_2].join("\r\n"),
      ...many(31, (n) => `${489434 + n};85048;CAF\u00c9 \u00a35;2;${n}/12/09 07:45;6,95;13085;EIRE`),
      `489500;85048;CAF\u00c9 \u00a35;1;30/02/10 07:45;6,95;13085;EIRE`,
    ];
    await Deno.writeFile(from, latin1(lines.join("\r\n")));
    const report = await run({ from: [from], allowRejects: true });
    assert.deepEqual(report.formats, { encoding: "windows-1252", dates: "day-first", decimals: "comma" });
    assert.deepEqual(report.lines, { read: 34, kept: 31, rejected: 1, summed: 0, blank: 0, header: 2 });
    assert.match(report.rejected[0]!.reason, /InvoiceDate is not a date/, "30 February is no date");
    assert.deepEqual(
      await query(
        home,
        `SELECT min(order_date)::text, max(order_date)::text, sum(order_amount)::text, min(customer_id) FROM orders`,
      ),
      [["2009-12-01", "2009-12-31", "430.90", "13085"]],
    );
    assert.deepEqual(await query(home, "SELECT product_name FROM products"), [["CAF\u00c9 \u00a35"]]);
  }));

Deno.test("several files are one import, each read in its own way; what is wrong is said with its file", () =>
  withHome(async (home, run) => {
    const [first, second] = [join(home, "2010.csv"), join(home, "2011.csv")];
    await Deno.writeTextFile(first, [HEADER, ...many(20, (n) => lineOf({ invoice: `A${n}` }))].join("\n"));
    const later = many(25, (n) => `B${n};P1;X;1;1/${n}/2011 8:26;1,5;7;EIRE`);
    await Deno.writeTextFile(second, [HEADER_2, ...later, "B26;P1;X"].join("\n"));
    const report = await run({ from: [first, second], allowRejects: true });
    assert.deepEqual(report.lines, { read: 48, kept: 45, rejected: 1, summed: 0, blank: 0, header: 2 });
    assert.deepEqual(report.formats, {
      encoding: "utf-8",
      dates: "year-first, month-first",
      decimals: "point, comma",
    });
    assert.equal(report.file, `${first}, ${second}`);
    assert.match(await Deno.readTextFile(report.rejectsFile!), /^"27","Line has 3 fields.*",".*2011\.csv"$/m);
    assert.match(formatImportReport(report), /Rejected: line 27 of \S+2011\.csv: Line has 3 fields/);
    const [row] = await query(
      home,
      "SELECT count(*)::int, sum(order_amount)::text FROM orders",
    ) as unknown[][];
    assert.deepEqual(row, [45, "57.50"]);
    await assert.rejects(
      run({ from: [first, second], replace: true }),
      /found 1 of 46 \(2\.2 %\): Line has 3 fields[^(]*\(1, first in line 27 of \S+2011\.csv\)/,
    );

    // What is said of all is for those that leave it open.
    await Deno.writeTextFile(second, [HEADER_2, ...later.slice(0, 12)].join("\n"));
    await assert.rejects(
      run({ from: [first, second], replace: true }),
      /dates in column InvoiceDate of \S+2011\.csv can be read in several ways/,
    );
    const stated = await run({ from: [first, second], replace: true, dates: "month-first" });
    assert.equal(stated.formats.dates, "year-first, month-first");
    await assert.rejects(run({ from: [first, first] }), /2010\.csv is given twice/);
    await assert.rejects(run({ from: [first, join(home, "gone.csv")] }), /There is no file \S+gone\.csv/);
  }));

Deno.test("prices with a currency are read where it is one, and are not added up where it is another", () =>
  withHome(async (home, run) => {
    const [pounds, euros] = [join(home, "pounds.csv"), join(home, "euros.csv")];
    const prices = ["£2.55", "-£1.00", "3.5", "£1 000.00", ...many(196, () => "£1.00")];
    const inPounds = prices.map((price) => lineOf({ price }));
    await Deno.writeTextFile(pounds, [HEADER, ...inPounds, lineOf({ price: "€9.00" })].join("\n"));
    const report = await run({ from: [pounds] });
    assert.equal(report.formats.currency, "£");
    assert.match(formatImportReport(report), /currency £/);
    assert.equal(report.lines.kept, 200);
    assert.deepEqual(report.rejected.map(({ reason }) => reason), [
      "UnitPrice is not in £, as the others are",
    ]);
    const sum = "SELECT sum(order_amount)::text FROM orders";
    assert.deepEqual(await query(home, sum), [["1201.05"]]);

    await Deno.writeTextFile(euros, [HEADER_2, "1;P1;X;2;31.12.2010;1.234,56 €;7;EIRE"].join("\n"));
    await assert.rejects(
      run({ from: [pounds, euros], replace: true }),
      /files are in several currencies.*found £ in \S+pounds\.csv, € in \S+euros\.csv/,
    );
    assert.deepEqual(await query(home, sum), [["1201.05"]]);
    await run({ from: [euros], replace: true });
    assert.deepEqual(await query(home, sum), [["2469.12"]]);
  }));

Deno.test("columns of other names are read where they are named, and asked for where two could be meant", () =>
  withHome(async (home, run) => {
    const from = join(home, "t.csv");
    const write = (header: string) =>
      Deno.writeTextFile(from, `${header}\n1,P1,X,2,2011-01-13,1.5,7,EIRE,9\n`);
    await write("invoice_no,Stock Code,DESCRIPTION,qty,Invoice.Date,price,customer_id,country,Total");
    assert.equal((await run({ from: [from] })).rows.orders, 1);
    await write("order_id,StockCode,Description,Quantity,InvoiceDate,Price,CustomerID,Country,UnitPrice");
    await assert.rejects(
      run({ from: [from] }),
      /lacks columns.*\(no InvoiceNo\).*--column InvoiceNo=order_id/,
    );
    const columns = { InvoiceNo: "order_id" };
    await assert.rejects(
      run({ from: [from], columns }),
      /has column UnitPrice twice.*found Price, UnitPrice.*--column UnitPrice=Price/,
    );
    await run({ from: [from], columns: { ...columns, UnitPrice: "UnitPrice" }, replace: true });
    assert.deepEqual(await query(home, "SELECT order_id, order_amount::text FROM orders"), [["1", "18.00"]]);
  }));
