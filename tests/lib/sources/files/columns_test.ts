import assert from "node:assert/strict";
import {
  DecimalColumns,
  type DecimalMark,
  givenText,
  readDecimal,
} from "../../../../lib/sources/files/columns.ts";

function read(texts: string[], given?: DecimalMark): (string | undefined)[] {
  const columns = new DecimalColumns("column UnitPrice");
  texts.forEach((text, i) => columns.add(text, i + 2));
  const mark = columns.decide(given);
  return texts.map((text) => readDecimal(text, mark));
}

Deno.test("the decimal mark is that of the column; the other one groups thousands", () => {
  assert.deepEqual(read(["2.55", "1,234", "1,234.5", "-3", "+5"]), ["2.55", "1234", "1234.5", "-3", "5"]);
  assert.deepEqual(read(["2,55", "1.234", "1.234,5", "-3", "7"]), ["2.55", "1234", "1234.5", "-3", "7"]);
  assert.deepEqual(read(["5", "6"]), ["5", "6"]);
  // Blanks of several widths and apostrophes group as well.
  assert.deepEqual(read(["1'234.50", "1’234’567"]), ["1234.50", "1234567"]);
  assert.deepEqual(read(["1 234.5", "1\u00a0234\u202f567"]), ["1234.5", "1234567"]);
  assert.deepEqual(read(["1 234,5", "12"]), ["1234.5", "12"]);
  // 0,125 groups nothing.
  assert.deepEqual(read(["0,125", "1,500"]), ["0.125", "1.500"]);
});

Deno.test("numbers that could be thousands or fractions are an error that asks", () => {
  assert.throws(
    () => read(["1,234", "12"]),
    /can be read in several ways.*2 point, 2 comma of 2 values, e\.g\. line 2: "1,234".*--decimals point\|comma/,
  );
  assert.deepEqual(read(["1,234"], "comma"), ["1.234"]);
  assert.deepEqual(read(["1,234"], "point"), ["1234"]);
  assert.throws(() => read(["2.55", "3.75"], "comma"), /not comma, as --decimals says/);
  assert.throws(() => read(["2.55", "3,75"]), /of several formats.*line 3: "3,75".*line 2: "2\.55"/);
});

Deno.test("what is no plain number is none, rather than another number", () => {
  const none = [
    "1e3",
    "£2.55",
    "2.55 €",
    "(5.00)",
    "5-",
    "−5",
    "1 23",
    "01 234",
    "1 234,567 8",
    "1,23,456",
    "1.2.3",
    "0x10",
    "½",
    ".",
    "--5",
    "2.55%",
  ];
  for (const text of none) assert.deepEqual(read(["2.55", text])[1], undefined, text);
});

Deno.test("words for nothing are nothing, in any case and with blanks around; other words are kept", () => {
  const words = [
    "",
    " ",
    "NULL",
    "null",
    "nan",
    "NaN",
    "None",
    "\\N",
    "<NA>",
    "n/a",
    "N/A",
    " #N/A ",
    "#N/A N/A",
    "undefined",
    "NA",
    "NaT",
    "nil",
    "(null)",
  ];
  for (const word of words) assert.equal(givenText(word), "", word);
  for (const word of ["Nancy", "NULL BAG", "0", "-", "?", "unknown", "none such"]) {
    assert.equal(givenText(word), word);
  }
  assert.equal(givenText(" 17850 "), "17850");
});
