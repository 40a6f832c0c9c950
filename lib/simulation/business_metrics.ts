import { EVENT_TYPES } from "./world/records.ts";
import type { World } from "./history.ts";

/** The shop in the business's own measures, as shares from 0 to 1. */
export interface BusinessMetrics {
  /**
   * Of the customers active at the start of a calendar month (an order in the {@link LAPSE_DAYS} days before), who are no
   * longer active at its end: the mean of the whole months for which the history has those days. NaN without any.
   */
  monthlyLapsed: number;
  /** Of the sessions that put something into the cart, those without a purchase. */
  cartAbandonment: number;
  /** Of the inventory rows, those without stock. */
  stockouts: number;
  /** Of the inventory rows, those with more stock than the last 90 days sold. */
  overstock: number;
}

/** A customer lapses after so many days without an order. */
export const LAPSE_DAYS = 90;

/** Measures a shop whose history was played to its end. */
export function measureBusiness(world: World): BusinessMetrics {
  return {
    monthlyLapsed: monthlyLapsed(world),
    cartAbandonment: cartAbandonment(world),
    ...stockMetrics(world),
  };
}

function monthlyLapsed({ calendar, orders }: World): number {
  const starts: number[] = [];
  for (let day = LAPSE_DAYS; day <= calendar.days; day++) {
    if (calendar.dayOfMonth(day) === 1) starts.push(day);
  }
  const customersOf = starts.map((start) => buyersOf(orders, start - LAPSE_DAYS, start));
  const shares = customersOf.slice(1).map((atEnd, month) => {
    const atStart = customersOf[month]!;
    return atStart.difference(atEnd).size / atStart.size;
  });
  return shares.reduce((a, b) => a + b, 0) / shares.length;
}

/** Customers who ordered on a day from `from` on and before `to`. */
function buyersOf(orders: World["orders"], from: number, to: number): Set<number> {
  const buyers = new Set<number>();
  for (let order = 0; order < orders.orders; order++) {
    const day = orders.day.at(order);
    const isReturn = orders.quantity.at(orders.firstLine.at(order)) < 0;
    if (day >= from && day < to && !isReturn) buyers.add(orders.customer.at(order));
  }
  return buyers;
}

function cartAbandonment({ events }: World): number {
  const filled = new Uint8Array(events.sessions);
  const bought = new Uint8Array(events.sessions);
  for (const [event, type] of events.type.values().entries()) {
    if (EVENT_TYPES[type] === "add_to_cart") filled[events.session.at(event)] = 1;
    if (EVENT_TYPES[type] === "purchase") bought[events.session.at(event)] = 1;
  }
  const sum = (marks: Uint8Array) => marks.reduce((a, b) => a + b, 0);
  return 1 - sum(bought) / sum(filled);
}

function stockMetrics({ stock }: World): { stockouts: number; overstock: number } {
  let empty = 0;
  let tooFull = 0;
  for (const levels of stock.snapshots) {
    levels.forEach((level, row) => {
      if (level <= 0) empty++;
      else if (level > (stock.recentSales[row] ?? 0)) tooFull++;
    });
  }
  const rows = stock.rows * stock.snapshots.length;
  return { stockouts: empty / rows, overstock: tooFull / rows };
}
