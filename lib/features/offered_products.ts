/**
 * SQL condition on `dim_products`: a product that can be recommended. Ids that the catalogue does not know have no
 * page to link to, and service charges (postage, fees) are not goods.
 */
export const IS_OFFERED = "NOT is_inferred AND category <> 'Service charge'";
