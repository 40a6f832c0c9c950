import { stripVTControlCharacters } from "node:util";

/** A column of a printed table. */
interface TextColumn {
  title: string;
  /** Numbers stand at the right. */
  align?: "left" | "right";
}

/** Rows as aligned text with a header, for a terminal. Cells may have colours. */
export function textTable(columns: TextColumn[], rows: string[][]): string {
  const widths = columns.map(({ title }, i) =>
    Math.max(title.length, ...rows.map((row) => visibleLength(row[i] ?? "")))
  );
  const line = (cells: string[]) =>
    columns.map(({ align }, i) => {
      const cell = cells[i] ?? "";
      const padding = " ".repeat((widths[i] ?? 0) - visibleLength(cell));
      return align === "right" ? padding + cell : cell + padding;
    }).join("  ").trimEnd();
  return [
    line(columns.map(({ title }) => title)),
    widths.map((width) => "─".repeat(width)).join("  "),
    ...rows.map(line),
  ].join("\n");
}

const visibleLength = (text: string) => stripVTControlCharacters(text).length;

/**
 * Months for people; consecutive ones as a range, e.g. `2023-01 to 2023-04, 2024-12`.
 *
 * @param months `YYYY-MM`; anything else, e.g. `undated`, is listed as it is.
 */
export function monthSpans(months: string[]): string {
  const spans: { first: string; last: string; length: number }[] = [];
  for (const month of months.toSorted()) {
    const span = spans.at(-1);
    if (span && month === monthAfter(span.last)) [span.last, span.length] = [month, span.length + 1];
    else spans.push({ first: month, last: month, length: 1 });
  }
  return spans.map(({ first, last, length }) =>
    length === 1 ? first : `${first}${length === 2 ? ", " : " to "}${last}`
  ).join(", ");
}

const monthAfter = (month: string): string | undefined =>
  /^\d{4}-(?:0[1-9]|1[0-2])$/.test(month)
    ? Temporal.PlainYearMonth.from(month).add({ months: 1 }).toString()
    : undefined;
