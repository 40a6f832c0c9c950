import type { Session, Value } from "shopflow/warehouse/mod.ts";

/**
 * Reads a query's result a slice of rows at a time, in the query's order, each slice as one array a column.
 * Converting a million rows at once would block every request for a second; between slices they are served.
 */
export async function* columnSlices(
  session: Session,
  query: string,
  rowsPerSlice = 10_000,
): AsyncGenerator<Record<string, Value[]>> {
  await session.run(`CREATE OR REPLACE TEMP TABLE sliced AS ${query}`);
  const [size] = await session.rows<{ rows: number }>("SELECT count(*) AS rows FROM sliced");
  for (let from = 0; from < (size?.rows ?? 0); from += rowsPerSlice) {
    yield await session.columns(
      `SELECT * FROM sliced WHERE rowid >= ${from} AND rowid < ${from + rowsPerSlice} ORDER BY rowid`,
    );
  }
  await session.run("DROP TABLE sliced");
}
