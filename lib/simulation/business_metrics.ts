import { EVENT_TYPES } from "./world/records.ts";
import type { World } from "./history.ts";

/** The shop in the business's own measures, as shares from 0 to 1. */
export interface BusinessMetrics {
  /** Of the customers alive at the start of a month, who dropped out within it; all months together. */
  monthlyChurn: number;
  /** Of the sessions that put something into the cart, those without a purchase. */
  cartAbandonment: number;
  /** Of the inventory rows, those without stock. */
  stockouts: number;
  /** Of the inventory rows, those with more stock than the last 90 days sold. */
  overstock: number;
}

/** Measures a shop whose history was played to its end. */
export function measureBusiness(world: World): BusinessMetrics {
  return {
    monthlyChurn: monthlyChurn(world),
    cartAbandonment: cartAbandonment(world),
    ...stockMetrics(world),
  };
}

function monthlyChurn({ dropOut: { truth } }: World): number {
  const atStart = truth.aliveAtStart.values();
  const atEnd = truth.aliveAtEnd.values();
  let alive = 0;
  let left = 0;
  for (let row = 0; row < atStart.length; row++) {
    if (!atStart[row]) continue;
    alive++;
    if (!atEnd[row]) left++;
  }
  return left / alive;
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
