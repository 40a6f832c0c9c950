import type { Lineage, ObjectStore, TableFile } from "shopflow/lake/mod.ts";
import { hasUncleanKeys } from "./key_lookup.ts";
import { monthOf } from "./month_of.ts";
import { parquet } from "./parquet_files.ts";
import type { RawInputs } from "./raw_views.ts";
import type { SourceDoc } from "./schema_file.ts";
import { type Session, sqlName } from "./session.ts";

/** What is noted of the raw files of sources kept by month, so that a file is read for it once. */
export type RawFileFacts = Required<Pick<Lineage, "rawMonths" | "uncleanKeys">>;

/** Finds the facts of raw files; what is known of a file already is not read again. */
export async function rawFileFacts(
  session: Session,
  sources: SourceDoc[],
  inputs: RawInputs,
  store: ObjectStore,
  known: Partial<RawFileFacts> = {},
): Promise<RawFileFacts> {
  const facts: RawFileFacts = { rawMonths: {}, uncleanKeys: [] };
  const knownUnclean = new Set(known.uncleanKeys);
  for (const source of sources.filter(({ monthOf }) => monthOf !== undefined)) {
    for (const file of inputs[source.table] ?? []) {
      const months = known.rawMonths?.[file.key];
      facts.rawMonths[file.key] = months ?? await monthsIn(session, file, source, store);
      const unclean = months === undefined
        ? await hasUncleanKeys(session, file, source, store)
        : knownUnclean.has(file.key);
      if (unclean) facts.uncleanKeys.push(file.key);
    }
  }
  return facts;
}

/** Whether none of the files has a key that needs cleaning. */
export const hasCleanKeys = ({ uncleanKeys }: RawFileFacts, files: TableFile[]): boolean =>
  files.every(({ key }) => !uncleanKeys.includes(key));

async function monthsIn(
  session: Session,
  file: TableFile,
  source: SourceDoc,
  store: ObjectStore,
): Promise<string[]> {
  const date = sqlName(source.monthOf!);
  const rows = await session.rows<{ month: string }>(
    `SELECT DISTINCT ${monthOf(source.monthOf!)} AS month
     FROM (SELECT DISTINCT CAST(${date} AS DATE) AS ${date} FROM ${await parquet([file], store)}) ORDER BY 1`,
  );
  return rows.map(({ month }) => month);
}
