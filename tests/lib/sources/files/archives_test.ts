import assert from "node:assert/strict";
import { join } from "node:path";
import { BlobWriter, TextReader, Uint8ArrayReader, ZipWriter } from "@zip.js/zip.js";
import { openTextFiles } from "../../../../lib/sources/files/archives.ts";

type Contents = Record<string, string | Uint8Array>;

async function zip(contents: Contents, options: { password?: string } = {}): Promise<Uint8Array> {
  const writer = new ZipWriter(new BlobWriter(), { useWebWorkers: false, ...options });
  for (const [name, content] of Object.entries(contents)) {
    await writer.add(
      name,
      typeof content === "string" ? new TextReader(content) : new Uint8ArrayReader(content),
    );
  }
  return new Uint8Array(await (await writer.close()).arrayBuffer());
}

/** A workbook as Excel writes it: texts in a table of their own, times as numbers with a format. */
function workbook(...sheets: string[]): Promise<Uint8Array> {
  const main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
  const relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
  const packaged = "http://schemas.openxmlformats.org/package/2006/relationships";
  const list = (text: (n: number) => string) => sheets.map((_, i) => text(i + 1)).join("");
  return zip({
    "xl/workbook.xml": `<workbook xmlns="${main}" xmlns:r="${relations}"><sheets>${
      list((n) => `<sheet name="Year ${n}" sheetId="${n}" r:id="rId${n}"/>`)
    }</sheets></workbook>`,
    "xl/_rels/workbook.xml.rels": `<Relationships xmlns="${packaged}">${
      list((n) =>
        `<Relationship Id="rId${n}" Type="${relations}/worksheet" Target="worksheets/sheet${n}.xml"/>`
      )
    }<Relationship Id="s" Type="${relations}/styles" Target="styles.xml"/>` +
      `<Relationship Id="t" Type="${relations}/sharedStrings" Target="sharedStrings.xml"/></Relationships>`,
    "xl/styles.xml":
      `<styleSheet xmlns="${main}"><cellXfs><xf numFmtId="0"/><xf numFmtId="22"/></cellXfs></styleSheet>`,
    "xl/sharedStrings.xml": `<sst xmlns="${main}"><si><t>WHITE "HEART", É</t></si></sst>`,
    ...Object.fromEntries(sheets.map((rows, i) => [
      `xl/worksheets/sheet${i + 1}.xml`,
      `<worksheet xmlns="${main}"><sheetData>${rows}</sheetData></worksheet>`,
    ])),
  });
}

async function opened(
  contents: Contents,
  body: (read: { texts: Contents; leftOut: string[] }) => void,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const paths = Object.keys(contents).map((name) => join(folder, name));
    for (const [name, content] of Object.entries(contents)) {
      await Deno.writeFile(
        join(folder, name),
        typeof content === "string" ? new TextEncoder().encode(content) : content,
      );
    }
    let copies: string[];
    {
      await using files = await openTextFiles(paths);
      copies = files.files.map(({ path }) => path).filter((path) => !paths.includes(path));
      const texts: Contents = {};
      for (const { path, name } of files.files) {
        texts[name.replaceAll(`${folder}/`, "")] = await Deno.readTextFile(path);
      }
      body({ texts, leftOut: files.leftOut.map((name) => name.replaceAll(`${folder}/`, "")) });
    }
    for (const copy of copies) await assert.rejects(Deno.stat(copy), Deno.errors.NotFound);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const CELLS =
  '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1"><v>536365</v></c><c r="C1" s="1"><v>40513.35138888889</v></c>' +
  '<c r="E1"><v>2.55</v></c></row>';

Deno.test("an archive is its tables in the order of their names; others are named as left out", () =>
  zip({ "d/b.csv": "b", "d/a.CSV": "a", "__MACOSX/d/._a.csv": "x", "notes.pdf": "p", "d/": "" }).then((
    archive,
  ) =>
    opened({ "x.zip": archive, "plain.txt": "PK is text, too" }, ({ texts, leftOut }) => {
      assert.deepEqual(texts, {
        "x.zip: d/a.CSV": "a",
        "x.zip: d/b.csv": "b",
        "plain.txt": "PK is text, too",
      });
      assert.deepEqual(leftOut, ["x.zip: notes.pdf"]);
    })
  ));

Deno.test("a workbook is its sheets as CSV, with times as they are shown, also within an archive", async () => {
  const book = await workbook(CELLS, "", CELLS.replaceAll(/([A-E])1"/g, '$12"').replace('r="1"', 'r="2"'));
  const csv = '"WHITE ""HEART"", É","536365","2010-12-01 08:26:00",,"2.55"\n';
  await opened({ "book.xlsx": book, "x.zip": await zip({ "book.xlsx": book }) }, ({ texts }) => {
    assert.deepEqual(Object.keys(texts), [
      "book.xlsx: sheet 1",
      "book.xlsx: sheet 3",
      "x.zip: book.xlsx: sheet 1",
      "x.zip: book.xlsx: sheet 3",
    ]);
    assert.equal(texts["book.xlsx: sheet 1"], csv);
    assert.match(texts["book.xlsx: sheet 3"] as string, /536365/);
  });
});

Deno.test("an archive that is damaged, encrypted or without a table is an error that says what to do", async () => {
  const whole = await zip({ "a.csv": crypto.randomUUID().repeat(100) });
  const changed = whole.map((byte, i) => i === 60 ? byte ^ 0xff : byte);
  const cases: [Contents, RegExp][] = [
    [{ "x.zip": whole.subarray(0, whole.length - 30) }, /x\.zip cannot be unpacked.*download it again/],
    [{ "x.zip": changed }, /x\.zip: a\.csv cannot be unpacked/],
    [{ "x.zip": await zip({ "a.csv": "a" }, { password: "p" }) }, /a\.csv is encrypted.*Unpack it/],
    [{ "x.zip": await zip({ "a.pdf": "a" }) }, /holds no table.*found a\.pdf/],
    [{ "book.xlsx": await workbook("") }, /book\.xlsx is empty/],
  ];
  for (const [contents, message] of cases) await assert.rejects(opened(contents, () => {}), message);
});
