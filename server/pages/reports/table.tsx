import { countOf, formatCount, formatTime } from "shopflow/runtime/mod.ts";
import { formatNumber, numberOfFigure } from "shopflow/kpis/mod.ts";
import type { Report, TableData } from "shopflow/notebook/report/mod.ts";
import { renderPage } from "../layout.tsx";
import { Pager, ReportFrame, reportPath, runPath } from "./frame.tsx";

const ROWS_PER_PAGE = 100;

/** What a visitor wants to see of a table; from the address, so that each view is a link. */
export interface TableView {
  /** Rows that have this text in one of their cells, in any case. */
  search: string;
  /** Position of the column that orders the rows; undefined for the order of the report. */
  sort: number | undefined;
  descending: boolean;
  /** From 1. */
  page: number;
}

interface TablePageProps {
  report: Report;
  id: string;
  table: TableData;
  view: TableView;
}

/** A table of a report with all of its rows, in pages. */
export function renderTablePage({ report, id, table, view }: TablePageProps): string {
  const { name, runId, title, createdAt } = report;
  const rows = selectRows(table, view);
  const pages = Math.max(1, Math.ceil(rows.length / ROWS_PER_PAGE));
  const page = Math.min(view.page, pages);
  const here = `${runPath(name, runId)}/tables/${id}`;
  const href = (changes: Partial<TableView>) => addressOf(here, { ...view, page: 1, ...changes });
  const numeric = table.columns.map((_, column) => isNumeric(table.rows, column));
  const fractions = table.columns.map((_, column) => table.rows.some((row) => row[column]?.includes(".")));
  const caption = table.caption ?? `Table of ${title}`;
  return renderPage(
    <ReportFrame
      title={caption}
      path={[
        { href: reportPath(name), text: title },
        { href: runPath(name, runId), text: `Run of ${formatTime(createdAt)}` },
      ]}
    >
      <form class="filter" method="get" action={here} role="search">
        <label for="q">Search the rows</label>
        <input id="q" type="search" name="q" value={view.search} />
        {view.sort !== undefined && <input type="hidden" name="sort" value={String(view.sort)} />}
        {view.descending && <input type="hidden" name="order" value="desc" />}
        <button type="submit">Search</button>
        <a href={`${here}.csv`} download={`${name}_${runId}_${id}.csv`}>
          CSV, all {formatCount(table.rows.length)} rows
        </a>
      </form>
      {view.search !== "" && (
        <p class="note-banner" role="status">
          {countOf(rows.length, "row")} of {formatCount(table.rows.length)} with “{view.search}”.{" "}
          <a href={href({ search: "" })}>Show all rows</a>
        </p>
      )}
      <div class="table-card" tabindex={0} role="region" aria-label={caption}>
        <table>
          <thead>
            <tr>
              {table.columns.map((text, column) => (
                <Heading
                  key={column}
                  text={text}
                  column={column}
                  isNumeric={numeric[column]!}
                  view={view}
                  href={href}
                />
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.slice((page - 1) * ROWS_PER_PAGE, page * ROWS_PER_PAGE).map((row, i) => (
              <tr key={i}>
                {row.map((text, column) => (
                  <td key={column} class={numeric[column] ? "number" : ""}>
                    {shown(text, numeric[column]! && fractions[column]!)}
                  </td>
                ))}
              </tr>
            ))}
            {rows.length === 0 && (
              <tr>
                <td colspan={Math.max(1, table.columns.length)}>No rows.</td>
              </tr>
            )}
          </tbody>
        </table>
      </div>
      <Pager page={page} pages={pages} total={countOf(rows.length, "row")} href={(page) => href({ page })} />
    </ReportFrame>,
  );
}

interface HeadingProps {
  text: string;
  column: number;
  isNumeric: boolean;
  view: TableView;
  href(changes: Partial<TableView>): string;
}

/** A heading that orders the rows; the second time the other way. */
function Heading({ text, column, isNumeric, view, href }: HeadingProps) {
  const isSorted = view.sort === column;
  const descending = isSorted && !view.descending;
  return (
    <th
      scope="col"
      class={isNumeric ? "number" : ""}
      aria-sort={isSorted ? (view.descending ? "descending" : "ascending") : undefined}
    >
      <a href={href({ sort: column, descending })}>
        {text || `Column ${column + 1}`}
        {isSorted && <span aria-hidden="true">{view.descending ? " ▼" : " ▲"}</span>}
      </a>
    </th>
  );
}

function addressOf(here: string, { search, sort, descending, page }: TableView): string {
  const query = new URLSearchParams({
    ...(search !== "" && { q: search }),
    ...(sort !== undefined && { sort: String(sort) }),
    ...(descending && { order: "desc" }),
    ...(page > 1 && { page: String(page) }),
  });
  return query.size === 0 ? here : `${here}?${query}`;
}

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

/** The rows of a view in its order; rows without a value come last, whichever way. */
export function selectRows({ rows }: TableData, { search, sort, descending }: TableView): string[][] {
  const wanted = search.toLocaleLowerCase("en");
  const found = wanted === ""
    ? rows
    : rows.filter((row) => row.some((text) => text.toLocaleLowerCase("en").includes(wanted)));
  if (sort === undefined) return found;
  const asNumbers = isNumeric(rows, sort);
  const isMissing = (row: string[]) => MISSING.has(row[sort] ?? "");
  const present = found.filter((row) => !isMissing(row));
  const sign = descending ? -1 : 1;
  present.sort((a, b) => {
    const [x = "", y = ""] = [a[sort], b[sort]];
    return sign * (asNumbers ? numberOf(x) - numberOf(y) : collator.compare(x, y));
  });
  return [...present, ...found.filter(isMissing)];
}

/** Digits with separators, a sign, an exponent. */
const NUMBER = /^[-+−]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?(e[-+]?\d+)?$/i;
/** NaN for what is no number, nor a figure such as `14.8 %` or `$1,234`. */
const numberOf = (text: string) =>
  NUMBER.test(text) ? Number(text.replace("−", "-").replaceAll(",", "")) : numberOfFigure(text) ?? NaN;
/** What stands for a value that is not known. */
const MISSING = new Set(["", "–"]);

function isNumeric(rows: string[][], column: number): boolean {
  const texts = rows.map((row) => row[column] ?? "").filter((text) => !MISSING.has(text));
  return texts.length > 0 && texts.every((text) => !Number.isNaN(numberOf(text)));
}

/** Exact fractions are long; the CSV has all digits. */
function shown(text: string, isFraction: boolean): string {
  if (text === "") return "–";
  return isFraction && NUMBER.test(text) ? formatNumber(numberOf(text)) : text;
}
