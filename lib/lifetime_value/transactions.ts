import { InputError } from "shopflow/errors/mod.ts";
import { formatCount } from "shopflow/runtime/mod.ts";
import type { PurchaseHistories, SpendingHistories } from "./estimation/mod.ts";

/** A sale: an order, or a line of one. */
export interface Transaction {
  customer: string | number;
  /** `2024-03-01`, `2024-03-01T10:00:00Z`, or a Date; without a time zone in UTC. */
  date: string | Date;
  /** In one currency, not below 0; given for all rows or for none. */
  amount?: number | null;
  /** Lines of the same order are one purchase. */
  order?: string | number | null;
}

/** The unit in which rates, recency, T and horizons are counted. */
export type TimeUnit = "day" | "week" | "month" | "year";
/** What counts as one purchase: each order (or row without an order), or all of a customer within a period. */
export type PurchaseGrain = "order" | "hour" | "day" | "week" | "month";

/** Days in a unit; a month is a twelfth of a year of 365.25 days. */
export const DAYS_IN: Record<TimeUnit, number> = { day: 1, week: 7, month: 30.4375, year: 365.25 };
const GRAINS: readonly PurchaseGrain[] = ["order", "hour", "day", "week", "month"];
const DAY_MS = 86_400_000;

/** Purchases of each customer by time. */
export interface Purchases {
  customers: string[];
  /** Of each customer the times in days since 1970, ascending; with the grain of a period its beginning. */
  times: number[][];
  /** Of each customer the amount of each purchase; undefined where rows have none. */
  amounts: number[][] | undefined;
  grain: PurchaseGrain;
  /** The day of the last transaction, `YYYY-MM-DD`. */
  lastDay: string;
  /** Orders (rows without an order) that the grain counts together with another one. */
  merged: number;
  /** What a reader must know of how purchases were counted. */
  warnings: string[];
}

/**
 * Collects transactions into purchases.
 *
 * @throws {InputError} when a row has no customer, no date, a date that does not exist, or an amount that is negative or no
 *   number; the message counts the wrong rows and shows the first.
 */
export function collectPurchases(
  rows: Iterable<Transaction>,
  { grain = "day" }: { grain?: PurchaseGrain } = {},
): Purchases {
  if (!GRAINS.includes(grain)) {
    throw new InputError("Invalid purchase grain", { expected: GRAINS.join(", "), found: String(grain) });
  }
  const orders = new Map<string, Map<string, { time: number; amount: number }>>();
  const problems = new Problems();
  let count = 0, withAmount = 0;
  for (const row of rows) {
    const place = ++count;
    const customer = row.customer === null || row.customer === undefined ? "" : String(row.customer);
    const time = timeOf(row.date), amount = row.amount ?? undefined;
    if (customer === "") problems.add("a customer", "an id of at least one character", row, place);
    if (time === undefined) problems.add("a date", "YYYY-MM-DD, an ISO 8601 time, or a Date", row, place);
    if (amount !== undefined) withAmount++;
    const isWrong = amount !== undefined && !(typeof amount === "number" && amount >= 0 && amount < Infinity);
    if (isWrong) {
      problems.add("an amount", "a finite number of at least 0; net returns or leave them out", row, place);
    }
    if (customer === "" || time === undefined || isWrong) continue;
    const key = row.order === null || row.order === undefined ? `row ${place}` : `order ${row.order}`;
    const own = orders.get(customer) ?? new Map();
    if (own.size === 0) orders.set(customer, own);
    const order = own.get(key);
    own.set(key, {
      time: Math.min(time, order?.time ?? Infinity),
      amount: (order?.amount ?? 0) + (amount ?? 0),
    });
  }
  problems.throwIfAny(count);
  if (count === 0) {
    throw new InputError("There are no transactions", {
      expected: "rows of { customer, date, amount }",
      found: "none",
    });
  }
  if (withAmount > 0 && withAmount < count) {
    throw new InputError("Some transactions have no amount", {
      expected: "an amount in all rows, or in none",
      found: `${formatCount(count - withAmount)} of ${formatCount(count)} rows without one`,
    });
  }
  const customers = [...orders.keys()];
  const [times, amounts]: [number[][], number[][]] = [[], []];
  let all = 0, kept = 0, last = -Infinity;
  for (const own of orders.values()) {
    const periods = new Map<number, number>();
    for (const { time, amount } of inOrder(own.values())) {
      const period = grain === "order" ? time : periodStart(time, grain);
      // Orders at the same moment stay apart: a map cannot have the same key twice, so their times are set apart by a hair.
      const at = grain === "order" ? nextFree(periods, period) : period;
      periods.set(at, (periods.get(at) ?? 0) + amount);
      last = Math.max(last, time);
    }
    all += own.size;
    kept += periods.size;
    times.push([...periods.keys()]);
    amounts.push([...periods.values()]);
  }
  const merged = all - kept;
  return {
    customers,
    times,
    amounts: withAmount > 0 ? amounts : undefined,
    grain,
    lastDay: isoDay(last),
    merged,
    warnings: merged === 0 ? [] : [
      `The purchase grain "${grain}" counts ${formatCount(merged)} of ${formatCount(all)} orders or rows ` +
      `(${(100 * merged / all).toFixed(1)} %) together with another one of the same customer and ${grain}.`,
    ],
  };
}

const inOrder = (orders: Iterable<{ time: number; amount: number }>) =>
  [...orders].sort((a, b) => a.time - b.time);

function nextFree(taken: ReadonlyMap<number, number>, time: number): number {
  // A millisecond, in days.
  while (taken.has(time)) time += 1 / DAY_MS;
  return time;
}

/** Wrong rows by what is wrong with them. */
class Problems {
  readonly #rows = new Map<string, { expected: string; count: number; first: string }>();

  add(what: string, expected: string, row: Transaction, place: number): void {
    const known = this.#rows.get(what);
    if (known !== undefined) known.count++;
    else this.#rows.set(what, { expected, count: 1, first: `row ${place}: ${shown(row)}` });
  }

  throwIfAny(count: number): void {
    for (const [what, { expected, count: wrong, first }] of this.#rows) {
      throw new InputError(
        `Invalid transactions: ${formatCount(wrong)} of ${formatCount(count)} rows without ${what}`,
        { expected, found: first },
      );
    }
  }
}

/** Databases give whole numbers as bigint, which JSON does not know. */
const shown = (row: Transaction) =>
  JSON.stringify(row, (_, value) => typeof value === "bigint" ? `${value}n` : value);

const ISO_DAY = /^\d{4}-\d{2}-\d{2}$/;
const ISO_TIME = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$/;

/** Days since 1970; undefined of what is no date. */
function timeOf(date: unknown): number | undefined {
  if (date instanceof Date) return Number.isFinite(date.getTime()) ? date.getTime() / DAY_MS : undefined;
  if (typeof date !== "string") return undefined;
  const day = date.slice(0, 10);
  const midnight = ISO_DAY.test(day) ? Date.parse(`${day}T00:00:00Z`) : NaN;
  // Date.parse takes 31 February for 3 March.
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== day) return undefined;
  if (date.length === 10) return midnight / DAY_MS;
  if (!ISO_TIME.test(date)) return undefined;
  const text = date.replace(" ", "T");
  const time = Date.parse(/(Z|[+-]\d{2}:?\d{2})$/.test(text) ? text : `${text}Z`);
  return Number.isNaN(time) ? undefined : time / DAY_MS;
}

/** The beginning of the period, in days since 1970; weeks begin on Monday. */
function periodStart(time: number, grain: Exclude<PurchaseGrain, "order">): number {
  switch (grain) {
    case "hour":
      return Math.floor(time * 24 + 1e-9) / 24;
    case "day":
      return Math.floor(time);
    case "week":
      return Math.floor((Math.floor(time) + 3) / 7) * 7 - 3;
    case "month": {
      const date = new Date(Math.floor(time) * DAY_MS);
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1) / DAY_MS;
    }
  }
}

/** Histories with the customers that they are of. */
export interface CustomerHistories extends PurchaseHistories {
  customers: string[];
  frequency: Float64Array;
  recency: Float64Array;
  T: Float64Array;
  /** Amounts of the purchases; undefined where rows have none. */
  spending: SpendingHistories | undefined;
  unit: TimeUnit;
  /** The last day that was observed, `YYYY-MM-DD`. */
  observedUntil: string;
}

/** How histories are cut out of purchases. */
export interface HistoryOptions {
  /** The last day of the observation, itself observed; by default that of the last purchase. */
  observedUntil?: string;
  unit?: TimeUnit;
  /**
   * Whose amounts make a customer's mean: `repeat` purchases, as in the papers, or `all`, with the first, so that something
   * is known of customers who bought once.
   */
  amounts?: "repeat" | "all";
}

/**
 * Frequency, recency, T and mean amount of the repeat purchases of every customer who bought by the end of the
 * observation, as in the papers: the first purchase makes a customer and is not counted, nor its amount. Purchases
 * without an amount count for the frequency, not for the mean amount.
 *
 * @throws {InputError} when the end is no date, or nobody had bought by then.
 */
export function purchaseHistories(
  purchases: Purchases,
  { observedUntil, unit = "week", amounts: which = "repeat" }: HistoryOptions = {},
): CustomerHistories {
  const { customers, times, amounts, grain } = purchases;
  if (which !== "repeat" && which !== "all") {
    throw new InputError("Invalid choice of amounts", { expected: "repeat or all", found: String(which) });
  }
  if (!Object.hasOwn(DAYS_IN, unit)) {
    throw new InputError("Invalid time unit", {
      expected: Object.keys(DAYS_IN).join(", "),
      found: String(unit),
    });
  }
  const { end, day } = endOfObservation(observedUntil ?? purchases.lastDay, grain);
  const seen = customers.flatMap((_, i) => (times[i]?.[0] ?? Infinity) <= end ? [i] : []);
  if (seen.length === 0) {
    throw new InputError(`Nobody had bought by ${day}`, {
      expected: `a day from ${
        isoDay(times.reduce((first, [time = first]) => Math.min(first, time), Infinity))
      } on`,
      found: day,
    });
  }
  const size = seen.length, days = DAYS_IN[unit];
  const [frequency, recency, T] = [new Float64Array(size), new Float64Array(size), new Float64Array(size)];
  const [count, meanAmount] = [new Float64Array(size), new Float64Array(size)];
  for (const [place, i] of seen.entries()) {
    const own = times[i]!, first = own[0]!;
    let x = 0, paid = 0, total = 0;
    while (x + 1 < own.length && own[x + 1]! <= end) x++;
    for (const amount of amounts?.[i]?.slice(which === "all" ? 0 : 1, x + 1) ?? []) {
      if (amount === 0) continue;
      paid++;
      total += amount;
    }
    frequency[place] = x;
    recency[place] = (own[x]! - first) / days;
    T[place] = (end - first) / days;
    count[place] = paid;
    meanAmount[place] = paid > 0 ? total / paid : 0;
  }
  return {
    customers: seen.map((i) => customers[i]!),
    frequency,
    recency,
    T,
    spending: amounts && { count, meanAmount },
    unit,
    observedUntil: day,
  };
}

const isoDay = (time: number): string => new Date(Math.floor(time) * DAY_MS).toISOString().slice(0, 10);

/**
 * The end of the observation in days since 1970, and its last day. With purchases by week or month these are the beginning
 * and the last day of the last period that is complete by then.
 */
function endOfObservation(day: string, grain: PurchaseGrain): { end: number; day: string } {
  const midnight = ISO_DAY.test(day) ? timeOf(day) : undefined;
  if (midnight === undefined) {
    throw new InputError("Invalid end of the observation", {
      expected: "a calendar date as YYYY-MM-DD",
      found: JSON.stringify(day),
    });
  }
  if (grain === "order") return { end: midnight + 1 - 1 / DAY_MS, day };
  if (grain === "hour") return { end: midnight + 23 / 24, day };
  if (grain === "day") return { end: midnight, day };
  // The next day begins a period of its own, or is in the one that is not complete.
  const next = periodStart(midnight + 1, grain);
  return { end: periodStart(next - 1, grain), day: isoDay(next - 1) };
}

/** Purchases and amounts of customers after one day until another, itself counted, in the order of `customers`. */
export function purchasesAfter(
  { customers, times, amounts, grain }: Purchases,
  { after, until, of }: { after: string; until: string; of: readonly string[] },
): { purchases: Float64Array; amount: Float64Array } {
  const [from, to] = [endOfObservation(after, grain).end, endOfObservation(until, grain).end];
  const places = new Map(customers.map((customer, i) => [customer, i]));
  const [purchases, amount] = [new Float64Array(of.length), new Float64Array(of.length)];
  for (const [place, customer] of of.entries()) {
    const i = places.get(customer) ?? -1;
    for (const [j, time] of (times[i] ?? []).entries()) {
      if (time <= from || time > to) continue;
      purchases[place]!++;
      amount[place]! += amounts?.[i]?.[j] ?? 0;
    }
  }
  return { purchases, amount };
}
