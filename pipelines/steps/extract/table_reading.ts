import { join } from "node:path";
import type { RawTable } from "shopflow/lake/mod.ts";
import type { Logger } from "shopflow/runtime/mod.ts";
import type { ExtractedTable, RowSelection, TableSource } from "shopflow/sources/mod.ts";

/** What a run knows before it reads a table. */
export interface TableRun {
  run: string;
  /** Later than that of the extract before, whatever the clock says. */
  extractedAt: string;
  /** What the clock says (ISO 8601). */
  now: string;
  /** The table in the raw layer, without files that are lost. */
  known: RawTable | undefined;
  /** Read all rows whatever the watermark says. */
  fullRefresh: boolean;
  /** Whether most rows may be gone: after another shop was loaded, or where a person says so. */
  mayShrink: boolean;
  /** Time up to which the source was read; watermarks do not go beyond it. */
  sourceTime: string;
  /** For copies and files that are not published yet. */
  folder: string;
  log: Logger;
}

/** Which part of a table a run reads: rows from a time on, or all. */
export interface ReadWindow {
  /** `YYYY-MM-DD HH:MM:SS.fff` of the watched column; undefined: all rows are read. */
  from?: string;
  /** Months that are read as well, whatever the time of their rows. */
  months?: string[];
}

/** A table whose reading has begun. Leaving its scope waits for the copy that was begun. */
export interface TableReading extends AsyncDisposable {
  table: ExtractedTable;
  run: TableRun;
  /** Returns what was read in advance; reads anything else from the source. */
  source: TableSource;
  /** What is read first. */
  window: ReadWindow;
  /** Until what was begun has ended, well or not: whoever asks for its result gets the error. */
  ended: Promise<void>;
}

/** Where the first copy of a table goes. */
export const copyPath = ({ table, run }: Pick<TableReading, "table" | "run">): string =>
  join(run.folder, `${table.name}.csv`);

/** Chooses what to read of a table, and begins to copy it while another table is compared and written. */
export function beginReading(source: TableSource, table: ExtractedTable, run: TableRun): TableReading {
  // Where every copy is of all rows, comparing them all costs no more.
  const isFull = run.fullRefresh || source.controlTotals === undefined || isWatermarkAhead(table, run);
  const window = isFull ? {} : chooseWindow(table, run.known, run.now);
  // Where keys cannot be looked up, the raw layer has to say first how far back the window reaches.
  const ahead = window.from !== undefined && !source.supportsKeyLookup
    ? { source, ended: Promise.resolve() }
    : readAhead(source, table, {
      path: copyPath({ table, run }),
      selection: selectionOf(table, window),
      controlTotals: source.isConsistent || window.from !== undefined,
    });
  return { table, run, window, ...ahead, [Symbol.asyncDispose]: () => ahead.ended };
}

const DAY = 24 * 60 * 60 * 1000;

/** Whether the window would begin at a time that has not come: the source's clock was ahead when it was last read. */
function isWatermarkAhead({ strategy }: ExtractedTable, { known, sourceTime }: TableRun): boolean {
  if (strategy.kind !== "watermark" || known?.watermark === undefined) return false;
  return timeOf(known.watermark) - strategy.lookbackDays * DAY > timeOf(sourceTime);
}

/** Milliseconds of a time without a zone, which is UTC. */
const timeOf = (text: string) => Date.parse(`${text.replace(" ", "T")}Z`);

/**
 * Chooses what to read of a table: rows from the look-back before its watermark on, or all when it was never read, or
 * a full refresh is due.
 *
 * @param now What the clock says (ISO 8601).
 */
export function chooseWindow(
  { strategy }: ExtractedTable,
  known: Pick<RawTable, "watermark" | "refreshedAt" | "controlTotals"> | undefined,
  now: string,
): ReadWindow {
  if (strategy.kind === "snapshot") return {};
  if (known?.watermark === undefined || known.refreshedAt === undefined) return {};
  // The next ones are those before, moved on.
  if (known.controlTotals === undefined) return {};
  const age = Date.parse(now) - Date.parse(known.refreshedAt);
  // Refreshed in the future: by a clock that was ahead, so nobody knows how long ago.
  if (age < 0 || age >= strategy.fullRefreshDays * DAY) return {};
  const from = new Date(timeOf(known.watermark) - strategy.lookbackDays * DAY);
  return { from: from.toISOString().replace("T", " ").slice(0, -1) };
}

/** The rows of a window, as the selection that a source takes. */
export function selectionOf(
  { strategy, measures: { date } }: ExtractedTable,
  { from, months }: ReadWindow,
): RowSelection {
  return {
    ...(from !== undefined && strategy.kind === "watermark" && { since: { column: strategy.column, from } }),
    ...(months !== undefined && date !== undefined && { months: { column: date, months } }),
  };
}

/**
 * Starts copying a table in advance. The first request for the same rows and path gets this copy; any other request
 * reads the source.
 *
 * @param first.path Where the copy goes.
 * @param first.selection The rows to copy.
 * @param first.controlTotals Whether to read the control totals in advance, too, after the copy.
 */
export function readAhead(
  source: TableSource,
  table: ExtractedTable,
  first: { path: string; selection: RowSelection; controlTotals: boolean },
): Pick<TableReading, "source" | "ended"> {
  const copied = source.copy(table, first.path, first.selection);
  const totalled = first.controlTotals ? copied.then(() => source.controlTotals?.(table)) : undefined;
  const ended = Promise.allSettled([copied, totalled]).then(() => {});
  let isCopyTaken = false;
  let areTotalsTaken = totalled === undefined;
  const readTotals = source.controlTotals?.bind(source);
  return {
    ended,
    source: {
      ...source,
      ...(readTotals && {
        async controlTotals(asked: ExtractedTable) {
          const known = areTotalsTaken ? undefined : await totalled;
          areTotalsTaken = true;
          return known ?? await readTotals(asked);
        },
      }),
      copy(asked, path, selection) {
        if (isCopyTaken || path !== first.path || !isEqual(selection, first.selection)) {
          return source.copy(asked, path, selection);
        }
        isCopyTaken = true;
        return copied;
      },
    },
  };
}

const isEqual = (left: RowSelection, right: RowSelection) => JSON.stringify(left) === JSON.stringify(right);
