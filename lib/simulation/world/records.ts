import type { Random } from "shopflow/runtime/mod.ts";

/** A column of whole numbers (32 bits) that grows: millions of rows at four bytes each. */
export class GrowingColumn {
  length = 0;
  #values = new Int32Array(1024);

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new Int32Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length++] = value;
  }

  /** @throws {RangeError} when there is no such row. */
  at(row: number): number {
    const value = this.#values[row];
    if (value === undefined || row >= this.length) {
      throw new RangeError(`Row ${row} is out of range: ${this.length} rows`);
    }
    return value;
  }

  /** The rows so far, as a view that stays valid until the next push. */
  values(): Int32Array {
    return this.#values.subarray(0, this.length);
  }
}

/** One product of an order. Amounts are in cents, negative on returns. */
export interface OrderLine {
  product: number;
  quantity: number;
  /** Price times quantity, before the discount; on a return what is paid back. */
  amount: number;
  discount: number;
}

/** All orders and returns, as columns: lines of an order lie together. */
export class OrderBook {
  readonly customer = new GrowingColumn();
  readonly day = new GrowingColumn();
  readonly payment = new GrowingColumn();
  /** First line of each order. */
  readonly firstLine = new GrowingColumn();
  readonly product = new GrowingColumn();
  readonly quantity = new GrowingColumn();
  readonly amount = new GrowingColumn();
  readonly discount = new GrowingColumn();

  get orders(): number {
    return this.customer.length;
  }

  get lines(): number {
    return this.product.length;
  }

  /** Adds an order and returns its number. */
  place(customer: number, day: number, payment: number, lines: OrderLine[]): number {
    this.customer.push(customer);
    this.day.push(day);
    this.payment.push(payment);
    this.firstLine.push(this.lines);
    for (const { product, quantity, amount, discount } of lines) {
      this.product.push(product);
      this.quantity.push(quantity);
      this.amount.push(amount);
      this.discount.push(discount);
    }
    return this.orders - 1;
  }
}

/** The shop keeps what visitors did for this many days. */
export const EVENT_RETENTION_DAYS = 366;

/** What a visitor can do; the log has the place in this list. */
export const EVENT_TYPES = ["page_view", "add_to_cart", "remove_from_cart", "checkout", "purchase"] as const;
export type EventType = typeof EVENT_TYPES[number];
/** In place of a product where the page shows none. */
export const NO_PRODUCT = -1;

/** What visitors did, as columns in the order of visits. */
export class EventLog {
  /** By session. */
  readonly customer = new GrowingColumn();
  readonly device = new GrowingColumn();
  readonly browser = new GrowingColumn();
  /** By event. */
  readonly session = new GrowingColumn();
  readonly type = new GrowingColumn();
  /** Seconds since the start of the history. */
  readonly second = new GrowingColumn();
  readonly product = new GrowingColumn();

  get sessions(): number {
    return this.customer.length;
  }

  get events(): number {
    return this.session.length;
  }

  /** Starts a session, to which the events recorded next belong. */
  startSession(customer: number, device: number, browser: number): void {
    this.customer.push(customer);
    this.device.push(device);
    this.browser.push(browser);
  }

  record(type: EventType, second: number, product: number): void {
    this.session.push(this.sessions - 1);
    this.type.push(EVENT_TYPES.indexOf(type));
    this.second.push(second);
    this.product.push(product);
  }
}

/** Running sums of weights, to draw from with {@link drawFrom}. */
export function runningSums(weights: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(weights.length);
  let total = 0;
  for (let i = 0; i < weights.length; i++) sums[i] = total += weights[i]!;
  return sums;
}

/** Draws a position between `from` and `to` (exclusive) with the chances whose running sums are given. */
export function drawFrom(sums: Float64Array, random: Random, from = 0, to = sums.length): number {
  const below = from === 0 ? 0 : sums[from - 1]!;
  return firstAbove(sums, below + random() * (sums[to - 1]! - below), from, to);
}

/** The first position from `from` whose value is above `value`; the last one when none is. */
export function firstAbove(sorted: Float64Array, value: number, from = 0, to = sorted.length): number {
  let low = from;
  let high = to - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
