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
