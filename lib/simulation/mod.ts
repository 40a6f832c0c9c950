/** A simulated shop whose data has causes, and the truth behind it. */
export { ROWS_PER_CHUNK } from "./tables/shop_tables.ts";
export { OVERSTOCK_DAYS } from "./world/stock.ts";
export { HISTORY_MONTHS } from "./world/calendar.ts";
export type { BusinessMetrics } from "./business_metrics.ts";
export {
  checkParameters,
  LIMITS,
  productsFor,
  type SimulatedShop,
  simulateShop,
  type SimulationParameters,
} from "./simulate_shop.ts";
