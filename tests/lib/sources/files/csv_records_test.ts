import assert from "node:assert/strict";
import { type CsvLine, CsvRecords } from "../../../../lib/sources/files/csv_records.ts";

function read(lines: string[], delimiter = ","): CsvLine[] {
  const records = new CsvRecords(delimiter, 3, 1);
  return [...records.add(lines), ...records.end()];
}

const short = (lines: CsvLine[]) =>
  lines.map((line) =>
    line.kind === "record"
      ? [line.line, line.lines, ...line.fields]
      : line.kind === "broken"
      ? [line.line, line.reason, line.text]
      : [line.line, "blank"]
  );

Deno.test("quotes open a field at its beginning only, and two in a quoted field are one", () => {
  const lines = ['a,"b, c",d', 'a,"6"" PLATE",d', 'a,6" PLATE,d', 'a,b"c"d,""', '"","","x"'];
  assert.deepEqual(short(read(lines)), [
    [1, 1, "a", "b, c", "d"],
    [2, 1, "a", '6" PLATE', "d"],
    [3, 1, "a", '6" PLATE', "d"],
    [4, 1, "a", 'b"c"d', ""],
    [5, 1, "", "", "x"],
  ]);
  // Files that were joined have the byte order mark of each.
  assert.deepEqual(short(read(['\uFEFF"a",b,c'])), [[1, 1, "a", "b", "c"]]);
  assert.deepEqual(short(read(["a\tb,c\td"], "\t")), [[1, 1, "a", "b,c", "d"]]);
});

Deno.test("a quote that is not closed costs its own line, not those after it", () => {
  assert.deepEqual(short(read(['a,"b,c', "d,e,f", 'g,"h",i', 'j,"k,l'])), [
    [1, "A quote is not closed", 'a,"b,c'],
    [2, 1, "d", "e", "f"],
    [3, 1, "g", "h", "i"],
    [4, "A quote is not closed", 'j,"k,l'],
  ]);
  // The quote that seems to close it is the next line's own.
  assert.deepEqual(short(read(['a,"b', 'c,"d",e', "f,g,h"])), [
    [1, "A quote is not closed", 'a,"b'],
    [2, 1, "c", "d", "e"],
    [3, 1, "f", "g", "h"],
  ]);
  assert.deepEqual(short(read(['a,"b', "c"])), [
    [1, "A quote is not closed", 'a,"b'],
    [2, "Line has 1 field instead of 3", "c"],
  ]);
});

Deno.test("a quoted field may go on over line ends where no line could be a whole one", () => {
  assert.deepEqual(short(read(['a,"b', "", 'c",d', "e,f,g"])), [[1, 3, "a", "b\n\nc", "d"], [
    4,
    1,
    "e",
    "f",
    "g",
  ]]);
  const long = Array.from({ length: 150 }, () => "x");
  assert.equal(read(['a,"b', ...long, 'c",d']).length, 152, "each line on its own: that is no field");
});

Deno.test("lines with too few or too many fields, text after quotes or NUL are broken, blank ones are blank", () => {
  assert.deepEqual(short(read(["a,b", "a,b,c,d", 'a,"b"c,d', "a,b\0,c", "", "  ", ",,", "a,,"])), [
    [1, "Line has 2 fields instead of 3", "a,b"],
    [2, "Line has 4 fields instead of 3", "a,b,c,d"],
    [3, "Text follows a closing quote", 'a,"b"c,d'],
    [4, "Line holds a NUL character", "a,b\0,c"],
    [5, "blank"],
    [6, "blank"],
    [7, "blank"],
    [8, 1, "a", "", ""],
  ]);
});
