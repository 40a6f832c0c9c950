{{ quality_rule('products', 'missing_product_id', 'dropped', ref('stg_products'),
    "drop_rule = 'missing_product_id'", "Product without an id") }}
union all
{{ quality_rule('products', 'duplicate_product_id', 'dropped', ref('stg_products'),
    "drop_rule = 'duplicate_product_id'", "Further row with an id that another row has") }}
union all
{{ quality_rule('products', 'missing_category', 'repaired', ref('stg_products'),
    "drop_rule is null and source_category is null", "Category missing: set to Unknown") }}
union all
{{ quality_rule('products', 'missing_brand', 'repaired', ref('stg_products'),
    "drop_rule is null and source_brand is null", "Brand missing: set to Unknown") }}
union all
{{ quality_rule('products', 'price_not_positive', 'repaired', ref('stg_products'),
    "drop_rule is null and source_price <= 0",
    "Price zero or negative: price and margin set to missing", amount="sum(source_price)") }}
union all
{{ quality_rule('products', 'negative_cost', 'repaired', ref('stg_products'),
    "drop_rule is null and source_cost < 0",
    "Cost negative: cost and margin set to missing", amount="sum(source_cost)") }}
union all
{{ quality_rule('products', 'cost_above_price', 'kept', ref('stg_products'),
    "drop_rule is null and cost > price",
    "Product sold below cost; amount is the loss a unit", amount="sum(cost - price)") }}
union all
{{ quality_rule('products', 'margin_mismatch', 'kept', ref('stg_products'),
    "drop_rule is null and abs(margin_pct * price - (price - cost) * 100) > 0.1 * price",
    "Margin of the source differs from (price - cost) / price by more than 0.1 points") }}
union all
{{ quality_rule('products', 'inferred_product', 'inferred', ref('dim_products'),
    "is_inferred", "Product that only facts know: a member without attributes stands in") }}
union all
{{ quality_rule('products', 'deleted_product', 'kept', ref('dim_products'),
    "is_current and is_deleted", "Product that was deleted from the source: the last version says so") }}
