import type { Manifest, ObjectStore, TableFile } from "shopflow/lake/mod.ts";
import { monthOf } from "./month_of.ts";
import { rowsOfKeys } from "./key_lookup.ts";
import { parquet } from "./parquet_files.ts";
import { hasCleanKeys, type RawFileFacts } from "./raw_file_facts.ts";
import type { RawInputs } from "./raw_views.ts";
import type { SourceDoc } from "./schema_file.ts";
import { sourceRelationOf } from "./scope.ts";
import type { Session } from "./session.ts";

/** Months whose facts must be built again, by source table; undefined when everything must. */
export type TouchedMonths = Record<string, string[]> | undefined;

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
  { former, facts }: { former: Manifest; facts: RawFileFacts },
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
    const clean = hasCleanKeys(facts, inputs[source.table]!);
    const own = new Set(await monthsOfKeys(session, source, added[source.table]!, { store, clean }));
    const all = new Set(inputs[source.table]!.flatMap((file) => facts.rawMonths[file.key]!));
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
  { store, clean }: { store: ObjectStore; clean: boolean },
): Promise<string[]> {
  if (added.length === 0) return [];
  const rows = await session.rows<{ month: string }>(
    `SELECT DISTINCT ${monthOf(source.monthOf!)} AS month
     FROM ${rowsOfKeys(source, sourceRelationOf(source), await parquet(added, store), { clean })}`,
  );
  return rows.map(({ month }) => month);
}
