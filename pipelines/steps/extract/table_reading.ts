import { join } from "node:path";
import type { QuarantineLimit } from "shopflow/config/mod.ts";
import type { RawTable } from "shopflow/lake/mod.ts";
import type { ObjectStore } from "shopflow/lake/store/mod.ts";
import type { Logger } from "shopflow/runtime/mod.ts";
import type { ExtractedTable, RowSelection, TableSource } from "shopflow/sources/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";
import {
  chooseWindow,
  completeWindow,
  isKnownContent,
  isWatermarkAhead,
  isWhole,
  type ReadWindow,
  selectionOf,
} from "./read_window.ts";

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
  /** Most rows that may be left out for wrong values. */
  quarantineLimit: QuarantineLimit;
  /** Time up to which the source was read; watermarks do not go beyond it. */
  sourceTime: string;
  /** For copies and files that are not published yet. */
  folder: string;
  log: Logger;
}

/** A table whose reading has begun. Leaving its scope waits for the copy that was begun. */
export interface TableReading extends AsyncDisposable {
  table: ExtractedTable;
  run: TableRun;
  /** Returns what was read in advance; reads anything else from the source. */
  source: TableSource;
  /** What is read first. */
  window: ReadWindow;
  /** Whether the source is known to be as it was, so that nothing of it is read. */
  isUnchanged: boolean;
  /** Until what was begun has ended, well or not: whoever asks for its result gets the error. */
  ended: Promise<void>;
}

/** Where the first copy of a table goes. */
export const copyPath = ({ table, run }: Pick<TableReading, "table" | "run">): string =>
  join(run.folder, `${table.name}.csv`);

/**
 * Chooses what to read of a table, and begins to copy it while another table is compared and written.
 *
 * @param session Nothing of it is used any more when the reading has begun.
 */
export async function beginReading(
  session: Session,
  store: Pick<ObjectStore, "localPath">,
  source: TableSource,
  table: ExtractedTable,
  run: TableRun,
): Promise<TableReading> {
  if (!run.fullRefresh && await isKnownContent(session, store, source, table, run)) {
    const ended = Promise.resolve();
    return { table, run, source, window: {}, isUnchanged: true, ended, [Symbol.asyncDispose]: () => ended };
  }
  // Where every copy is of all rows, comparing them all costs no more.
  const isFull = run.fullRefresh || source.controlTotals === undefined || isWatermarkAhead(table, run);
  const mark = source.writeMarks?.get(table.name);
  const chosen = isFull ? {} : chooseWindow(table, run.known, mark, run.now);
  const window = await completeWindow(session, store, source, table, { window: chosen, known: run.known });
  const ahead = readAhead(source, table, {
    path: copyPath({ table, run }),
    selection: selectionOf(source, table, window),
    controlTotals: source.isConsistent || !isWhole(window),
  });
  return { table, run, window, isUnchanged: false, ...ahead, [Symbol.asyncDispose]: () => ahead.ended };
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
