import { WarehouseError } from "shopflow/errors/mod.ts";
import type { Cell } from "shopflow/ml/mod.ts";
import { publishScores, type ScoreTable } from "shopflow/ml/registry/mod.ts";
import { writeAll } from "shopflow/runtime/mod.ts";
import { openSession, sqlName, sqlString } from "shopflow/warehouse/mod.ts";
import { join } from "node:path";
import { type PipelineContext, withTemporaryFolder } from "../../context.ts";

/** Rows in memory at a time: enough to keep the disk busy, little beside the rest. */
const CHUNK_ROWS = 20_000;

/**
 * Writes rows to a Parquet file and publishes it as the current score table. Nothing is visible before the
 * whole file is there.
 *
 * @param columns name and DuckDB type, in the order of the cells
 * @param options.replaces see {@linkcode publishScores}
 * @throws {WarehouseError} when a row has another number of cells.
 * @throws {ModelError} when another table became current meanwhile.
 */
export async function publishScoreRows(
  { store, config }: PipelineContext,
  table: Omit<ScoreTable, "key" | "sha256" | "rows">,
  columns: readonly (readonly [name: string, type: string, meaning?: string])[],
  rows: Iterable<readonly Cell[]>,
  options: { replaces: string | null },
): Promise<ScoreTable> {
  return await withTemporaryFolder(config.home, async (folder) => {
    const csv = join(folder, "rows.csv"), parquet = join(folder, "rows.parquet");
    const count = await writeCsv(csv, columns.length, rows);
    const types = columns.map(([name, type]) => `${sqlString(name)}: ${sqlString(type)}`);
    using session = await openSession();
    const source = count === 0
      ? `SELECT ${columns.map(([name, type]) => `CAST(NULL AS ${type}) AS ${sqlName(name)}`)} WHERE false`
      : `FROM read_csv(${sqlString(csv)}, columns = {${types}}, auto_detect = false, header = false,
           delim = ',', quote = '"', escape = '"', nullstr = '')`;
    await session.run(`COPY (${source}) TO ${sqlString(parquet)} (FORMAT parquet, COMPRESSION zstd)`);
    return await publishScores(store, { ...table, rows: count }, parquet, options);
  });
}

async function writeCsv(path: string, width: number, rows: Iterable<readonly Cell[]>): Promise<number> {
  using file = await Deno.open(path, { write: true, create: true });
  const encoder = new TextEncoder();
  let lines: string[] = [], count = 0;
  for (const row of rows) {
    if (row.length !== width) {
      throw new WarehouseError("A score row does not fit its table", {
        expected: `${width} cells`,
        found: `${row.length}`,
      });
    }
    lines.push(row.map(csvCell).join(","));
    count++;
    if (lines.length < CHUNK_ROWS) continue;
    await writeAll(file, path, encoder.encode(lines.join("\n") + "\n"));
    lines = [];
  }
  if (lines.length > 0) await writeAll(file, path, encoder.encode(lines.join("\n") + "\n"));
  return count;
}

function csvCell(cell: Cell): string {
  if (cell === null) return "";
  return typeof cell === "string" ? `"${cell.replaceAll('"', '""')}"` : String(cell);
}
