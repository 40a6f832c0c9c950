import { parse } from "csv-parse/sync";
import { stringify } from "csv-stringify/sync";
import { Parser } from "htmlparser2";
import { escapeHtml, formatCount } from "shopflow/runtime/mod.ts";
import { type MimeBundle, TABLE_MIME } from "../../format/nbformat.ts";

/** A table as data: all of its rows, whatever the page shows of them. */
export interface TableData {
  caption?: string;
  columns: string[];
  /** As many texts in each row as there are columns; numbers are exact, missing values are empty. */
  rows: string[][];
}

/** How the page names its tables: by the cell, the output or the text, and the place therein. */
const TABLE_ID = /^cell-(\d+)-(\d+|text)-(\d+)$/;

/** The parts of a table's id; undefined for what is none. */
export function parseTableId(
  id: string,
): { cell: number; output: number | "text"; index: number } | undefined {
  const [, cell, output, index] = TABLE_ID.exec(id) ?? [];
  if (cell === undefined) return undefined;
  return { cell: Number(cell), output: output === "text" ? "text" : Number(output), index: Number(index) };
}

/** The tables of an output or a text, in the order in which they end; nested ones count, too. */
export function tablesOf(html: string, data: MimeBundle = {}): TableData[] {
  if (!html.includes("<table")) return [];
  const shown = tablesOfHtml(html);
  const complete = data[TABLE_MIME];
  const [first, ...others] = shown;
  // `showTable` gives all rows beside the HTML of the first ones.
  if (typeof complete !== "string" || first === undefined) return shown;
  const [columns = [], ...rows] = parse(complete, { relaxColumnCount: true }) as string[][];
  return [{ ...first, columns, rows }, ...others];
}

/** What a table of HTML has been read to. */
interface OpenTable {
  caption: string;
  rows: { cells: string[]; isHead: boolean }[];
  /** Columns that a cell of a row above reaches into: its text, and for how many rows more. */
  reaching: Map<number, { text: string; rows: number }>;
  cell?:
    | { text: string; exact: string | undefined; columns: number; rows: number; isHead: boolean }
    | undefined;
  isCaption: boolean;
  isInHead: boolean;
}

function tablesOfHtml(html: string): TableData[] {
  const done: TableData[] = [];
  const open: OpenTable[] = [];
  let isCaption = false;
  let captionBefore = "";
  const parser = new Parser({
    onopentag(name, attributes) {
      if (name === "p") {
        isCaption = (attributes.class ?? "").split(" ").includes("table-caption");
        if (isCaption) captionBefore = "";
      }
      if (name === "table") {
        open.push({
          caption: captionBefore,
          rows: [],
          reaching: new Map(),
          isCaption: false,
          isInHead: false,
        });
        captionBefore = "";
      }
      const table = open.at(-1);
      if (table === undefined) return;
      if (name === "caption") table.isCaption = true;
      if (name === "thead") table.isInHead = true;
      if (name === "tr") table.rows.push({ cells: [], isHead: table.isInHead });
      if (name === "td" || name === "th") {
        table.cell = {
          text: "",
          exact: attributes["data-value"],
          columns: span(attributes.colspan),
          rows: span(attributes.rowspan),
          isHead: name === "th",
        };
      }
      if (name === "br" && table.cell) table.cell.text += " ";
    },
    ontext(text) {
      const table = open.at(-1);
      if (table?.cell) table.cell.text += text;
      else if (table?.isCaption) table.caption += text;
      else if (isCaption) captionBefore += text;
    },
    onclosetag(name) {
      if (name === "p") isCaption = false;
      const table = open.at(-1);
      if (table === undefined) return;
      if (name === "caption") table.isCaption = false;
      if (name === "thead") table.isInHead = false;
      if (name === "td" || name === "th") endCell(table);
      if (name === "tr") endRow(table);
      if (name === "table") done.push(asData(open.pop()!));
    },
  }, { decodeEntities: true });
  parser.end(html);
  return done;
}

/** No table of a page spans more; a notebook may claim anything. */
const span = (text = "1") => Math.min(1000, Math.max(1, Math.trunc(Number(text)) || 1));

function endCell(table: OpenTable): void {
  const row = table.rows.at(-1);
  const { cell } = table;
  table.cell = undefined;
  if (row === undefined || cell === undefined) return;
  fillReached(table, row.cells);
  const text = cell.text.replaceAll(/\s+/g, " ").trim();
  for (let i = 0; i < cell.columns; i++) {
    if (cell.rows > 1) table.reaching.set(row.cells.length, { text, rows: cell.rows - 1 });
    row.cells.push(cell.exact ?? (MISSING.includes(text) ? "" : text));
  }
}

/** How tables show that there is no value. */
const MISSING = ["–", "—"];

/** The columns of a row that cells of rows above it cover. */
function fillReached({ reaching }: OpenTable, cells: string[]): void {
  for (
    let reached = reaching.get(cells.length);
    reached !== undefined;
    reached = reaching.get(cells.length)
  ) {
    if (reached.rows === 1) reaching.delete(cells.length);
    else reaching.set(cells.length, { ...reached, rows: reached.rows - 1 });
    cells.push(reached.text);
  }
}

function endRow(table: OpenTable): void {
  const row = table.rows.at(-1);
  if (row !== undefined) fillReached(table, row.cells);
}

/** The rows of the head are the names of the columns; without a head the first row is. */
function asData({ caption, rows }: OpenTable): TableData {
  const width = Math.max(0, ...rows.map(({ cells }) => cells.length));
  const heads = rows.filter(({ isHead }) => isHead);
  const names = heads.length > 0 ? heads : rows.slice(0, 1);
  const columns = Array.from(
    { length: width },
    (_, i) => [...new Set(names.map(({ cells }) => cells[i] ?? "").filter((text) => text !== ""))].join(" "),
  );
  const body = rows.filter((row) => !names.includes(row));
  const full = ({ cells }: { cells: string[] }) => Array.from({ length: width }, (_, i) => cells[i] ?? "");
  return { ...(caption.trim() && { caption: caption.trim() }), columns, rows: body.map(full) };
}

/**
 * A table as CSV for spreadsheets, RFC 4180. A text that a spreadsheet would run as a formula begins with an apostrophe, also
 * with the wide signs that East Asian ones take for the same: texts come from customers.
 */
export function tableToCsv({ columns, rows }: Pick<TableData, "columns" | "rows">): string {
  return stringify([columns, ...rows].map((row) => row.map(harmless)));
}

const harmless = (text: string) =>
  /^[=+\-@\t\r\n＝＋－＠]/.test(text) && !/^[-+]?[\d.,]+(e[-+]?\d+)?\s*\p{L}{0,4}%?$/iu.test(text)
    ? `'${text}`
    : text;

/** Where the page of a table and its CSV are. */
export interface TableLinks {
  csv: string;
  /** The name that a browser gives the file. */
  fileName: string;
  /** A page with all rows; none in a page that is a file by itself. */
  page?: string;
}

/** Rows of a table of HTML that a page shows where all of them have a page of their own. */
const LONGEST = 50;

/**
 * Puts the ways to all rows below each table, and shortens long ones. `html` is sanitised, so its tags are balanced, and
 * each table is in an element of its own (see `withScrollingTables`).
 */
export function withTableLinks(
  html: string,
  tables: TableData[],
  links: (index: number) => TableLinks,
): string {
  let index = 0;
  const parts = html.split(/(?<=<\/table><\/div>)/);
  return parts.map((part) => {
    const table = tables[index];
    if (!part.endsWith("</table></div>") || table === undefined) return part;
    const { csv, fileName, page } = links(index++);
    const name = escapeHtml(table.caption ?? `Table ${index}`);
    const shown = part.match(/<tr[\s>]/g)?.length ?? 0;
    const all = page === undefined || table.rows.length < 10
      ? ""
      : `<a href="${escapeHtml(page)}" aria-label="${name}: all ${formatCount(table.rows.length)} rows">` +
        `All ${formatCount(table.rows.length)} rows</a> `;
    return (page !== undefined && shown > LONGEST + 1 ? shortened(part) : part) +
      `<p class="table-links">${all}<a href="${escapeHtml(csv)}" download="${escapeHtml(fileName)}" ` +
      `aria-label="${name} as CSV">CSV</a></p>`;
  }).join("");
}

/** The first rows of the one table of a part; a note says how many there are. */
function shortened(part: string): string {
  const start = part.lastIndexOf("<table");
  const rows = [...part.slice(start).matchAll(/<tr[\s>]/g)].map(({ index }) => start + index);
  const cut = rows[LONGEST + 1], end = Math.max(part.lastIndexOf("</tbody>"), -1);
  if (cut === undefined || (end !== -1 && end < cut)) return part;
  const rest = end === -1 ? part.slice(part.lastIndexOf("</table>")) : part.slice(end);
  return `${part.slice(0, cut)}${rest}<p class="table-note">the first ${LONGEST} rows</p>`;
}
