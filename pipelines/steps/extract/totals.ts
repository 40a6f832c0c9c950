import {
  controlTotalsSql,
  differingMonths,
  type ExtractedTable,
  type MonthlyTotals,
  monthlyTotals,
  type SourceTotals,
  type TableSource,
  totalRows,
  type TotalsRow,
  totalsText,
  updatedTotals,
} from "shopflow/sources/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";
import { columnNames, nameList, type ReadWindow, rowsWithKeys } from "./row_sql.ts";
import { SourceError } from "shopflow/errors/mod.ts";
import type { Logger } from "shopflow/runtime/mod.ts";
import { findChanges } from "./diff_rows.ts";

/**
 * Figures of all rows that the raw layer has with the changes that `findChanges` left in the session. They are moved
 * on from those before, so that history is not read for them; what was read whole is counted anew.
 *
 * @param before Figures before the run; needed when a window was read.
 * @param isFirst Whether the raw layer has nothing of the table yet.
 */
async function figuresAfter(
  session: Session,
  table: ExtractedTable,
  { before, window, isFirst }: { before: MonthlyTotals | undefined; window: ReadWindow; isFirst: boolean },
): Promise<MonthlyTotals> {
  const figuresOf = async (relation: string) =>
    monthlyTotals(await session.rows<TotalsRow>(controlTotalsSql(table, relation)));
  if (isFirst || window.from === undefined || before === undefined) return await figuresOf("incoming");
  const { mergeKey } = table;
  const columns = nameList(columnNames(table));
  const moved = updatedTotals(before, {
    added: await figuresOf("changed_rows"),
    removed: await figuresOf(
      `(SELECT ${columns} FROM ${rowsWithKeys(mergeKey, "known", "changed_units")}
        UNION ALL SELECT ${columns} FROM ${rowsWithKeys(mergeKey, "known", "vanished_units")}) AS removed`,
    ),
  });
  if (window.months === undefined) return moved;
  const counted = await figuresOf("incoming");
  return Object.fromEntries(
    [...new Set([...Object.keys(moved), ...Object.keys(counted)])].sort().flatMap((month) => {
      const figures = (window.months!.includes(month) ? counted : moved)[month];
      return figures === undefined ? [] : [[month, figures]];
    }),
  );
}

/** What a run found in a table; the changed rows are in the session, as {@linkcode findChanges} leaves them. */
interface FoundChanges {
  /** Figures of all rows that the raw layer has with these changes. */
  figures: MonthlyTotals;
  /** What was read in the end. */
  window: ReadWindow;
}

/**
 * Finds what changed in a window of a table, and beyond it where the source counts or sums other rows than the raw
 * layer has then: those months are read whole, or all rows where months cannot be asked for.
 *
 * @param before Figures of the raw layer's rows before this run, as far as they are known.
 * @throws {SourceError} when source and lake still differ, although both were read at one moment.
 */
export async function findAllChanges(
  session: Session,
  source: TableSource,
  table: ExtractedTable,
  { before, log, ...read }: {
    window: ReadWindow;
    paths: string[];
    copyPath: string;
    now: string;
    before: MonthlyTotals | undefined;
    log: Logger;
  },
): Promise<FoundChanges> {
  const find = async (window: ReadWindow) => {
    await findChanges(session, source, table, { ...read, window });
    const isFirst = read.paths.length === 0;
    return { figures: await figuresAfter(session, table, { before, window, isFirst }), window };
  };
  const found = await find(read.window);
  const isIntact = read.window.from === undefined;
  // Rows may have come or gone since all were read: a count says nothing then, and the next run sees them.
  if (isIntact && !source.isConsistent) return found;
  const counted = await source.controlTotals?.(table);
  const missed = differences(found.figures, counted);
  if (missed.length === 0) return found;
  if (isIntact) throw mismatch(table, found.figures, counted!, missed);
  const byMonth = source.isConsistent && counted?.months !== undefined;
  log.warn(
    `Rows of ${table.name} changed beyond its lag (${shortList(missed)}): ` +
      `${byMonth ? "these months are" : "the table is"} compared whole.`,
  );
  const again = await find(byMonth ? { from: read.window.from, months: missed } : {});
  const remaining = byMonth ? differences(again.figures, counted) : [];
  if (remaining.length > 0) throw mismatch(table, again.figures, counted!, remaining);
  return again;
}

/** Months that differ, or `all` where the source counts all rows in one. */
function differences(figures: MonthlyTotals, counted: SourceTotals | undefined): string[] {
  if (counted === undefined) return [];
  if (counted.months !== undefined) return differingMonths(figures, counted.months);
  return counted.rows === totalRows(figures) ? [] : ["all"];
}

function mismatch(
  { name }: ExtractedTable,
  figures: MonthlyTotals,
  { months = {} }: SourceTotals,
  differing: string[],
): SourceError {
  const [month] = differing as [string];
  return new SourceError(`Source and lake differ in table ${name}, months ${shortList(differing)}`, {
    expected: `in ${month} ${totalsText(months[month])}, as the source counts`,
    found: `${totalsText(figures[month])} among the rows that were read`,
    remedy:
      "Nothing was published. Run the extract with --force; if it fails again, rows get lost on the way.",
  });
}

const shortList = (months: string[]) =>
  months.length > 6 ? `${months.slice(0, 6).join(", ")} and ${months.length - 6} more` : months.join(", ");
