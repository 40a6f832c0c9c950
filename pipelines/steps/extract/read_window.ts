import type { RawTable } from "shopflow/lake/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import type { ExtractedTable, MergeKey, RowSelection, TableSource, WriteMark } from "shopflow/sources/mod.ts";
import { type Session, sqlName, sqlString } from "shopflow/warehouse/mod.ts";
import { dateHasCome, isSince, nameList, onlyRow, rawFileRows, readingRawFiles } from "./row_sql.ts";

/** Which part of a table a run reads: rows from a time on, or all. */
export interface ReadWindow {
  /** `YYYY-MM-DD HH:MM:SS.fff` of the watched columns, of tables that have some. */
  from?: string;
  /** Rows written by this transaction or a later one are read as well, whatever their time. */
  writtenSince?: string;
  /** Keys of which all rows are read as well, whatever their time. */
  keys?: MergeKey[];
  /** Months that are read as well, whatever the time of their rows. */
  months?: string[];
}

const DAY = 24 * 60 * 60 * 1000;

/** Whether a run compares all rows of a table. */
export const isWhole = ({ from, writtenSince }: ReadWindow): boolean =>
  from === undefined && writtenSince === undefined;

/**
 * Whether the window would begin at a time that has not come: the source's clock was ahead when it was last read.
 *
 * @param sourceTime What it says now, as `YYYY-MM-DD HH:MM:SS.fff`.
 */
export function isWatermarkAhead(
  { strategy }: ExtractedTable,
  { known, sourceTime }: { known: Pick<RawTable, "watermark"> | undefined; sourceTime: string },
): boolean {
  if (strategy.kind !== "watermark" || known?.watermark === undefined) return false;
  return timeOf(known.watermark) - strategy.lookbackDays * DAY > timeOf(sourceTime);
}

/** Milliseconds of a time without a zone, which is UTC. */
const timeOf = (text: string) => Date.parse(`${text.replace(" ", "T")}Z`);

/**
 * Chooses what to read of a table: rows from the look-back before its watermark on, and rows that were written since the
 * last extract; or all when it was never read, nobody can tell what changed, or a full refresh is due. Without marks only
 * control totals tell of changes before the look-back.
 *
 * @param mark The present moment of the table, where the source has marks.
 * @param now What the clock says (ISO 8601).
 */
export function chooseWindow(
  { strategy }: ExtractedTable,
  known: Pick<RawTable, "watermark" | "writeMark" | "refreshedAt" | "controlTotals"> | undefined,
  mark: WriteMark | undefined,
  now: string,
): ReadWindow {
  // The next control totals are those before, moved on.
  if (known?.refreshedAt === undefined || known.controlTotals === undefined) return {};
  if (isRefreshDue(strategy, known.refreshedAt, now)) return {};
  const transaction = firstTransactionSince(known.writeMark, mark);
  // A table that was rewritten, or a server that was restored, may have other rows at any time than it had.
  if (mark !== undefined && transaction === undefined) return {};
  const written = transaction !== undefined && { writtenSince: transaction };
  if (strategy.kind === "snapshot") return { ...written };
  if (known.watermark === undefined) return {};
  const from = new Date(timeOf(known.watermark) - strategy.lookbackDays * DAY);
  return { from: from.toISOString().replace("T", " ").slice(0, -1), ...written };
}

function isRefreshDue(
  { fullRefreshDays }: ExtractedTable["strategy"],
  refreshedAt: string,
  now: string,
): boolean {
  const age = Date.parse(now) - Date.parse(refreshedAt);
  // Refreshed in the future: by a clock that was ahead, so nobody knows how long ago.
  return age < 0 || age >= fullRefreshDays * DAY;
}

/**
 * Whether a source holds exactly what it held when all its rows were last compared, so that nothing of it need be read.
 *
 * @throws {LakeError} when a raw file cannot be read.
 */
export async function isKnownContent(
  session: Session,
  store: Pick<ObjectStore, "localPath">,
  { fingerprint }: Pick<TableSource, "fingerprint">,
  table: ExtractedTable,
  { known, now, extractedAt }: { known: RawTable | undefined; now: string; extractedAt: string },
): Promise<boolean> {
  if (fingerprint === undefined || known?.fingerprint !== fingerprint) return false;
  // Rows that are left out are told again by whoever reads them.
  if (known.refreshedAt === undefined || known.quarantined !== undefined) return false;
  if (isRefreshDue(table.strategy, known.refreshedAt, now)) return false;
  const paths = await Promise.all(known.files.map(({ key }) => store.localPath(key)));
  const keys = nameList(table.mergeKey);
  const { due } = await readingRawFiles(table, () =>
    onlyRow<{ due: number }>(
      session,
      `SELECT count(*) AS due FROM (
         SELECT * FROM (${rawFileRows(paths, table)})
         QUALIFY rank() OVER (PARTITION BY ${keys} ORDER BY _extracted_at DESC, _run DESC) = 1
       ) WHERE NOT _deleted AND ${dateHasCome(table, extractedAt)}`,
    ));
  return due === 0;
}

/** Transactions that may pass between two extracts: half of those that PostgreSQL can tell apart by their numbers. */
const MOST_TRANSACTIONS = 1n << 30n;

/** The first transaction that may have written what the reading at `before` did not see; undefined where none is known. */
function firstTransactionSince(
  before: WriteMark | undefined,
  now: WriteMark | undefined,
): string | undefined {
  if (before === undefined || now === undefined || before.scope !== now.scope) return undefined;
  const passed = BigInt(now.transaction) - BigInt(before.transaction);
  return passed >= 0n && passed < MOST_TRANSACTIONS ? before.transaction : undefined;
}

/** The rows of a window, as the selection that a source takes. */
export function selectionOf(
  { keyLookup }: Pick<TableSource, "keyLookup">,
  table: ExtractedTable,
  { from, writtenSince, keys, months }: ReadWindow,
): RowSelection {
  const written = writtenSince !== undefined && { writtenSince };
  if (from === undefined) return { ...written };
  const { strategy, measures: { date } } = table;
  const closed = strategy.kind === "watermark" ? strategy.closedWhen : undefined;
  return {
    since: { columns: timeColumns(table), from },
    ...written,
    ...(keyLookup === "scan" && closed !== undefined && { unless: closed }),
    ...(keys !== undefined && keys.length > 0 && { keys }),
    ...(months !== undefined && date !== undefined && { months: { column: date, months } }),
  };
}

/** Columns with the times that a window is about; none where a table has no times. */
export function timeColumns({ strategy }: ExtractedTable): string[] {
  if (strategy.kind === "snapshot") return [];
  const { column, correctedColumn } = strategy;
  return correctedColumn === undefined ? [column] : [column, correctedColumn];
}

/** Adds the rows that can still change to a condition. */
export function orOpen({ strategy }: ExtractedTable): string {
  if (strategy.kind !== "watermark" || strategy.closedWhen === undefined) return "";
  const { column, value } = strategy.closedWhen;
  return ` OR ${sqlName(column)} IS DISTINCT FROM ${sqlString(value)}`;
}

/**
 * Widens a window, where asking for single keys costs as much as reading the table, so that one request gives all rows
 * of the keys that it is about: those with a row in the window or still open, and those with several rows.
 *
 * Where keys can be asked for together, those with rows outside the window are added. Where they cannot be asked for at
 * all, the window reaches back to the oldest row that is still open.
 *
 * @throws {LakeError} when a raw file cannot be read.
 */
export async function completeWindow(
  session: Session,
  store: Pick<ObjectStore, "localPath">,
  { keyLookup }: Pick<TableSource, "keyLookup">,
  table: ExtractedTable,
  { window, known }: { window: ReadWindow; known: RawTable | undefined },
): Promise<ReadWindow> {
  const { from } = window;
  const { strategy, mergeKey } = table;
  if (from === undefined || strategy.kind !== "watermark" || known === undefined || keyLookup === "indexed") {
    return window;
  }
  const paths = await Promise.all(known.files.map(({ key }) => store.localPath(key)));
  const keys = nameList(mergeKey);
  const isWithin = isSince(timeColumns(table), from, { withUndated: keyLookup !== "none" });
  await readingRawFiles(table, () =>
    session.run(
      `CREATE OR REPLACE TABLE lake_rows AS
         SELECT ${keys}, ${sqlName(strategy.column)} AS time, ${isWithin} AS is_within,
                (${isWithin}${orOpen(table)}) AS is_due, _deleted
         FROM (${rawFileRows(paths, table)})
         QUALIFY rank() OVER (PARTITION BY ${keys} ORDER BY _extracted_at DESC, _run DESC) = 1`,
    ));
  if (keyLookup === "none") {
    const { time } = await onlyRow<{ time: string | null }>(
      session,
      `SELECT strftime(min(time), '%Y-%m-%d %H:%M:%S.%f') AS time FROM (
         SELECT min(time) AS time FROM lake_rows WHERE NOT _deleted GROUP BY ${keys} HAVING bool_or(is_due)
       ) AS due`,
    );
    return time !== null && time < from ? { ...window, from: time } : window;
  }
  const texts = mergeKey.map((name) => `CAST(${sqlName(name)} AS VARCHAR) AS ${sqlName(name)}`).join(", ");
  const rows = await session.rows<Record<string, string | null>>(
    `SELECT ${texts} FROM lake_rows WHERE NOT _deleted GROUP BY ${keys}
     HAVING (bool_or(is_due) OR count(*) > 1) AND NOT bool_and(is_within) ORDER BY ${keys}`,
  );
  return { ...window, keys: rows.map((row): MergeKey => mergeKey.map((name) => row[name] ?? null)) };
}
