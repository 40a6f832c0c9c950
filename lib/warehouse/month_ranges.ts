import { sqlName, sqlString } from "./session.ts";

/** What rows without a date are counted under, in the place of a month. */
const UNDATED = "undated";

/**
 * SQL condition that every row of these months meets, and few others: those between the first and the last of them.
 * Unlike a comparison of the month's text it is one of the column itself, so that DuckDB passes over the parts of
 * Parquet files whose least and greatest value say that none of their rows meets it.
 *
 * @param column A date or timestamp.
 * @param months As `month_of` writes them: `2024-05`, or `undated`.
 */
export function withinMonths(column: string, months: string[]): string {
  const dated = months.filter((month) => month !== UNDATED).toSorted();
  const name = sqlName(column);
  // Infinity and the years after 9999 are no months that a range could be made of.
  if (dated.some((month) => !/^\d{4}-(0[1-9]|1[0-2])$/.test(month) || month < "0001")) return "true";
  const ranges = dated.length < months.length ? [`${name} IS NULL`] : [];
  if (dated.length > 0) {
    const [first, last] = [dated[0]!, dated.at(-1)!].map((month) => `DATE ${sqlString(`${month}-01`)}`);
    ranges.push(`(${name} >= ${first} AND ${name} < ${last} + INTERVAL 1 MONTH)`);
    // The text of a year before Christ begins like that of the year after.
    ranges.push(`${name} < DATE '0001-01-01'`);
  }
  return ranges.length === 0 ? "false" : `(${ranges.join(" OR ")})`;
}
