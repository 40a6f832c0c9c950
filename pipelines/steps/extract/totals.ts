import { SourceError } from "shopflow/errors/mod.ts";
import {
  type ControlTotals,
  controlTotalsSql,
  type ExtractedTable,
  type MonthlyTotals,
  monthlyTotals,
  NO_ROWS,
  type SourceTotals,
  totalRows,
  type TotalsRow,
} from "shopflow/sources/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";
import { findChanges } from "./diff_rows.ts";
import { columnNames, nameList, rowsWithKeys } from "./row_sql.ts";
import { isWhole, type ReadWindow } from "./read_window.ts";
import type { TableReading } from "./table_reading.ts";

/** What a run found in a table; the changed rows are in the session, as {@linkcode findChanges} leaves them. */
interface FoundChanges {
  /** Control totals of all rows that the raw layer has with these changes. */
  totals: MonthlyTotals;
  /** What was read in the end. */
  window: ReadWindow;
}

/**
 * Finds what changed in the window of a table, and beyond it where the control totals of the source are others than
 * those of the raw layer with these changes: those months are read in full, or all rows where months cannot be asked
 * for.
 *
 * @param paths Local paths of the table's raw files.
 * @throws {SourceError} when source and lake still differ, although both were read at one moment.
 */
export async function findAllChanges(
  session: Session,
  reading: TableReading,
  paths: string[],
): Promise<FoundChanges> {
  const { source, table, run, window } = reading;
  const find = async (window: ReadWindow): Promise<FoundChanges> => {
    await findChanges(session, reading, window, paths);
    return { totals: await totalsWithChanges(session, reading, window), window };
  };
  const found = await find(window);
  const isFull = isWhole(window);
  // Rows may have come or gone since all were read: control totals say nothing then, and the next run sees them.
  if (isFull && !source.isConsistent) return found;
  const expected = await source.controlTotals?.(table);
  if (expected === undefined) return found;
  const missed = differences(found.totals, expected);
  if (missed.length === 0) return found;
  if (isFull) throw mismatch(table, found.totals, expected, missed);
  const byMonth = source.isConsistent && expected.months !== undefined && table.measures.date !== undefined;
  // Of rows that were deleted since, nothing else tells.
  if (window.from === undefined) {
    run.log.info(`  ${table.name}: rows were deleted, so the table is read in full`);
  } else {
    run.log.warn(
      `Rows of ${table.name} changed before the look-back (${shortList(missed)}): ` +
        `${byMonth ? "these months are" : "the table is"} read in full.`,
    );
  }
  const again = await find(byMonth ? { ...window, months: missed } : {});
  const remaining = byMonth ? differences(again.totals, expected) : [];
  if (remaining.length > 0) throw mismatch(table, again.totals, expected, remaining);
  return again;
}

/**
 * Control totals of all rows that the raw layer has with the changes in the session. Those of the last extract are
 * moved on, so that history is not read for them; of what was read in full they are computed from its rows.
 */
async function totalsWithChanges(
  session: Session,
  { table, run: { known } }: TableReading,
  window: ReadWindow,
): Promise<MonthlyTotals> {
  const totalsOf = async (relation: string) =>
    monthlyTotals(await session.rows<TotalsRow>(controlTotalsSql(table, relation)));
  if (known?.controlTotals === undefined || isWhole(window)) return await totalsOf("source_rows");
  const { mergeKey } = table;
  const columns = nameList(columnNames(table));
  const moved = updatedTotals(known.controlTotals, {
    added: await totalsOf("changed_rows"),
    removed: await totalsOf(
      `(SELECT ${columns} FROM ${rowsWithKeys(mergeKey, "lake_rows", "changed_keys")}
        UNION ALL SELECT ${columns} FROM ${rowsWithKeys(mergeKey, "lake_rows", "deleted_keys")}) AS removed`,
    ),
  });
  const { months } = window;
  if (months === undefined) return moved;
  const read = await totalsOf("source_rows");
  return Object.fromEntries(
    monthsOf(moved, read).flatMap((month) => {
      const totals = (months.includes(month) ? read : moved)[month];
      return totals === undefined ? [] : [[month, totals]];
    }),
  );
}

/** Control totals after some rows were added to a table and others taken away; months without rows are left out. */
export function updatedTotals(
  before: MonthlyTotals,
  { added, removed }: { added: MonthlyTotals; removed: MonthlyTotals },
): MonthlyTotals {
  const updated = monthsOf(before, added, removed).map((month): [string, ControlTotals] => {
    const [was, more, less] = [before[month] ?? NO_ROWS, added[month] ?? NO_ROWS, removed[month] ?? NO_ROWS];
    return [month, {
      rows: was.rows + more.rows - less.rows,
      amount: decimalOf(centsOf(was.amount) + centsOf(more.amount) - centsOf(less.amount)),
      quantity: String(BigInt(was.quantity) + BigInt(more.quantity) - BigInt(less.quantity)),
    }];
  });
  return Object.fromEntries(updated.filter(([, { rows }]) => rows !== 0));
}

/** `-0.50` as -50. */
const centsOf = (decimal: string) => BigInt(decimal.replace(".", ""));

function decimalOf(cents: bigint): string {
  const digits = (cents < 0n ? -cents : cents).toString().padStart(3, "0");
  return `${cents < 0n ? "-" : ""}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

const monthsOf = (...totals: MonthlyTotals[]) => [...new Set(totals.flatMap(Object.keys))].sort();

/** Months that differ, or `all` where the source counts all rows in one. */
function differences(totals: MonthlyTotals, expected: SourceTotals): string[] {
  const { months } = expected;
  if (months === undefined) return expected.rows === totalRows(totals) ? [] : ["all"];
  return differingMonths(totals, months);
}

/** Months of which two sides say something else. */
export const differingMonths = (left: MonthlyTotals, right: MonthlyTotals): string[] =>
  monthsOf(left, right).filter((month) => totalsText(left[month]) !== totalsText(right[month]));

/** Control totals for messages. */
function totalsText({ rows, amount, quantity }: ControlTotals = NO_ROWS): string {
  return `${rows} rows, amount ${amount}, quantity ${quantity}`;
}

function mismatch(
  { name }: ExtractedTable,
  totals: MonthlyTotals,
  { months = {} }: SourceTotals,
  differing: string[],
): SourceError {
  const [month = ""] = differing;
  return new SourceError(`Source and lake differ in table ${name}, months ${shortList(differing)}`, {
    expected: `in ${month} ${totalsText(months[month])}, as the source counts`,
    found: `${totalsText(totals[month])} among the rows that were read`,
    remedy:
      "Nothing was published. Run the extract with --full-refresh; if it fails again, rows get lost on the way.",
  });
}

const shortList = (months: string[]) =>
  months.length > 6 ? `${months.slice(0, 6).join(", ")} and ${months.length - 6} more` : months.join(", ");
