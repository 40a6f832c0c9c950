import { DIRT } from "./dirt.ts";
import { eventsCsv } from "./events_table.ts";
import { type BusinessFigures, figuresOf } from "./figures.ts";
import { playHistory } from "./history.ts";
import { recordHistory } from "./recording.ts";
import { totalsOf } from "./segments.ts";
import { customersCsv, inventoryCsv, ordersCsv, productsCsv } from "./shop_tables.ts";
import { checkParameters, type SimulationParameters } from "./simulation_parameters.ts";
import { SNAPSHOT_DAYS } from "./stock.ts";
import { type TicketDocument, ticketDocuments } from "./ticket_documents.ts";
import { truthCsv } from "./truth_table.ts";
import { createWorld } from "./world.ts";

/** A table of the shop as CSV without a header, columns as in `SOURCE_TABLES`, NULL empty and unquoted. */
export interface SimulatedTable {
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
  figures: BusinessFigures;
}

export interface SimulationOptions {
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
    figures: figuresOf(world),
  };
}
