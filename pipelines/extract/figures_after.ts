import {
  type ExtractedTable,
  type FiguresRow,
  figuresSql,
  type MonthlyFigures,
  monthlyFigures,
  movedFigures,
} from "shopflow/sources/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";
import { columnNames, nameList, ofUnits } from "./row_sql.ts";
import type { Window } from "./window.ts";

/**
 * Figures of all rows that the raw layer has with the changes that `findChanges` left in the session. They are moved
 * on from those before, so that history is not read for them; what was read whole is counted anew.
 *
 * @param before Figures before the run; needed when a window was read.
 * @param isFirst Whether the raw layer has nothing of the table yet.
 */
export async function figuresAfter(
  session: Session,
  table: ExtractedTable,
  { before, window, isFirst }: { before: MonthlyFigures | undefined; window: Window; isFirst: boolean },
): Promise<MonthlyFigures> {
  const figuresOf = async (relation: string) =>
    monthlyFigures(await session.rows<FiguresRow>(figuresSql(table, relation)));
  if (isFirst || window.from === undefined || before === undefined) return await figuresOf("incoming");
  const { unit } = table;
  const columns = nameList(columnNames(table));
  const moved = movedFigures(before, {
    added: await figuresOf("changed_rows"),
    removed: await figuresOf(
      `(SELECT ${columns} FROM ${ofUnits(unit, "known", "changed_units")}
        UNION ALL SELECT ${columns} FROM ${ofUnits(unit, "known", "vanished_units")}) AS removed`,
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
