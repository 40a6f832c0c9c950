import { WarehouseError } from "shopflow/errors/mod.ts";
import {
  fileSha256,
  isWhole,
  type ObjectStore,
  type SnapshotTable,
  type TableFile,
} from "shopflow/lake/mod.ts";
import { join } from "node:path";
import { monthColumn, type MonthlyTable } from "./monthly_tables.ts";
import { relationOf } from "./scope.ts";
import { type Session, sqlName, sqlString } from "./session.ts";
import type { SqlModel } from "./sql_model.ts";

/** Where files go. */
export interface FilePlace {
  store: ObjectStore;
  /** Local folder for a file until the store takes it over. */
  folder: string;
}

/**
 * Writes a model's rows as a Parquet file `curated/<table>/<hash>.parquet` of the store. Rows are sorted by
 * the model's grain, so that equal rows give an equal file; a file that the store has whole is not written again.
 *
 * @throws {WarehouseError} when the model's schema file states no grain.
 */
export async function writeTableFile(
  session: Session,
  model: SqlModel,
  place: FilePlace,
): Promise<SnapshotTable> {
  const file = await writeRows(session, model, `SELECT * FROM ${relationOf(model.name)}`, place);
  return { columns: await columnsOf(session, model), rows: file.rows, files: [file] };
}

/**
 * Writes the rewritten rows of a table kept by month, one file a month, and puts the reused files beside them.
 * A table without rows has one empty file, so that it can be read.
 *
 * @throws {WarehouseError} when the model's schema file states no grain.
 */
export async function writeMonthlyFiles(
  session: Session,
  { model, reused, rewritten }: MonthlyTable,
  place: FilePlace,
): Promise<SnapshotTable> {
  const month = monthColumn(model);
  const months = await session.rows<{ month: string }>(
    `SELECT DISTINCT ${month} AS month FROM (${rewritten}) ORDER BY 1`,
  );
  const files = [...reused];
  if (model.doc.partition!.oneFile || (months.length === 0 && reused.every(({ rows }) => rows === 0))) {
    return {
      columns: await columnsOf(session, model),
      ...whole(await writeRows(session, model, rewritten, place)),
    };
  }
  for (const { month: partition } of months) {
    const rows = `SELECT * FROM (${rewritten}) WHERE ${month} = ${sqlString(partition)}`;
    files.push({ ...await writeRows(session, model, rows, place), partition });
  }
  const kept = files.filter(({ rows }) => rows > 0).toSorted((a, b) => a.partition! < b.partition! ? -1 : 1);
  return {
    columns: await columnsOf(session, model),
    rows: kept.reduce((sum, file) => sum + file.rows, 0),
    files: kept,
  };
}

const whole = (file: TableFile) => ({ rows: file.rows, files: [file] });

async function writeRows(
  session: Session,
  { name, doc, file }: SqlModel,
  rows: string,
  { store, folder }: FilePlace,
): Promise<TableFile> {
  if (doc.grain.length === 0) {
    throw new WarehouseError(`The SQL model ${file} has no grain`, {
      expected: "the columns that identify a row, as `config: { meta: { grain: […] } }` in its schema file",
      found: "none",
    });
  }
  const path = join(folder, `${name}.parquet`);
  const [written] = await session.rows<{ Count: number }>(
    `COPY (SELECT * FROM (${rows}) ORDER BY ${doc.grain.map(sqlName).join(", ")})
     TO ${sqlString(path)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)`,
  );
  const [sha256, { size }] = await Promise.all([fileSha256(path), Deno.stat(path)]);
  const key = `curated/${name}/${sha256.slice(0, 16)}.parquet`;
  const isThere = (await store.stat(key))?.size === size && await isWhole(store, { key, sha256 });
  if (isThere) await Deno.remove(path);
  else await store.moveIn(key, path);
  return { key, rows: written!.Count, size, sha256 };
}

async function columnsOf(session: Session, { name }: SqlModel): Promise<SnapshotTable["columns"]> {
  return await session.rows<{ name: string; type: string }>(
    `SELECT column_name AS name, column_type AS type FROM (DESCRIBE ${relationOf(name)})`,
  );
}
