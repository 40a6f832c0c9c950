import assert from "node:assert/strict";
import { DateColumn, type DateOrder, readDate } from "../../../../lib/sources/files/date_column.ts";

function read(texts: string[], given?: DateOrder): (string | undefined)[] {
  const column = new DateColumn("InvoiceDate");
  texts.forEach((text, i) => column.add(text, i + 2));
  const format = column.decide(given);
  return texts.map((text) => format && readDate(text, format));
}

const two = (n: number) => String(n).padStart(2, "0");
const JANUARY = Array.from({ length: 31 }, (_, i) => `2011-01-${two(i + 1)}`);

Deno.test("every known format of a month's 31 days loads as those 31 days", () => {
  const formats: ((day: number) => string)[] = [
    (day) => `2011-01-${two(day)}`,
    (day) => `2011-1-${day}T08:26:00.250Z`,
    (day) => `2011/01/${two(day)} 8:26`,
    (day) => `2011.01.${two(day)}`,
    (day) => `${day}/1/2011`,
    (day) => `${two(day)}/01/2011 08:26:00`,
    (day) => `1/${day}/2011 8:26 PM`,
    (day) => `01/${two(day)}/2011, 12:00am`,
    (day) => `${day}.1.2011 08:26`,
    (day) => `${two(day)}-01-2011T23:59:59+02:00`,
    (day) => `1-${day}-2011`,
    (day) => `1/${day}/11 8:26`,
    (day) => `${two(day)}.01.11`,
  ];
  for (const format of formats) {
    assert.deepEqual(read(JANUARY.map((_, i) => format(i + 1))), JANUARY, format(31));
  }
});

Deno.test("days that could be months are an error that asks, with how many lines fit and an example", () => {
  const twelve = Array.from({ length: 12 }, (_, i) => `${i + 1}/1/2011 8:26`);
  assert.throws(
    () => read(twelve),
    /dates in column InvoiceDate can be read in several ways.*12 day-first, 12 month-first of 12 values, e\.g\. line 3: "2\/1\/2011 8:26".*--dates day-first\|month-first/,
  );
  assert.deepEqual(read(twelve, "day-first"), JANUARY.slice(0, 12));
  assert.equal(read(twelve, "month-first")[1], "2011-02-01");
  assert.deepEqual(read(["1/1/2011", "2/2/2011"]), ["2011-01-01", "2011-02-02"], "both orders say the same");
  // One odd line in a thousand is a slip, not a decision about all others.
  assert.throws(() => read([...Array.from({ length: 999 }, () => "3/4/2011"), "13/4/2011"]), /several ways/);
  assert.throws(() => read(["10-12-01", "10-11-02"]), /--dates day-first\|month-first\|year-first/);
  assert.deepEqual(read(["10-12-01", "10-11-02"], "year-first"), ["2010-12-01", "2010-11-02"]);
  // Read day-first, a January of Japan is the 23rd of 31 years.
  const japanese = JANUARY.map((_, i) => `23/01/${two(i + 1)}`);
  assert.throws(
    () => read(japanese),
    /31 day-first, 31 year-first of 31 values.*--dates day-first\|year-first/,
  );
  assert.deepEqual(read(japanese, "year-first").at(-1), "2023-01-31");
  assert.throws(() => read(["13.01.11", "14.01.11"], "month-first"), /not month-first/);
  assert.deepEqual(read(["31-12-99", "30-12-68"]), ["1999-12-31", "2068-12-30"]);
});

Deno.test("the format is that of the column: lines in another one are not dates, many of them are an error", () => {
  const mostly = [
    ...Array.from({ length: 200 }, () => "12/31/2010"),
    "31/12/2010",
    "30.11.2010",
    "2010-12-01",
  ];
  assert.deepEqual(read(mostly).slice(199), ["2010-12-31", undefined, undefined, undefined]);
  assert.throws(
    () => read(["13/1/2011", "14/1/2011", "1/15/2011"]),
    /of several formats.*1 of 3 values not day-first, e\.g\. line 4: "1\/15\/2011"; 2 of 3 values not month-first, e\.g\. line 2/,
  );
});

Deno.test("an order that the lines contradict is an error, whoever says it", () => {
  assert.throws(
    () => read(["13/1/2011", "14/1/2011"], "month-first"),
    /not month-first, as --dates says.*line 2/,
  );
  assert.throws(() => read(["2011-01-13"], "day-first"), /not day-first, as --dates says.*year-first/);
});

Deno.test("what is no day of the calendar or no time of the day is no date", () => {
  const good = "2011-01-01";
  const bad = [
    "2011-02-30",
    "2011-02-29",
    "2011-13-01",
    "2011-00-10",
    "0000-01-01",
    "2011-01-01 25:00",
    "20110101",
  ]
    .concat(["2011-01-01 08:61", "1/1/2011 13:00 PM", "1/1/201", "2011/01-01", "40513.35", "", "yesterday"]);
  for (const text of bad) assert.deepEqual(read([good, text]), [good, undefined], text);
  assert.deepEqual(read(["2012-02-29", "2000-02-29", "1900-02-29"]), ["2012-02-29", "2000-02-29", undefined]);
  assert.deepEqual(read(["", "soon"]), [undefined, undefined]);
});
