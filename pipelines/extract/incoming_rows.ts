import { SchemaContractError, SourceError } from "shopflow/errors/mod.ts";
import type { CopiedRows, ExtractedTable } from "shopflow/sources/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";
import { columnNames, csvRows, nameList } from "./row_sql.ts";

/**
 * Reads copied rows into the table `incoming`, or adds those of `units` to it.
 *
 * @throws {SchemaContractError} when a value does not fit the lake's type.
 * @throws {SourceError} when the copy cannot be read or rows got lost.
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
    const { message } = cause instanceof Error && cause.cause instanceof Error
      ? cause.cause
      : { message: "" };
    if (!/^Conversion Error|Maximum line size/.test(message)) {
      throw new SourceError(`The copied rows of table ${table.name} cannot be read`, { cause });
    }
    throw new SchemaContractError(`Rows of table ${table.name} do not fit the lake's types`, {
      found: shortReason(message),
      remedy: "Correct the value in the shop's database.",
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

/** DuckDB's line about the value that it could not convert or the row that is too long; what follows are hints about its own settings. */
function shortReason(message: string): string {
  const lines = message.split("\n");
  return (lines.find((line) => /^Error when converting|Maximum line size/.test(line)) ?? lines[0]!).slice(
    0,
    200,
  );
}
