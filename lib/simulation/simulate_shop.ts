import { InputError } from "shopflow/errors/mod.ts";
import { createCalendar } from "./world/calendar.ts";
import { DIRT } from "./tables/dirt.ts";
import {
  customersCsv,
  eventsCsv,
  inventoryCsv,
  ordersCsv,
  productsCsv,
  totalsOf,
  truthCsv,
} from "./tables/shop_tables.ts";
import { type BusinessMetrics, measureBusiness } from "./business_metrics.ts";
import { playHistory } from "./history.ts";
import { recordHistory } from "./tables/recording.ts";
import { SNAPSHOT_DAYS } from "./world/stock.ts";
import { type TicketDocument, ticketDocuments } from "./tables/ticket_documents.ts";
import { createWorld } from "./history.ts";

/** What makes one simulated shop differ from another. */
export interface SimulationParameters {
  customers: number;
  products: number;
  seed: number;
  /** Last day of the history, YYYY-MM-DD. */
  until: string;
}

/** Bounds within which ids keep their width and every category has products. */
export const LIMITS = {
  customers: { least: 100, most: 990_000 },
  products: { least: 40, most: 99_000 },
  seed: { least: 0, most: 2 ** 31 - 1 },
};

const CUSTOMERS_PER_PRODUCT = 20;

/** As many products as give each of them sales enough to be learned from. */
export function productsFor(customers: number): number {
  return Math.max(LIMITS.products.least, Math.round(customers / CUSTOMERS_PER_PRODUCT));
}

/** @throws {InputError} when a parameter is out of range. */
export function checkParameters(parameters: SimulationParameters): void {
  for (const name of ["customers", "products", "seed"] as const) {
    const { least, most } = LIMITS[name];
    const value = parameters[name];
    if (Number.isInteger(value) && value >= least && value <= most) continue;
    throw new InputError(`${name} is out of range`, {
      expected: `a whole number from ${least} to ${most}`,
      found: String(value),
    });
  }
  createCalendar(parameters.until);
}

/** A table of the shop as CSV without a header, columns as in `SOURCE_TABLES`, NULL empty and unquoted. */
interface SimulatedTable {
  table: "customers" | "products" | "orders" | "events" | "inventory";
  rows: number;
  /** Can be iterated again and gives the same bytes again. */
  csv: Iterable<Uint8Array>;
}

export interface SimulatedShop {
  /** The PostgreSQL tables in the order they are loaded. */
  tables: SimulatedTable[];
  /** The MongoDB collection. */
  tickets: { rows: number; documents: Iterable<TicketDocument> };
  /** What nobody in the shop knows, as CSV with a header; never loaded into a source. */
  truth: Iterable<Uint8Array>;
  metrics: BusinessMetrics;
}

interface SimulationOptions {
  /** Called after each simulated day. */
  onDay?: (done: number, total: number) => void;
}

/**
 * Simulates a shop whose data has causes: customers with a rate of buying and of dropping out, pushed by empty
 * shelves and badly ended tickets; visits that fill carts, some of which are bought; taste by clusters of
 * products; season, trend; stock run by a poor reorder rule; and a little dirt. Equal parameters give equal
 * bytes. The history is held compactly (some 100 MB for 100,000 customers); rows become text as they are read.
 *
 * @throws {InputError} when a parameter is out of range.
 */
export function simulateShop(
  parameters: SimulationParameters,
  { onDay = () => {} }: SimulationOptions = {},
): SimulatedShop {
  checkParameters(parameters);
  const { customers, products, seed, until } = parameters;
  // Those who will have no row of their own come on top, so that the tables have the sizes asked for.
  const erased = Math.ceil(customers * DIRT.erasedCustomers);
  const withdrawn = Math.ceil(products * DIRT.withdrawnProducts);
  const world = createWorld({ customers: customers + erased, products: products + withdrawn, seed, until });
  playHistory(world, seed, (day) => onDay(day + 1, world.calendar.days));
  const recording = recordHistory(world, { seed, erased, withdrawn });
  const totals = totalsOf(world, recording);
  return {
    tables: [
      { table: "customers", rows: customers, csv: customersCsv(world, recording, totals, seed) },
      { table: "products", rows: products, csv: productsCsv(world, recording, seed) },
      { table: "orders", rows: recording.orderRows.length, csv: ordersCsv(world, recording, seed) },
      { table: "events", rows: recording.eventRows.length, csv: eventsCsv(world, recording, seed) },
      {
        table: "inventory",
        rows: products * (world.stock.rows / world.catalogue.size) * SNAPSHOT_DAYS,
        csv: inventoryCsv(world, recording),
      },
    ],
    tickets: {
      rows: recording.ticketRows.length,
      documents: ticketDocuments(world, recording, totals, seed),
    },
    truth: truthCsv(world),
    metrics: measureBusiness(world),
  };
}
