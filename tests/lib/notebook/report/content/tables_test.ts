import { table } from "arquero";
import assert from "node:assert/strict";
import { DISPLAY } from "../../../../../lib/notebook/author/displays.ts";
import { LINEAGE_HOOK } from "../../../../../lib/notebook/kernel/messages.ts";
import { showTable } from "../../../../../lib/notebook/kernel.ts";
import type { MimeBundle } from "../../../../../lib/notebook/format/nbformat.ts";
import {
  parseTableId,
  tablesOf,
  tableToCsv,
  withTableLinks,
} from "../../../../../lib/notebook/report/content/tables.ts";
import { withScrollingTables } from "../../../../../lib/notebook/report/content/sanitize.ts";

/** What a cell shows where our runner runs it. */
async function shownByRunner(value: ReturnType<typeof showTable>): Promise<MimeBundle> {
  const runner = globalThis as Record<symbol, unknown>;
  runner[LINEAGE_HOOK] = () => {};
  try {
    return await value[DISPLAY]();
  } finally {
    delete runner[LINEAGE_HOOK];
  }
}

Deno.test("a table of showTable has all its rows with their exact values, and the headings that are shown", async () => {
  const rows = table({
    name: Array.from({ length: 500 }, (_, i) => `Zoë "${i}", Ltd`),
    amount: Array.from({ length: 500 }, (_, i) => i === 3 ? null : i / 7),
    day: Array.from({ length: 500 }, () => new Date("2024-02-29T00:00:00Z")),
  });
  const options = { limit: 5, caption: "Sold", columns: ["name", "amount", "day"], labels: { amount: "€" } };
  const data = await shownByRunner(showTable(rows, options));
  const [read, ...others] = tablesOf(data["text/html"] as string, data);
  assert.deepEqual([others.length, read?.caption, read?.columns, read?.rows.length], [
    0,
    "Sold",
    ["name", "€", "day"],
    500,
  ]);
  assert.deepEqual(read?.rows[3], ['Zoë "3", Ltd', "", "2024-02-29"]);
  assert.deepEqual(read?.rows[499], ['Zoë "499", Ltd', String(499 / 7), "2024-02-29"]);
  assert.equal((await showTable(rows)[DISPLAY]())["text/csv"], undefined, "Jupyter limits its messages");
});

Deno.test("tables of HTML are read as they are shown, spans and heads of several rows as well", () => {
  const [wide, small] = tablesOf(`
    <table><thead><tr><th></th><th colspan="2">sales</th></tr><tr><th>city</th><th>2023</th><th>2024</th></tr></thead>
    <tbody><tr><th rowspan="2">Köln &amp; Bonn</th><td>1<br>2</td><td data-value="1234.5678">1,234.57</td></tr>
    <tr><td>–</td></tr></tbody></table>
    <p class="table-caption">Two</p><table><tr><td>a</td></tr><tr><td>b</td></tr></table>`);
  assert.deepEqual(wide, {
    columns: ["city", "sales 2023", "sales 2024"],
    rows: [["Köln & Bonn", "1 2", "1234.5678"], ["Köln & Bonn", "", ""]],
  });
  assert.deepEqual(small, { caption: "Two", columns: ["a"], rows: [["b"]] });
});

Deno.test("CSV is quoted, and what a spreadsheet would run is text", () => {
  const rows = [['say "hi", you', "-5", "+3.2 %", "1e-7"], ["=1+1", "@cmd", "-cmd", "two\nlines"]];
  assert.equal(
    tableToCsv({ columns: ["a", "b", "c", "d"], rows }),
    'a,b,c,d\n"say ""hi"", you",-5,+3.2 %,1e-7\n\'=1+1,\'@cmd,\'-cmd,"two\nlines"\n',
  );
  // What spreadsheets of East Asia take for the same signs, and a line break before one.
  assert.equal(tableToCsv({ columns: ["＝1", "\n=1"], rows: [] }), `'＝1,"'\n=1"\n`);
});

Deno.test("each table has the ways to its rows below it, and a long one is shortened where it has a page", () => {
  const long = `<table><thead><tr><th>n</th></tr></thead><tbody>${
    Array.from({ length: 80 }, (_, i) => `<tr><td>${i}</td></tr>`).join("")
  }</tbody></table>`;
  const html = withScrollingTables(`<p>a</p>${long}<table><tr><td>x</td></tr></table><p>b</p>`);
  const links = (index: number) => ({ csv: `t${index}.csv`, page: `t${index}`, fileName: "f.csv" });
  const linked = withTableLinks(html, tablesOf(html), links);
  assert.match(linked, /<td>49<\/td><\/tr><\/tbody><\/table><\/div>/);
  assert.doesNotMatch(linked, /<td>50</);
  assert.match(linked, /href="t0"[^>]*>All 80 rows<\/a> <a href="t0\.csv" download="f\.csv"/);
  assert.match(linked, /href="t1\.csv"/);
  const whole = withTableLinks(html, tablesOf(html), () => ({ csv: "data:", fileName: "f.csv" }));
  assert.match(whole, /<td>79</, "a page by itself has nowhere else to show it");
});

Deno.test("ids of tables name a place in the notebook, and nothing else", () => {
  assert.deepEqual(parseTableId("cell-3-0-1"), { cell: 3, output: 0, index: 1 });
  assert.deepEqual(parseTableId("cell-3-text-0"), { cell: 3, output: "text", index: 0 });
  for (const id of ["", "cell-1", "../x", "cell-1-2-3-4", "cell--1-0-0"]) {
    assert.equal(parseTableId(id), undefined);
  }
});
