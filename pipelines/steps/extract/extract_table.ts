import { type ExtractedTable, type RowSelection, type TableSource, totalRows } from "shopflow/sources/mod.ts";
import { PartialSourceError } from "shopflow/errors/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import type { RawTable, Watermark } from "shopflow/lake/mod.ts";
import { formatDuration, type Logger } from "shopflow/runtime/mod.ts";
import { type Session, sqlName, sqlString } from "shopflow/warehouse/mod.ts";
import { join } from "node:path";
import { findAllChanges } from "./totals.ts";
import { chooseWindow, type ReadWindow, selectionOf } from "./row_sql.ts";
import { writeChanges } from "./write_changes.ts";

/** A source of which the first reading of a table is under way. */
export interface ReadAhead extends TableSource, AsyncDisposable {
  /** Until that reading has ended, well or not: whoever asks for its result gets the error. */
  readonly ended: Promise<void>;
}

/** A source whose first reading cannot begin before it is asked for. */
const notAhead = (source: TableSource): ReadAhead => ({
  ...source,
  ended: Promise.resolve(),
  [Symbol.asyncDispose]: () => Promise.resolve(),
});

/**
 * Begins to read a table before it is asked for, so that the source works while another table is compared and
 * written. What is asked of it later, or otherwise than expected, is read then.
 *
 * Leaving its scope waits for what was begun, which writes to a folder that goes away afterwards.
 *
 * @param first.path Where the copy goes; it must be asked for by the same path.
 * @param first.selection The rows that will be asked for first.
 * @param first.figures Whether the control totals will be asked for too; they are read after the copy.
 */
export function readAhead(
  source: TableSource,
  table: ExtractedTable,
  first: { path: string; selection: RowSelection; figures: boolean },
): ReadAhead {
  const copied = source.copy(table, first.path, first.selection);
  const counted = first.figures ? copied.then(() => source.controlTotals?.(table)) : undefined;
  const ended = Promise.allSettled([copied, counted]).then(() => {});
  let isCopyTaken = false;
  let isCountTaken = counted === undefined;
  return {
    ...source,
    ended,
    ...(source.controlTotals && {
      async controlTotals(asked: ExtractedTable) {
        const known = isCountTaken ? undefined : await counted;
        isCountTaken = true;
        return known ?? await source.controlTotals!(asked);
      },
    }),
    copy(asked, path, selection) {
      if (isCopyTaken || path !== first.path || !isEqual(selection, first.selection)) {
        return source.copy(asked, path, selection);
      }
      isCopyTaken = true;
      return copied;
    },
    [Symbol.asyncDispose]: () => ended,
  };
}

const isEqual = (left: RowSelection, right: RowSelection) => JSON.stringify(left) === JSON.stringify(right);

/** What a run knows before it reads a table. */
export interface TableRun {
  run: string;
  /** Later than that of the extract before, whatever the clock says. */
  extractedAt: string;
  /** What the clock says (ISO 8601). */
  now: string;
  /** The table in the raw layer, without files that are lost. */
  known: RawTable | undefined;
  watermark: Watermark | undefined;
  /** Compare all rows whatever the watermark says. */
  whole: boolean;
  /** Whether most rows may be gone: after another shop was loaded, or where a person says so. */
  mayShrink: boolean;
  /** Time up to which the source was read; watermarks do not go beyond it. */
  sourceTime: string;
  /** For copies and files that are not published yet. */
  folder: string;
  log: Logger;
}

/** What became of a table: its next state, and the file that has to be in the store for it. */
export interface ExtractedState {
  table: RawTable;
  watermark: Watermark;
  /** Undefined when nothing changed. */
  newFile?: { key: string; path: string; rows: number; size: number };
}

/** The part of a table that a run reads first. */
function firstWindow(
  source: TableSource,
  table: ExtractedTable,
  { known, watermark, whole, now }: TableRun,
): ReadWindow {
  // Where every copy is of all rows, comparing them all costs no more.
  const all = whole || source.controlTotals === undefined;
  return chooseWindow(table, known, watermark, { now, whole: all });
}

const copyPathOf = (folder: string, { name }: ExtractedTable) => join(folder, name);

/** Begins to read what {@linkcode extractTable} will ask for with the same parameters. */
export function beginReading(source: TableSource, table: ExtractedTable, run: TableRun): ReadAhead {
  const window = firstWindow(source, table, run);
  // Where units cannot be asked for, the window reaches as far back as the raw layer says.
  if (window.from !== undefined && !source.supportsKeyLookup) return notAhead(source);
  return readAhead(source, table, {
    path: `${copyPathOf(run.folder, table)}.csv`,
    selection: selectionOf(table, window),
    figures: source.isConsistent || window.from !== undefined,
  });
}

/**
 * Reads what changed in a source table into a local Parquet file; the store is only read.
 *
 * @throws {SourceError} when the source cannot be read, or counts or sums other rows than those that were read.
 * @throws {SchemaContractError} when a value does not fit the lake's type.
 * @throws {PartialSourceError} when so many rows are gone that the source seems to show a part of them.
 */
export async function extractTable(
  session: Session,
  store: ObjectStore,
  source: TableSource,
  table: ExtractedTable,
  tableRun: TableRun,
): Promise<ExtractedState> {
  const { known, watermark, sourceTime, folder, run, extractedAt, log } = tableRun;
  const started = performance.now();
  const chosen = firstWindow(source, table, tableRun);
  const paths = await Promise.all((known?.files ?? []).map(({ key }) => store.localPath(key)));
  const { figures, window } = await findAllChanges(session, source, table, {
    window: chosen,
    paths,
    copyPath: copyPathOf(folder, table),
    now: extractedAt,
    before: known?.controlTotals,
    log,
  });
  log.debug(
    `${table.name}: read and compared from ${window.from ?? "the beginning"} in ${
      formatDuration(performance.now() - started)
    }`,
  );
  await checkVanished(session, table, tableRun);
  // Where all rows were read, what was seen before says nothing: the source may have been restored from a backup.
  const before = window.from === undefined ? undefined : watermark?.value;
  const value = await highest(session, table, before, sourceTime);
  const state = {
    rows: totalRows(figures),
    ...(value !== undefined && { watermark: value }),
    figures,
  };
  const moved: Watermark = {
    ...(value !== undefined && { value }),
    comparedAt: window.from === undefined ? tableRun.now : watermark!.comparedAt,
  };
  const written = await writeChanges(session, table, join(folder, `${table.name}.parquet`), {
    known,
    run,
    extractedAt,
  });
  if (written === undefined) {
    const { files, contentSha256 } = known!;
    return { table: { files, contentSha256, ...state }, watermark: moved };
  }
  const { file, contentSha256, path } = written;
  return {
    table: { files: [...known?.files ?? [], file], contentSha256, ...state },
    watermark: moved,
    newFile: { key: file.key, path, rows: file.rows, size: file.size },
  };
}

/** A larger part of a table than this is not deleted between two extracts, as a rule. */
const MOST_VANISHED = 0.2;
/** Fewer rows may go as they like. */
const FEW_ROWS = 20;

/**
 * Tells how many rows are gone from the source, and stops the table when it is a large part: whoever sees a part of a
 * table (through a view that filters, a tenant's policy, a load that is under way) would see the rest deleted.
 */
async function checkVanished(
  session: Session,
  { name }: ExtractedTable,
  { known, mayShrink, log }: TableRun,
): Promise<void> {
  if (known === undefined) return;
  const [found] = await session.rows<{ rows: number }>(
    "SELECT CAST(coalesce(sum(rows), 0) AS DOUBLE) AS rows FROM vanished_units",
  );
  const gone = found!.rows;
  if (gone === 0) return;
  const text = `${gone.toLocaleString("en-US")} of ${known.rows.toLocaleString("en-US")} rows`;
  if (mayShrink || gone < FEW_ROWS || gone <= known.rows * MOST_VANISHED) {
    return log.info(`  ${name}: ${text} are gone from the source, and count as deleted`);
  }
  throw new PartialSourceError(`A large part of table ${name} is gone from the source`, {
    expected: `at least ${100 - MOST_VANISHED * 100} % of the rows of the last extract`,
    found: `that ${text} are gone`,
    remedy:
      "Look whether the user still sees all rows (a view, a policy, a load that is under way, another table of " +
      "that name). If they were deleted, run the extract with --force.",
  });
}

/**
 * The highest time seen, not beyond that of the source: one row dated into the future by mistake would hide all
 * that come after it.
 */
async function highest(
  session: Session,
  { strategy }: ExtractedTable,
  before: string | undefined,
  sourceTime: string,
): Promise<string | undefined> {
  if (strategy.kind === "snapshot") return undefined;
  const [found] = await session.rows<{ time: string | null }>(
    `SELECT strftime(max(CAST(${sqlName(strategy.column)} AS TIMESTAMP)), '%Y-%m-%d %H:%M:%S.%f') AS time
     FROM incoming WHERE ${sqlName(strategy.column)} <= TIMESTAMP ${sqlString(sourceTime)}`,
  );
  const seen = found?.time ?? undefined;
  return before !== undefined && (seen === undefined || seen < before) ? before : seen;
}
