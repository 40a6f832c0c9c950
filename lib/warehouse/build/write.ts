import type { WriteRecord } from "shopflow/lake/gc/mod.ts";
import type { SnapshotTable, TableFile } from "shopflow/lake/mod.ts";
import { fileSha256, isIntact, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { mapConcurrently } from "shopflow/runtime/mod.ts";
import { join } from "node:path";
import { monthRangePredicate } from "./prune.ts";
import { isMonthText, monthColumn, type MonthlyTable } from "./partitions.ts";
import { relationOf } from "../relation.ts";
import { type Session, sqlName, sqlString } from "../session.ts";
import type { MonthlyModel, SqlModel } from "../project/project.ts";

/** Where files go. */
export interface FilePlace {
  store: ObjectStore;
  /** Local folder for a file until the store takes it over. */
  folder: string;
  /** What is written, noted before it is. */
  record: WriteRecord;
}

/** Where one file goes, with its local path until then. */
type FileTarget = Omit<FilePlace, "folder"> & { path: string };

/**
 * Writes a model's rows as a Parquet file `curated/<table>/<hash>.parquet` of the store. Rows are sorted by
 * the model's grain, or all columns without one, so that equal rows give an equal file; a file that the store has is not written again.
 */
export async function writeTableFile(
  session: Session,
  model: SqlModel,
  place: FilePlace,
): Promise<SnapshotTable> {
  const { columns, stored } = await columnsOf(session, model);
  const file = await writeRows(
    session,
    model,
    stored(`SELECT * FROM ${relationOf(model.name)}`),
    onlyFile(model, place),
  );
  return { columns, rows: file.rows, files: [file] };
}

/**
 * Writes the rewritten rows of a table kept by month, one file a month, and puts the reused files beside them.
 * A table without rows has one empty file, so that it can be read.
 */
export async function writeMonthlyFiles(
  session: Session,
  { model, reused, rewritten: computed }: MonthlyTable,
  place: FilePlace,
): Promise<SnapshotTable> {
  const { columns, stored } = await columnsOf(session, model);
  const rewritten = stored(computed);
  const month = monthColumn(model);
  const { partition } = model.doc;
  const by = sqlName(partition.by);
  // Of days there are few: the month of every row would be written as text otherwise.
  const months = await session.rows<{ month: string }>(
    `SELECT DISTINCT ${month} AS month FROM (SELECT DISTINCT ${by} FROM (${rewritten})) ORDER BY 1`,
  );
  if (partition.oneFile || (months.length === 0 && reused.every(({ rows }) => rows === 0))) {
    return {
      columns,
      ...ofOneFile(await writeRows(session, model, rewritten, onlyFile(model, place))),
    };
  }
  const files = [
    ...reused,
    ...await writeMonths(session, model, months.map(({ month }) => month), {
      rewritten,
      place,
    }),
  ];
  const kept = files.filter(({ rows }) => rows > 0).toSorted((a, b) =>
    (a.partition ?? "") < (b.partition ?? "") ? -1 : 1
  );
  return {
    columns,
    rows: kept.reduce((sum, file) => sum + file.rows, 0),
    files: kept,
  };
}

/**
 * Writes a file a month, two at a time: one that is small keeps no two cores busy, and while a file is hashed and goes
 * into the store, DuckDB writes the other.
 */
async function writeMonths(
  session: Session,
  model: MonthlyModel,
  months: string[],
  { rewritten, place }: { rewritten: string; place: FilePlace },
): Promise<TableFile[]> {
  const month = monthColumn(model);
  return await mapConcurrently(months, 2, async (partition, i) => {
    const rows = `SELECT * FROM (${rewritten}) WHERE ${within(model, partition)} AND ${month} = ${
      sqlString(partition)
    }`;
    const path = join(place.folder, `${model.name}_${i}.parquet`);
    // A connection runs one statement at a time.
    using own = await session.beside();
    return { ...await writeRows(own, model, rows, { ...place, path }), partition };
  });
}

/** A condition on the date itself, which passes over the rows of other months without writing theirs as text. */
const within = (model: MonthlyModel, month: string) =>
  isMonthText(model) ? "true" : monthRangePredicate(model.doc.partition.by, [month]);

const ofOneFile = (file: TableFile) => ({ rows: file.rows, files: [file] });

async function writeRows(
  session: Session,
  { name, doc }: SqlModel,
  rows: string,
  { path, store, record }: FileTarget,
): Promise<TableFile> {
  const order = doc.grain.length === 0 ? "ALL" : doc.grain.map(sqlName).join(", ");
  const [{ Count: count } = { Count: 0 }] = await session.rows<{ Count: number }>(
    `COPY (SELECT * FROM (${rows}) ORDER BY ${order})
     TO ${sqlString(path)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)`,
  );
  const [sha256, { size }] = await Promise.all([fileSha256(path), Deno.stat(path)]);
  const key = `curated/${name}/${sha256.slice(0, 16)}.parquet`;
  const isThere = (await store.stat(key))?.size === size && await isIntact(store, { key, sha256 });
  if (isThere) await Deno.remove(path);
  else {
    await record.add([{ key, size }]);
    await store.moveIn(key, path);
  }
  return { key, rows: count, size, sha256 };
}

/** Holds every sum without loss; DuckDB itself would store a DOUBLE. */
const EXACT = "DECIMAL(38,0)";

const onlyFile = (model: SqlModel, place: FilePlace): FileTarget => ({
  ...place,
  path: join(place.folder, `${model.name}.parquet`),
});

/** The columns of a table, and its rows as they are stored: Parquet has no whole numbers of 128 bits, DuckDB's sums. */
async function columnsOf(
  session: Session,
  { name }: SqlModel,
): Promise<{ columns: SnapshotTable["columns"]; stored: (rows: string) => string }> {
  const described = await session.rows<{ name: string; type: string }>(
    `SELECT column_name AS name, column_type AS type FROM (DESCRIBE ${relationOf(name)})`,
  );
  const isHuge = ({ type }: { type: string }) => type === "HUGEINT" || type === "UHUGEINT";
  const casts = described.filter(isHuge).map(({ name }) =>
    `CAST(${sqlName(name)} AS ${EXACT}) AS ${sqlName(name)}`
  );
  return {
    columns: described.map((column) => isHuge(column) ? { ...column, type: EXACT } : column),
    stored: (rows) => casts.length === 0 ? rows : `SELECT * REPLACE (${casts.join(", ")}) FROM (${rows})`,
  };
}
