import { InputError } from "shopflow/errors/mod.ts";

/**
 * An as-of date that may be written into SQL.
 *
 * @throws {InputError} when it is not a calendar date `YYYY-MM-DD`.
 */
export function checkAsOf(asOf: string): string {
  if (/^\d{4}-\d{2}-\d{2}$/.test(asOf)) {
    const date = new Date(`${asOf}T00:00:00Z`);
    if (!Number.isNaN(date.getTime()) && date.toISOString().startsWith(asOf)) return asOf;
  }
  throw new InputError("Not an as-of date", {
    expected: "a calendar date as YYYY-MM-DD",
    found: JSON.stringify(asOf),
  });
}

/** The ISO date `days` days after `date` (before, when negative). */
export function addDays(date: string, days: number): string {
  const moved = new Date(`${checkAsOf(date)}T00:00:00Z`);
  moved.setUTCDate(moved.getUTCDate() + days);
  return moved.toISOString().slice(0, 10);
}

/** Whole days from ISO date `from` to ISO date `to`. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(checkAsOf(to)) - Date.parse(checkAsOf(from))) / 86_400_000);
}
