/** A simulated shop whose data has causes, and the truth behind it. */
export {
  type SimulatedShop,
  type SimulatedTable,
  simulateShop,
  type SimulationOptions,
} from "./simulate_shop.ts";
export { checkParameters, LIMITS, productsFor, type SimulationParameters } from "./simulation_parameters.ts";
export type { BusinessFigures } from "./figures.ts";
export type { TicketDocument } from "./ticket_documents.ts";
export { ROWS_PER_CHUNK } from "./csv.ts";
export { HISTORY_MONTHS } from "./calendar.ts";
export { EVENT_RETENTION_DAYS } from "./event_log.ts";
export { OVERSTOCK_DAYS, SNAPSHOT_DAYS } from "./stock.ts";
