import { InputError, ModelError } from "shopflow/errors/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";

/**
 * An as-of date that may be written into SQL.
 *
 * @throws {InputError} when it is not a calendar date `YYYY-MM-DD`.
 */
export function checkAsOf(asOf: string): string {
  return plainDate(asOf).toString();
}

function plainDate(text: string): Temporal.PlainDate {
  try {
    if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return Temporal.PlainDate.from(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  throw new InputError("Invalid as-of date", {
    expected: "a calendar date as YYYY-MM-DD",
    found: JSON.stringify(text),
  });
}

/** The ISO date `days` days after `date` (before, when negative). */
export function addDays(date: string, days: number): string {
  return plainDate(date).add({ days }).toString();
}

/** Whole days from ISO date `from` to ISO date `to`. */
export function daysBetween(from: string, to: string): number {
  return plainDate(from).until(plainDate(to)).days;
}

/** First and last day with a sale; throws a ModelError when there is none. */
export async function salesPeriod(session: Pick<Session, "rows">): Promise<{ first: string; last: string }> {
  const [period] = await session.rows<{ first: string | null; last: string | null }>(
    "SELECT min(order_date) AS first, max(order_date) AS last FROM fact_orders " +
      "WHERE line_type = 'sale' AND customer_id <> 'UNKNOWN'",
  );
  if (period?.first && period.last) return { first: period.first, last: period.last };
  throw new ModelError("There are no orders to learn from", {
    expected: "sales of known customers in fact_orders",
    found: "none",
    remedy: "Load a shop: `deno task simulate` or `deno task import`.",
  });
}

/** The as-of date of scores that know every sale. */
export async function dayAfterLastSale(session: Pick<Session, "rows">): Promise<string> {
  return addDays((await salesPeriod(session)).last, 1);
}
