import { InputError } from "shopflow/errors/mod.ts";
import { checkAsOf } from "shopflow/ml/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";
import { PERSONAS, type SegmentId } from "./personas.ts";
import { rfmSql } from "./rfm.ts";

/** Where a customer was who was none at the start of the month. */
export const NOT_YET = "not-yet";

/** How many customers went from one segment to another in a month. */
export interface Migration {
  /** First day of the month. */
  month: string;
  /** Segment at the start of the month. */
  from: SegmentId | typeof NOT_YET;
  /** Segment at its end. */
  to: SegmentId;
  customers: number;
}

/** First day of the month after that of a day. */
export function nextMonth(day: string): string {
  return Temporal.PlainDate.from(checkAsOf(day)).with({ day: 1 }).add({ months: 1 }).toString();
}

/** The last whole months before a day, their first days in the order of time. */
export function monthsBefore(asOf: string, months: number, data: { first: string }): string[] {
  const end = Temporal.PlainDate.from(checkAsOf(asOf)).with({ day: 1 });
  return Array.from({ length: months }, (_, i) => end.subtract({ months: months - i }).toString())
    .filter((month) => month >= checkAsOf(data.first));
}

/**
 * SQL of each customer's segments at the start and the end of a month: `customer_id`, `from_segment`, `to_segment`. They
 * are computed from the orders before either day, so months of any snapshot that has these orders agree.
 *
 * @param month First day of the month.
 * @throws {InputError} when it is not one.
 */
export function movesSql(month: string): string {
  if (!checkAsOf(month).endsWith("-01")) {
    throw new InputError("Invalid month", {
      expected: "the first day of a month, e.g. 2024-10-01",
      found: month,
    });
  }
  return `SELECT customer_id,
  coalesce(max(segment) FILTER (as_of = DATE '${month}'), '${NOT_YET}') AS from_segment,
  max(segment) FILTER (as_of = DATE '${nextMonth(month)}') AS to_segment
FROM (${rfmSql([month, nextMonth(month)])})
GROUP BY customer_id
HAVING to_segment IS NOT NULL`;
}

/**
 * SQL of the customers as of a day, the columns of {@linkcode RfmRow}, with `segment_before`: where they were at the
 * beginning of the last whole month before it.
 */
export function movesFrom(asOf: string): string {
  const before = Temporal.PlainDate.from(checkAsOf(asOf)).with({ day: 1 }).subtract({ months: 1 }).toString();
  return `WITH states AS (${rfmSql([before, asOf])})
SELECT now.*, coalesce(before.segment, '${NOT_YET}') AS segment_before
FROM states AS now LEFT JOIN states AS before ON before.customer_id = now.customer_id AND before.as_of = DATE '${before}'
WHERE now.as_of = DATE '${asOf}'
ORDER BY now.customer_id`;
}

/** The migrations of months, each with its first day; a pair of segments without customers has no row. */
export async function readMigrations(
  session: Pick<Session, "rows">,
  months: readonly string[],
): Promise<Migration[]> {
  if (months.length === 0) return [];
  const dates = [...new Set(months.flatMap((month) => [month, nextMonth(month)]))];
  return await session.rows<Migration>(
    `WITH states AS (${rfmSql(dates)})
SELECT CAST(after.as_of - INTERVAL 1 MONTH AS DATE) AS month, coalesce(before.segment, '${NOT_YET}') AS "from",
       after.segment AS "to", count(*) AS customers
FROM states AS after
LEFT JOIN states AS before
  ON before.customer_id = after.customer_id AND before.as_of = CAST(after.as_of - INTERVAL 1 MONTH AS DATE)
WHERE CAST(after.as_of - INTERVAL 1 MONTH AS DATE) IN (${
      months.map((month) => `DATE '${checkAsOf(month)}'`).join(", ")
    })
GROUP BY ALL
ORDER BY month, "from", "to"`,
  );
}

const rank = (segment: string) => PERSONAS.findIndex(({ id }) => id === segment);

/** Whether a customer moved down the list of segments, up, or stayed; who was none before, or had not ordered, came. */
export function directionOf({ from, to }: Pick<Migration, "from" | "to">): "up" | "down" | "stayed" | "came" {
  if (from === to) return "stayed";
  if (from === NOT_YET || from === "no-order") return "came";
  return rank(to) > rank(from) ? "down" : "up";
}
