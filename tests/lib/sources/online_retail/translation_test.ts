import assert from "node:assert/strict";
import { readTransactions, surveyTransactions } from "../../../../lib/sources/online_retail/file.ts";
import { OnlineRetailTranslation } from "../../../../lib/sources/online_retail/translate.ts";
import fc from "fast-check";

const HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";
const DESCRIPTIONS = ["WHITE HEART", '"LAMP, RED"', '"6"" PLATE"', "", '"""BIG"" SIGN, BLUE"', "?"];
const GOOD = Array.from(
  { length: 60 },
  (_, i) =>
    `${536365 + i},P${i % 7},${DESCRIPTIONS[i % DESCRIPTIONS.length]},${i % 5 + 1},` +
    `2010-12-${String(i % 28 + 1).padStart(2, "0")} 08:26:00,${i}.55,${17850 + i}.0,France`,
);

/** What goes wrong with a line when files are cut, edited or sent. */
const DAMAGE: Record<string, (line: string, at: number, other: string) => string[]> = {
  "a quote more": (line, at) => [line.slice(0, at) + '"' + line.slice(at)],
  "a quoted beginning": (line) => ['"' + line],
  "an unclosed description": (line) => [line.replace(/^(\d+,P\d,)"?/, '$1"').replace(/",(?=\d+,2010)/, ",")],
  "a character less": (line, at) => [line.slice(0, at) + line.slice(at + 1)],
  "cut short": (line, at) => [line.slice(0, at)],
  "a delimiter more": (line, at) => [line.slice(0, at) + "," + line.slice(at)],
  "a NUL": (line, at) => [line.slice(0, at) + "\0" + line.slice(at)],
  "a line end inside": (line, at) => [line.slice(0, at), line.slice(at)],
  "run into the next": (line, _, other) => [line + other],
  "blank": () => [""],
  "no values": () => [",,,,,,,"],
  "the header": () => [HEADER],
};
/** Those that leave a line where it was. */
const IN_PLACE = Object.keys(DAMAGE).filter((name) =>
  name !== "a line end inside" && name !== "run into the next"
);

const damages = (names: string[]) =>
  fc.array(
    fc.record({
      line: fc.nat(GOOD.length - 1),
      name: fc.constantFrom(...names),
      at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    }),
    { maxLength: 8 },
  );

function damaged(changes: { line: number; name: string; at: number }[]): string[] {
  const lines = GOOD.map((line) => [line]);
  for (const { line, name, at } of changes) {
    const [text = "", ...rest] = lines[line]!;
    lines[line] = [
      ...DAMAGE[name]!(text, Math.floor(at * text.length), GOOD[(line + 1) % GOOD.length]!),
      ...rest,
    ];
  }
  return [HEADER, ...lines.flat()];
}

async function translate(lines: string[], ending: string) {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, lines.join(ending) + ending);
    const file = { path, name: "t.csv", isOneOfSeveral: false };
    const { formats, lines: surveyed } = await surveyTransactions(file, {});
    const rejected: { line: number; text: string }[] = [];
    const translation = new OnlineRetailTranslation(
      [{ name: file.name, formats, lines: readTransactions(file, {}) }],
      ({ file: _, ...line }) => Promise.resolve(void rejected.push(line)),
    );
    let orders = "";
    for (const { table, csv } of translation.tables()) {
      for await (const bytes of csv) if (table === "orders") orders += new TextDecoder().decode(bytes);
    }
    return { surveyed, counts: translation.counts, reasons: translation.reasons, rejected, orders };
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("whatever is wrong with lines, each is kept, rejected with its own text and number, summed, blank or a header", () =>
  fc.assert(
    fc.asyncProperty(
      damages(Object.keys(DAMAGE)),
      fc.constantFrom("\n", "\r\n", "\r"),
      async (changes, ending) => {
        const lines = damaged(changes);
        const { surveyed, counts, reasons, rejected } = await translate(lines, ending);
        const { read, kept, rejected: count, summed, blank, header } = counts;
        assert.equal(read, lines.length);
        assert.equal(surveyed, read);
        assert.equal(read, kept + count + summed + blank + header);
        assert.equal(reasons.reduce((sum, reason) => sum + reason.lines, 0), count);
        assert.equal(rejected.reduce((sum, { text }) => sum + text.split("\n").length, 0), count);
        for (const { line, text } of rejected) {
          assert.equal(text, lines.slice(line - 1, line - 1 + text.split("\n").length).join("\n"));
        }
      },
    ),
    { numRuns: 150 },
  ));

Deno.test("a line that is damaged in place costs no other line", () =>
  fc.assert(
    fc.asyncProperty(damages(IN_PLACE), async (changes) => {
      const { rejected, orders } = await translate(damaged(changes), "\n");
      const touched = new Set(changes.map(({ line }) => line));
      assert.deepEqual(rejected.filter(({ line }) => !touched.has(line - 2)), []);
      for (const line of GOOD.filter((_, i) => !touched.has(i))) {
        assert.ok(orders.includes(`"${line.slice(0, 6)}"`), line);
      }
    }),
    { numRuns: 100 },
  ));

Deno.test("an unclosed quote in line 5 of 1,000 costs line 5", async () => {
  const lines = [HEADER, ...Array.from({ length: 1000 }, (_, i) => GOOD[i % GOOD.length]!)];
  lines[4] = '536367,P2,"6 PLATE,3,2010-12-03 08:26:00,2.55,17852.0,France';
  const { counts, rejected } = await translate(lines, "\n");
  assert.deepEqual(counts, { read: 1001, kept: 999, rejected: 1, summed: 0, blank: 0, header: 1 });
  assert.deepEqual(rejected, [{ line: 5, reason: "A quote is not closed", text: lines[4] }]);
});

Deno.test("only a description may hold quotes and go over line ends, which it loses", async () => {
  const lines = [
    HEADER,
    '1,P1,"WHITE',
    '6"" HEART",1,2010-12-13,1,7,France',
    '2,P1,X,1,2010-12-13,1,"7',
    '8",France',
    '"3',
    '4",P1,X,1,2010-12-13,1,7,France',
    ...GOOD,
  ];
  const { counts, rejected, orders } = await translate(lines, "\n");
  assert.deepEqual(counts, { read: 67, kept: 61, rejected: 4, summed: 1, blank: 0, header: 1 });
  assert.deepEqual(rejected, [
    { line: 4, reason: "CustomerID holds a quote or line end: 7\n8", text: lines.slice(3, 5).join("\n") },
    { line: 6, reason: "A quote is not closed", text: lines[5] },
    { line: 7, reason: 'InvoiceNo holds a quote or line end: 4"', text: lines[6] },
  ]);
  assert.match(orders, /^"1","7","P1","2010-12-13"/);
});

Deno.test("a customer that was written as a number is the same with a decimal comma as with a point", async () => {
  const idsOf = async (lines: string[]) => {
    const { orders } = await translate([HEADER.replaceAll(",", ";"), ...lines], "\r\n");
    return orders.trim().split("\n").map((line) => line.split(",")[1]);
  };
  const line = (customer: string, price: string) => `1;P1;X;2;13.12.2010 8:26;${price};${customer};France`;
  assert.deepEqual(await idsOf([line("17850,0", "2,55"), line("17850", "2,55"), line("17.000", "2,55")]), [
    '"17850"',
    '"17850"',
    '"17.000"',
  ]);
  assert.deepEqual(await idsOf([line("17850.0", "2.55"), line("17850.0", "1")]), ['"17850"', '"17850"']);
});

Deno.test("a file of which every line is rejected is an error with the most frequent reason", async () => {
  const unpriced = ["1,P1,X,1,2010-12-13,free,7,France", "2,P1,X,1,2010-12-14,free,7,France"];
  await assert.rejects(
    translate([HEADER, ...unpriced], "\n"),
    /found 2 rejected lines: UnitPrice is not an amount below 100 million, first in line 2\./,
  );
  await assert.rejects(
    translate([HEADER, ",P1,X,1,2010-12-13,1,7,France", ...unpriced], "\n"),
    /found 3 rejected lines, 2 of them: UnitPrice is not an amount .*, first in line 3\./,
  );
});
