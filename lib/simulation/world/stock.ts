import type { Random } from "shopflow/runtime/mod.ts";
// @ts-types="@types/d3-random"
import { randomGamma, randomLogNormal } from "d3-random";
import type { Calendar, Season } from "./calendar.ts";
import type { Catalogue } from "./catalogue.ts";
import { COUNTRIES, WAREHOUSES } from "./words.ts";

/** Days of inventory snapshots that the shop keeps. */
export const SNAPSHOT_DAYS = 31;
/** A row is overstocked when its stock would last longer than this at the pace of the last 90 days' sales. */
export const OVERSTOCK_DAYS = 90;
/** Pieces that the buyers expect to sell in a day per customer ever registered. */
const PIECES_PER_CUSTOMER_DAY = 0.0107;
/**
 * The reorder rule is poor in three ways: the buyers guess a product's demand once (log-normal error), expect
 * every supplier to deliver in two weeks although most take longer, and order for months at once. They do know the year:
 * an order is as large as the interest of the days that it is for.
 */
const GUESS = { bias: 0.57, spread: 0.9 };
const ASSUMED_LEAD_DAYS = 14;
const LEAD_DAYS = { mean: 16, shape: 6 };
const ORDER_FOR_DAYS = 50;
/** Weekday of the stock review: Monday. */
const REVIEW_WEEKDAY = 1;

/** Stock by row: product number times the number of warehouses plus the warehouse number. */
export interface Stock {
  rows: number;
  level: Int32Array;
  reorderLevel: Int32Array;
  /** Levels at the end of each of the last {@link SNAPSHOT_DAYS} days, oldest first. */
  snapshots: Int32Array[];
  /** Day of the last movement of a row before or on the day of each snapshot. */
  movements: Int32Array[];
  /** Pieces sold in the last {@link OVERSTOCK_DAYS} days of the history. */
  recentSales: Int32Array;
  rowOf(product: number, warehouse: number): number;
  /** Whether a row has a piece left. */
  isIn(row: number): boolean;
  /** Whether a row is due to be reordered. */
  isLow(row: number): boolean;
  /** Morning: deliveries come in; on review days the rule places orders. */
  open(day: number): void;
  /** Takes up to `quantity` pieces out and says how many there were. */
  sell(row: number, quantity: number, day: number): number;
  /** Night: the level is written down. */
  close(day: number): void;
}

/** Fills the warehouses for the catalogue and the number of customers, with a reorder rule for each row. */
export function createStock(
  { calendar, season, catalogue, customers }: {
    calendar: Calendar;
    season: Season;
    catalogue: Catalogue;
    customers: number;
  },
  random: Random,
): Stock {
  const rows = catalogue.size * WAREHOUSES.length;
  const level = new Int32Array(rows);
  const onOrder = new Int32Array(rows);
  const reorderLevel = new Int32Array(rows);
  const orderSize = new Int32Array(rows);
  const leadDays = new Int32Array(rows);
  const moved = new Int32Array(rows);
  const recentSales = new Int32Array(rows);
  const snapshots: Int32Array[] = [];
  const movements: Int32Array[] = [];
  const deliveries: { row: number; quantity: number }[][] = [];
  const guessError = randomLogNormal.source(random)(GUESS.bias, GUESS.spread);
  const lead = randomGamma.source(random)(LEAD_DAYS.shape, LEAD_DAYS.mean / LEAD_DAYS.shape);
  const shares = warehouseShares();

  const rowOf = (product: number, warehouse: number) => product * WAREHOUSES.length + warehouse;
  for (const [product, popularity] of catalogue.popularity.entries()) {
    for (const [warehouse, share] of shares.entries()) {
      const row = rowOf(product, warehouse);
      const guess = popularity * share * customers * PIECES_PER_CUSTOMER_DAY * guessError();
      const reorderAt = reorderLevel[row] = Math.round(guess * ASSUMED_LEAD_DAYS);
      const ordered = orderSize[row] = Math.max(1, Math.round(guess * ORDER_FOR_DAYS));
      leadDays[row] = Math.max(3, Math.round(lead()));
      level[row] = reorderAt + Math.round(ordered * random());
    }
  }

  return {
    rows,
    level,
    reorderLevel,
    snapshots,
    movements,
    recentSales,
    rowOf,
    isIn: (row) => level[row]! > 0,
    isLow: (row) => level[row]! <= reorderLevel[row]!,
    open(day) {
      for (const { row, quantity } of deliveries[day] ?? []) {
        level[row]! += quantity;
        onOrder[row]! -= quantity;
        moved[row] = day;
      }
      if (calendar.weekday(day) !== REVIEW_WEEKDAY) return;
      const expected = interestAhead(season, day);
      for (let row = 0; row < rows; row++) {
        if (level[row]! + onOrder[row]! > reorderLevel[row]!) continue;
        const quantity = Math.max(1, Math.round(orderSize[row]! * expected));
        onOrder[row]! += quantity;
        (deliveries[day + leadDays[row]!] ??= []).push({ row, quantity });
      }
    },
    sell(row, quantity, day) {
      const sold = Math.min(level[row]!, quantity);
      level[row]! -= sold;
      if (sold > 0) moved[row] = day;
      if (day >= calendar.days - OVERSTOCK_DAYS) recentSales[row]! += sold;
      return sold;
    },
    close(day) {
      if (day < calendar.days - SNAPSHOT_DAYS) return;
      snapshots.push(level.slice());
      movements.push(moved.slice());
    },
  };
}

/** Mean interest of the days that an order of a day is for; 1 for days of average interest. */
function interestAhead({ interest }: Season, day: number): number {
  const ahead = interest.subarray(day, day + ASSUMED_LEAD_DAYS + ORDER_FOR_DAYS);
  return ahead.reduce((sum, value) => sum + value, 0) / ahead.length;
}

function warehouseShares(): number[] {
  return WAREHOUSES.map((_, warehouse) =>
    COUNTRIES.filter(({ warehouses }) => warehouses.includes(warehouse))
      .reduce((sum, { share, warehouses }) => sum + share / warehouses.length, 0)
  );
}
