// @ts-types="@types/pg"
import type pg from "pg";
// @ts-types="@types/pg-copy-streams"
import { to as copyTo } from "pg-copy-streams";
import type { Runtime } from "shopflow/runtime/mod.ts";
import { join } from "node:path";
import { type CopiedTable, writeCsv } from "./csv_copy.ts";
import { withExtractClient } from "./extract_client.ts";
import { postgresError } from "./postgres_client.ts";
import { rowRate } from "./row_rate.ts";
import { checkSchemaContract } from "./schema_contract.ts";
import { SOURCE_TABLES, type SourceTable } from "./source_tables.ts";

/**
 * Copies the five source tables into CSV files in `folder`. All of them are read in one transaction, so they
 * agree with each other whatever the shop does meanwhile, and in the order of their keys, so that equal
 * rows give equal bytes.
 *
 * @throws {SourceError} when the database cannot be reached or read.
 * @throws {SchemaContractError} when a table or column is missing or of another type.
 */
export async function copySourceTables(
  postgresUrl: string,
  folder: string,
  { log, progress }: Pick<Runtime, "log" | "progress">,
): Promise<CopiedTable[]> {
  try {
    return await withExtractClient(postgresUrl, async (client) => {
      await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
      await client.query("SET LOCAL datestyle = 'ISO'; SET LOCAL work_mem = '64MB'");
      const unread = await checkSchemaContract(client);
      if (unread.length > 0) log.info(`  columns that ShopFlow does not read: ${unread.join(", ")}`);
      const copied: CopiedTable[] = [];
      for (const table of SOURCE_TABLES) copied.push(await copyTable(client, table, folder, progress));
      await client.query("COMMIT");
      return copied;
    });
  } catch (error) {
    throw postgresError(error, postgresUrl, "read");
  }
}

async function copyTable(
  client: pg.Client,
  table: SourceTable,
  folder: string,
  progress: Runtime["progress"],
): Promise<CopiedTable> {
  const counted = await client.query<{ rows: string }>(`SELECT count(*) AS rows FROM "${table.name}"`);
  const bar = progress.start(`extract ${table.name}`, Number(counted.rows[0]!.rows), "rows");
  const started = performance.now();
  const stream = client.query(copyTo(
    `COPY (SELECT ${table.columns.map(({ name }) => `"${name}"`).join(", ")} FROM "${table.name}" ` +
      `ORDER BY ${sortOrder(table)}) TO STDOUT (FORMAT csv, FORCE_QUOTE *, ENCODING 'UTF8')`,
  ));
  // While the rows are read, the reading loop throws the stream's errors. If it ended before, because the copy
  // could not be written, the end of the connection is one more error that must not end the process.
  stream.on("error", () => {});
  const path = join(folder, `${table.name}.csv`);
  const columns = table.columns.map(({ name, lakeType }) => ({ name, lakeType }));
  const contentSha256 = await writeCsv(path, columns, countingLines(stream, (lines) => bar.update(lines)));
  bar.finish(rowRate(stream.rowCount, performance.now() - started));
  return { name: table.name, columns, path, rows: stream.rowCount, contentSha256 };
}

/**
 * The key first, then the rest, since keys of real tables have duplicates; text by its bytes, since
 * databases differ in how they sort letters.
 */
function sortOrder({ key, columns }: SourceTable): string {
  const inOrder = [
    ...key.map((name) => columns.find((column) => column.name === name)!),
    ...columns.filter(({ name }) => !key.includes(name)),
  ];
  return inOrder.map(({ name, lakeType }) => `"${name}"${lakeType === "VARCHAR" ? ' COLLATE "C"' : ""}`)
    .join(", ");
}

/** Tells how many lines have passed; nearly the rows, which is enough for a bar. */
async function* countingLines(
  chunks: AsyncIterable<Uint8Array>,
  report: (lines: number) => void,
): AsyncGenerator<Uint8Array> {
  let lines = 0;
  for await (const chunk of chunks) {
    for (let i = chunk.indexOf(10); i >= 0; i = chunk.indexOf(10, i + 1)) lines++;
    report(lines);
    yield chunk;
  }
}
