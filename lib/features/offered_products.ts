/**
 * SQL condition on `dim_products`: the current version of a product that can be recommended. Ids that the catalogue does not know have no
 * page to link to, and service charges (postage, fees) are not goods.
 */
export const IS_OFFERED =
  "is_current AND NOT is_deleted AND NOT is_inferred AND category <> 'Service charge'";
