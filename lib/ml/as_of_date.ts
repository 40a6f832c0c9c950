import { InputError, ModelError } from "shopflow/errors/mod.ts";
import type { Session } from "shopflow/warehouse/mod.ts";

declare const isCalendarDate: unique symbol;

/**
 * A calendar date `YYYY-MM-DD` that was checked, so that it may be written into SQL. What needs one cannot be called
 * with any other text: {@linkcode checkAsOf} makes it from text, {@linkcode addDays} from another date.
 */
export type AsOfDate = string & { readonly [isCalendarDate]: true };

/**
 * An as-of date from text.
 *
 * @throws {InputError} when it is not a calendar date `YYYY-MM-DD`.
 */
export function checkAsOf(asOf: string): AsOfDate {
  return plainDate(asOf).toString() as AsOfDate;
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
export function addDays(date: string, days: number): AsOfDate {
  return plainDate(date).add({ days }).toString() as AsOfDate;
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
export async function dayAfterLastSale(session: Pick<Session, "rows">): Promise<AsOfDate> {
  return addDays((await salesPeriod(session)).last, 1);
}
