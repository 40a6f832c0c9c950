import { SourceError } from "shopflow/errors/mod.ts";
import type { CopiedRows, ExtractedTable } from "shopflow/sources/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";
import { columnNames, csvRows, nameList } from "./row_sql.ts";

/**
 * Reads copied rows into the table `incoming`, or adds those of `units` to it.
 *
 * @throws {SourceError} when a value does not fit the lake's type or rows got lost.
 */
export async function readIncoming(
  session: Session,
  table: ExtractedTable,
  copied: CopiedRows,
): Promise<void> {
  const columns = nameList(columnNames(table));
  try {
    await session.run(
      `CREATE OR REPLACE TABLE incoming AS SELECT ${columns} FROM ${csvRows(copied.path, table)}`,
    );
  } catch (cause) {
    throw new SourceError(`Rows of table ${table.name} do not fit the lake's types`, {
      remedy: "The cause names row and value; correct it in the shop's database.",
      cause,
    });
  }
  const [found] = await session.rows<{ rows: number }>("SELECT count(*) AS rows FROM incoming");
  if (found!.rows === copied.rows) return;
  throw new SourceError(`Table ${table.name} did not arrive whole`, {
    expected: `${copied.rows} rows`,
    found: `${found!.rows}`,
  });
}
