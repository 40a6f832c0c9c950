import type { ExtractedTable, RowSelection, TableSource } from "shopflow/sources/mod.ts";

/** A source of which the first reading of a table is under way. */
export interface ReadAhead extends TableSource, AsyncDisposable {
  /** Until that reading has ended, well or not: whoever asks for its result gets the error. */
  readonly ended: Promise<void>;
}

/** A source whose first reading cannot begin before it is asked for. */
export const notAhead = (source: TableSource): ReadAhead => ({
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
 * @param first.figures Whether the figures will be asked for too; they are read after the copy.
 */
export function readAhead(
  source: TableSource,
  table: ExtractedTable,
  first: { path: string; selection: RowSelection; figures: boolean },
): ReadAhead {
  const copied = source.copy(table, first.path, first.selection);
  const counted = first.figures ? copied.then(() => source.figures?.(table)) : undefined;
  const ended = Promise.allSettled([copied, counted]).then(() => {});
  let isCopyTaken = false;
  let isCountTaken = counted === undefined;
  return {
    ...source,
    ended,
    ...(source.figures && {
      async figures(asked: ExtractedTable) {
        const known = isCountTaken ? undefined : await counted;
        isCountTaken = true;
        return known ?? await source.figures!(asked);
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
