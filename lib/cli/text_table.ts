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
    Math.max(title.length, ...rows.map((row) => visibleLength(row[i]!)))
  );
  const line = (cells: string[]) =>
    cells.map((cell, i) => {
      const room = " ".repeat(widths[i]! - visibleLength(cell));
      return columns[i]!.align === "right" ? room + cell : cell + room;
    }).join("  ").trimEnd();
  return [
    line(columns.map(({ title }) => title)),
    widths.map((width) => "─".repeat(width)).join("  "),
    ...rows.map(line),
  ].join("\n");
}

const visibleLength = (text: string) => stripVTControlCharacters(text).length;

/**
 * Months for people: those that follow one another are told by the first and the last, e.g.
 * `2023-01 to 2023-04, 2024-12`.
 *
 * @param months As `month_of` writes them; what is no month, e.g. `undated`, stands for itself.
 */
export function monthSpans(months: string[]): string {
  const spans: string[][] = [];
  for (const month of months.toSorted()) {
    const last = spans.at(-1);
    if (last && month === monthAfter(last.at(-1)!)) last.push(month);
    else spans.push([month]);
  }
  return spans.flatMap((span) => span.length > 2 ? [`${span[0]} to ${span.at(-1)}`] : span).join(", ");
}

function monthAfter(month: string): string | undefined {
  const [, year, number] = month.match(/^(\d{4})-(\d{2})$/) ?? [];
  if (year === undefined) return undefined;
  const next = Number(year) * 12 + Number(number);
  return `${String(Math.floor(next / 12)).padStart(4, "0")}-${String(next % 12 + 1).padStart(2, "0")}`;
}
