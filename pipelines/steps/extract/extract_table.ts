import { PartialSourceError, SchemaContractError } from "shopflow/errors/mod.ts";
import {
  quarantinedText,
  type RawFile,
  rawKey,
  type RawQuarantine,
  type RawTable,
} from "shopflow/lake/mod.ts";
import { fileSha256, type ObjectStore } from "shopflow/lake/store/mod.ts";
import { countOf, formatCount, formatDuration } from "shopflow/runtime/mod.ts";
import { totalRows } from "shopflow/sources/mod.ts";
import { type Session, sqlName, sqlString } from "shopflow/warehouse/mod.ts";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { columnNames, digestOf, nameList, onlyRow } from "./row_sql.ts";
import { isWhole, type ReadWindow, timeColumns } from "./read_window.ts";
import type { TableReading } from "./table_reading.ts";
import { findAllChanges } from "./totals.ts";

/** The next state of a table, and the file that has to be in the store for it. */
export interface ExtractedState {
  table: RawTable;
  /** Undefined when nothing changed. */
  newFile?: { key: string; path: string; rows: number; size: number };
  /** Rows that are left out, since a value of them is wrong. */
  quarantined: RawQuarantine["rows"];
}

/**
 * Reads what changed in a source table into a local Parquet file; the store is only read.
 *
 * @throws {SourceError} when the source cannot be read, or its control totals are not those of the rows that were read.
 * @throws {SchemaContractError} when a value does not fit the lake's type.
 * @throws {PartialSourceError} when so many rows are gone that the source seems to show a part of them.
 */
export async function extractTable(
  session: Session,
  store: ObjectStore,
  reading: TableReading,
): Promise<ExtractedState> {
  const { source, table, run: { known, now, log } } = reading;
  if (reading.isUnchanged && known !== undefined) {
    log.debug(`${table.name}: not read, the source holds what it held`);
    return { table: known, quarantined: [] };
  }
  const started = performance.now();
  const paths = await Promise.all((known?.files ?? []).map(({ key }) => store.localPath(key)));
  const { totals, window } = await findAllChanges(session, reading, paths);
  log.debug(
    `${table.name}: read and compared ${windowText(window)} in ${
      formatDuration(performance.now() - started)
    }`,
  );
  const quarantined = await source.quarantine?.(table) ?? [];
  refuseTooMany(reading, quarantined, totalRows(totals));
  await checkDeleted(session, reading);
  const isFull = isWhole(window);
  // Where all rows were read, what was seen before says nothing: the source may have been restored from a backup.
  const watermark = await highestTime(session, reading, isFull ? undefined : known?.watermark);
  const writeMark = source.writeMarks?.get(table.name);
  // Where the next extract reads all rows anyway, it does not matter when one did.
  const hasNextWindow = source.fingerprint !== undefined || (source.controlTotals !== undefined &&
    (table.strategy.kind === "watermark" ? watermark : writeMark) !== undefined);
  const refreshedAt = !hasNextWindow ? undefined : isFull ? now : known?.refreshedAt;
  const state = {
    rows: totalRows(totals),
    controlTotals: totals,
    ...(watermark !== undefined && { watermark }),
    ...(writeMark !== undefined && { writeMark }),
    ...(source.fingerprint !== undefined && { fingerprint: source.fingerprint }),
    ...(refreshedAt !== undefined && { refreshedAt }),
    ...(quarantined.length > 0 && { quarantined: quarantined.length }),
  };
  const written = await writeChanges(session, reading);
  if (written === undefined) {
    const { files = [], contentSha256 = "" } = known ?? {};
    return { table: { files, contentSha256, ...state }, quarantined };
  }
  const { path, file, contentSha256 } = written;
  return {
    table: { files: [...known?.files ?? [], file], contentSha256, ...state },
    newFile: { key: file.key, path, rows: file.rows, size: file.size },
    quarantined,
  };
}

function windowText({ from, writtenSince }: ReadWindow): string {
  const parts = [
    ...(from === undefined ? [] : [`from ${from}`]),
    ...(writtenSince === undefined ? [] : [`what transaction ${writtenSince} and later ones wrote`]),
  ];
  return parts.join(" and ") || "in full";
}

/** Rows that a message shows. */
const EXAMPLES = 3;

/**
 * Logs the rows that are left out.
 *
 * @throws {SchemaContractError} when they are more than the limit allows, or all: that is no slip of single rows.
 */
function refuseTooMany(
  { table: { name }, run: { quarantineLimit, log } }: TableReading,
  quarantined: RawQuarantine["rows"],
  rows: number,
): void {
  const count = quarantined.length;
  if (count === 0) return;
  const examples = quarantined.slice(0, EXAMPLES).map(quarantinedText).join("; ");
  const text = `${formatCount(count)} of ${countOf(rows + count, "row")}`;
  const most = Math.max(quarantineLimit.rows, Math.floor(quarantineLimit.share * (rows + count)));
  if (rows > 0 && count <= most) {
    return log.warn(
      `${name}: ${text} ${count === 1 ? "has" : "have"} a wrong value and ${
        count === 1 ? "is" : "are"
      } left out until corrected: ${examples}. \`deno task lake quarantine\` lists such rows.`,
    );
  }
  throw new SchemaContractError(`Too many rows of table ${name} have a wrong value`, {
    expected: rows === 0 ? "a row without one" : `at most ${formatCount(most)} (SHOPFLOW_QUARANTINE_LIMIT)`,
    found: `${text}: ${examples}`,
    remedy: "Correct the values in the shop's database, map the column differently, or raise the limit.",
  });
}

/** A larger part of a table than this is not deleted between two extracts, as a rule. */
const MOST_DELETED = 0.2;
/** Fewer rows may go as they like. */
const FEW_ROWS = 20;

/**
 * Logs how many rows are gone from the source, and stops the table when it is a large part: whoever sees a part of a
 * table (through a view that filters, a tenant's policy, a load that is under way) would see the rest deleted.
 */
async function checkDeleted(
  session: Session,
  { table: { name }, run: { known, mayShrink, log } }: TableReading,
): Promise<void> {
  if (known === undefined) return;
  const { rows: gone } = await onlyRow<{ rows: number }>(
    session,
    "SELECT CAST(coalesce(sum(rows), 0) AS DOUBLE) AS rows FROM deleted_keys",
  );
  if (gone === 0) return;
  const text = `${formatCount(gone)} of ${formatCount(known.rows)} rows`;
  if (mayShrink || gone < FEW_ROWS || gone <= known.rows * MOST_DELETED) {
    return log.info(`  ${name}: ${text} are gone from the source, and count as deleted`);
  }
  throw new PartialSourceError(`A large part of table ${name} is gone from the source`, {
    expected: `at least ${100 - MOST_DELETED * 100} % of the rows of the last extract`,
    found: `that ${text} are gone`,
    remedy: "Check whether the user still sees all rows (a view, a policy, a load that is under way, " +
      "another table of " +
      "that name). If they were deleted, run the extract with --full-refresh.",
  });
}

/**
 * The highest time seen, not beyond that of the source: one row dated into the future by mistake would hide all
 * that come after it.
 */
async function highestTime(
  session: Session,
  { table, run: { sourceTime } }: TableReading,
  before: string | undefined,
): Promise<string | undefined> {
  const columns = timeColumns(table);
  if (columns.length === 0) return undefined;
  const highest = `greatest(${columns.map((name) => `CAST(${sqlName(name)} AS TIMESTAMP)`).join(", ")})`;
  const { time } = await onlyRow<{ time: string | null }>(
    session,
    `SELECT strftime(max(${highest}), '%Y-%m-%d %H:%M:%S.%f') AS time
     FROM source_rows WHERE ${highest} <= TIMESTAMP ${sqlString(sourceTime)}`,
  );
  const seen = time ?? undefined;
  return before !== undefined && (seen === undefined || seen < before) ? before : seen;
}

/** A run's file of a table, still on the local disk. */
interface WrittenChanges {
  path: string;
  file: RawFile;
  /** Hash of the table with this file. */
  contentSha256: string;
}

/**
 * Writes the changes that a session found as a Parquet file, in the order of the watched column, so that readers
 * of a time can pass over the rest.
 *
 * @returns undefined when nothing changed.
 */
async function writeChanges(
  session: Session,
  { table, run: { known, run, extractedAt, folder } }: TableReading,
): Promise<WrittenChanges | undefined> {
  const names = columnNames(table);
  const columns = nameList(names);
  const path = join(folder, `${table.name}.parquet`);
  const time = table.strategy.kind === "watermark" ? [table.strategy.column] : [];
  const mark = `TIMESTAMP ${sqlString(extractedAt.slice(0, -1))} AS _extracted_at, ${sqlString(run)} AS _run`;
  await session.run(
    `COPY (
       SELECT ${columns}, ${mark}, false AS _deleted FROM changed_rows
       UNION ALL SELECT ${columns}, ${mark}, true AS _deleted FROM deleted_rows
       ORDER BY ${nameList([...time, ...table.mergeKey, ...names])}
     ) TO ${sqlString(path)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  const { rows, digest } = await onlyRow<{ rows: number; digest: string | null }>(
    session,
    `SELECT count(*) AS rows, CAST(${digestOf([...names, "_deleted"])} AS VARCHAR) AS digest
     FROM read_parquet(${sqlString(path)})`,
  );
  // A table without rows is extracted too: whoever reads the raw layer finds its columns.
  if (rows === 0 && known !== undefined) return undefined;
  const contentSha256 = hashOf([known?.contentSha256 ?? "", table.columns, rows, digest]);
  const { size } = await Deno.stat(path);
  const sha256 = await fileSha256(path);
  const key = rawKey(table.name, run);
  const file: RawFile = { key, rows, size, sha256, runs: [{ run, extractedAt, rows, sha256 }] };
  return { path, file, contentSha256 };
}

const hashOf = (value: unknown) => createHash("sha256").update(JSON.stringify(value)).digest("hex");
