import { type Session, sqlName, sqlString } from "./session.ts";

/**
 * SQL condition that every row of a relation meets: its column lies between the least and the greatest value there, or
 * is missing where one of them misses it.
 *
 * Where few rows of sorted Parquet files are wanted, a look at this column and at the keys alone tells how far apart
 * they are, and all other columns are read of what lies between them only.
 *
 * @param column A date or timestamp.
 * @param relation What may follow FROM.
 */
export async function betweenExtremes(session: Session, column: string, relation: string): Promise<string> {
  const name = sqlName(column);
  const [found] = await session.rows<{
    first: string | null;
    last: string | null;
    type: string;
    missing: number;
  }>(
    `SELECT CAST(min(${name}) AS VARCHAR) AS first, CAST(max(${name}) AS VARCHAR) AS last,
            typeof(min(${name})) AS type, count(*) - count(${name}) AS missing
     FROM ${relation}`,
  );
  const { first, last, type, missing } = found!;
  const parts = missing > 0 ? [`${name} IS NULL`] : [];
  if (first !== null) {
    const [from, to] = [first, last!].map((value) => `CAST(${sqlString(value)} AS ${type})`);
    parts.push(`${name} BETWEEN ${from} AND ${to}`);
  }
  return parts.length === 0 ? "false" : `(${parts.join(" OR ")})`;
}
