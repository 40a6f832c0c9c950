/** A simulated shop whose data has causes, and the truth behind it. */
export { ROWS_PER_CHUNK } from "./tables/csv.ts";
export { OVERSTOCK_DAYS } from "./world/stock.ts";
export { HISTORY_MONTHS } from "./world/calendar.ts";
export type { BusinessFigures } from "./figures.ts";
export {
  checkParameters,
  LIMITS,
  productsFor,
  type SimulatedShop,
  simulateShop,
  type SimulationParameters,
} from "./simulate_shop.ts";
