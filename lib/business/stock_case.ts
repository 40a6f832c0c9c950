/** The business's case for better stock, as it states it: shares of products and warehouses. */
export const STOCK_CASE = { stockouts: 0.20, overstock: 0.30 };
