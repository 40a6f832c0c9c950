/** A simulated shop whose data has causes, and the truth behind it. */
export {
  checkParameters,
  LIMITS,
  productsFor,
  type SimulatedShop,
  type SimulatedTable,
  simulateShop,
  type SimulationOptions,
  type SimulationParameters,
} from "./simulate_shop.ts";
export type { BusinessFigures } from "./figures.ts";
export type { TicketDocument } from "./tables/ticket_documents.ts";
export { ROWS_PER_CHUNK } from "./tables/csv.ts";
export { HISTORY_MONTHS } from "./world/calendar.ts";
export { EVENT_RETENTION_DAYS } from "./world/records.ts";
export { OVERSTOCK_DAYS, SNAPSHOT_DAYS } from "./world/stock.ts";
