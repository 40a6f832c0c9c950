import type { Manifest, ObjectStore, TableFile } from "shopflow/lake/mod.ts";
import type { RawInputs } from "./raw_views.ts";
import type { SourceDoc } from "./schema_file.ts";
import { sourceRelationOf } from "./scope.ts";
import { type Session, sqlName, sqlString } from "./session.ts";

/** Months whose facts must be built again, by source table; undefined when everything must. */
export type TouchedMonths = Record<string, string[]> | undefined;

/** Months of the rows of each raw file, by the file's key: which files a month is made of. */
export type RawMonths = Record<string, string[]>;

/** Month of a date column as text; the macro `month_of` of the project says the same. */
export const monthOf = (column: string) =>
  `coalesce(substr(CAST(CAST(${sqlName(column)} AS DATE) AS VARCHAR), 1, 7), 'undated')`;

/** What makes rows of a source the same thing, compared as the project's models clean it. */
export const keyOf = (source: SourceDoc) =>
  source.key.map((column) => `coalesce(trim(CAST(${sqlName(column)} AS VARCHAR)), '')`).join(
    " || chr(31) || ",
  );

/** The months that each raw file of a source kept by month has rows of; those known already are not read again. */
export async function rawMonths(
  session: Session,
  sources: SourceDoc[],
  inputs: RawInputs,
  store: ObjectStore,
  known: RawMonths = {},
): Promise<RawMonths> {
  const found: RawMonths = {};
  for (const source of sources.filter(({ monthOf }) => monthOf !== undefined)) {
    for (const file of inputs[source.table] ?? []) {
      found[file.key] = known[file.key] ?? await monthsIn(session, [file], source, store);
    }
  }
  return found;
}

/**
 * The months that new raw files touch: those of every row, old or new, of a key that has a new row, and, where a
 * dimension got new rows, every month from the time of the earliest of them, because facts from then on may point
 * to another version. Undefined when the former snapshot is not one to build on.
 */
export async function touchedMonths(
  session: Session,
  sources: SourceDoc[],
  inputs: RawInputs,
  store: ObjectStore,
  { former, months }: { former: Manifest; months: RawMonths },
): Promise<TouchedMonths> {
  const added: RawInputs = {};
  for (const { table } of sources) {
    const before = new Set((former.inputs[table] ?? []).map(({ sha256 }) => sha256));
    const now = new Set(inputs[table]!.map(({ sha256 }) => sha256));
    if ([...before].some((file) => !now.has(file))) return undefined;
    added[table] = inputs[table]!.filter((file) => !before.has(file.sha256));
  }
  const reopened = await firstNewMonth(session, sources, added, store);
  const touched: Record<string, string[]> = {};
  for (const source of sources.filter((source) => source.monthOf !== undefined)) {
    const own = new Set(await monthsOfKeys(session, source, added[source.table]!, store));
    const all = new Set(inputs[source.table]!.flatMap((file) => months[file.key]!));
    for (const month of all) if (reopened !== undefined && month >= reopened) own.add(month);
    touched[source.table] = [...own].sort();
  }
  return touched;
}

async function firstNewMonth(
  session: Session,
  sources: SourceDoc[],
  added: RawInputs,
  store: ObjectStore,
): Promise<string | undefined> {
  const files = sources.filter(({ monthOf }) => monthOf === undefined).flatMap(({ table }) => added[table]!);
  if (files.length === 0) return undefined;
  const [earliest] = await session.rows<{ month: string }>(
    `SELECT min(${monthOf("_extracted_at")}) AS month FROM ${await parquet(files, store)}`,
  );
  return earliest?.month ?? undefined;
}

async function monthsOfKeys(
  session: Session,
  source: SourceDoc,
  added: TableFile[],
  store: ObjectStore,
): Promise<string[]> {
  if (added.length === 0) return [];
  const rows = await session.rows<{ month: string }>(
    `SELECT DISTINCT ${monthOf(source.monthOf!)} AS month FROM ${sourceRelationOf(source)}
     WHERE ${keyOf(source)} IN (SELECT ${keyOf(source)} FROM ${await parquet(added, store)})`,
  );
  return rows.map(({ month }) => month);
}

async function monthsIn(
  session: Session,
  files: TableFile[],
  source: SourceDoc,
  store: ObjectStore,
): Promise<string[]> {
  const rows = await session.rows<{ month: string }>(
    `SELECT DISTINCT ${monthOf(source.monthOf!)} AS month FROM ${await parquet(files, store)} ORDER BY 1`,
  );
  return rows.map(({ month }) => month);
}

/** SQL that reads Parquet files of the store. */
export async function parquet(files: TableFile[], store: ObjectStore): Promise<string> {
  const paths = await Promise.all(files.map((file) => store.localPath(file.key)));
  return `read_parquet([${paths.map(sqlString).join(", ")}], union_by_name = true)`;
}
