/** What to order, from demand to the plan. */
export { inventoryModel } from "./definition.ts";
export { DEFAULT_INVENTORY_PARAMETERS, serviceLevelCurve } from "./plan.ts";
export { planShopInventory } from "./shop_inventory.ts";
