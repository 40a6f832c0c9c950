import { type RawFile, rawKey } from "shopflow/lake/mod.ts";
import type { RawRun } from "shopflow/lake/raw/mod.ts";
import { fileSha256 } from "shopflow/lake/store/mod.ts";
import { type ExtractedTable, SOURCE_TABLES, TICKET_TABLE } from "shopflow/sources/mod.ts";
import { type Session, sqlName, sqlString } from "shopflow/warehouse/mod.ts";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { columnNames, nameList, onlyRow, rawFileRows } from "../extract/row_sql.ts";

/** A raw file with the place where it can be read. */
export interface ReadableFile {
  file: RawFile;
  path: string;
}

/** What a merge leaves out or corrects; by default all rows stay as they are. */
interface MergeOptions {
  /** Run whose rows are left out. */
  without?: string;
  /** By run the time of extraction to write in the place of the one that its rows have (ISO 8601). */
  times?: ReadonlyMap<string, string>;
  /** Local folder for the new file. */
  folder: string;
}

/**
 * Writes the rows of raw files of one table as one local file, sorted as extracts sort theirs. Rows keep the run that
 * brought them, and its time, so the history that is read from them is the same.
 *
 * @returns undefined when no row is left.
 */
export async function mergeFiles(
  session: Session,
  table: string,
  files: ReadableFile[],
  { without, times = new Map(), folder }: MergeOptions,
): Promise<ReadableFile | undefined> {
  const runs = mergedRuns(files.map(({ file }) => file), times).filter(({ run }) => run !== without);
  if (runs.length === 0) return undefined;
  const contract = contractOf(table);
  const path = join(folder, `${table}-${crypto.randomUUID()}.parquet`);
  const paths = files.map((file) => file.path);
  const rows = contract === undefined
    ? `SELECT * FROM read_parquet([${paths.map(sqlString).join(", ")}], union_by_name = true)`
    : rawFileRows(paths, contract);
  const kept = without === undefined ? "" : ` WHERE _run <> ${sqlString(without)}`;
  await session.run(
    `COPY (SELECT ${correctedColumns(runs, times)} FROM (${rows}) AS raw_rows${kept}
       ORDER BY ${sortOrder(contract)}) TO ${sqlString(path)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  const [sha256, { size }, { rows: count }] = await Promise.all([
    fileSha256(path),
    Deno.stat(path),
    onlyRow<{ rows: number }>(session, `SELECT count(*) AS rows FROM read_parquet(${sqlString(path)})`),
  ]);
  const last = runs.at(-1)!.run;
  const key = rawKey(table, `${last}-${sha256.slice(0, 8)}`);
  return { path, file: { key, rows: count, size, sha256, runs } };
}

/** The contract of a table, which says how its files are sorted; a table that is extracted no more has none. */
const contractOf = (name: string): ExtractedTable | undefined =>
  [...SOURCE_TABLES, TICKET_TABLE].find((table) => table.name === name);

function sortOrder(contract: ExtractedTable | undefined): string {
  if (contract === undefined) return "_extracted_at, _run";
  const { strategy, mergeKey } = contract;
  const time = strategy.kind === "watermark" ? [strategy.column] : [];
  return nameList([...time, ...mergeKey, ...columnNames(contract), "_extracted_at", "_run", "_deleted"]);
}

/** All columns, those of corrected runs with another time. */
function correctedColumns(runs: RawRun[], times: ReadonlyMap<string, string>): string {
  const corrected = runs.filter(({ run }) => times.has(run));
  if (corrected.length === 0) return "*";
  const cases = corrected.map(({ run, extractedAt }) =>
    `WHEN ${sqlString(run)} THEN TIMESTAMP ${sqlString(extractedAt.slice(0, -1))}`
  );
  return `* REPLACE (CASE ${sqlName("_run")} ${cases.join(" ")} ELSE _extracted_at END AS _extracted_at)`;
}

/** The runs of several files in the order of extraction; what a corrected run brought is something else. */
function mergedRuns(files: RawFile[], times: ReadonlyMap<string, string>): RawRun[] {
  return files.flatMap(({ runs }) => runs).map((run): RawRun => {
    const extractedAt = times.get(run.run);
    if (extractedAt === undefined) return run;
    const sha256 = createHash("sha256").update(`${run.sha256} ${extractedAt}`).digest("hex");
    return { ...run, extractedAt, sha256 };
  }).sort((a, b) => a.extractedAt < b.extractedAt ? -1 : a.extractedAt > b.extractedAt ? 1 : 0);
}
