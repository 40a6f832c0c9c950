/** What to order, from demand to the plan. */
export {
  DEFAULT_INVENTORY_PARAMETERS,
  type InventoryParameters,
  type PlannedPosition,
  serviceLevelCurve,
  STOCK_CASE,
} from "./plan.ts";
export { DEMAND_WINDOW_DAYS, planShopInventory } from "./shop_inventory.ts";
