{{ monthly_rule('inventory', 'missing_product_id', 'dropped', ref('stg_inventory'),
    "drop_rule = 'missing_product_id'", "Row without a product",
    month="snapshot_date", quantity="sum(source_stock_level)") }}
union all
{{ monthly_rule('inventory', 'missing_warehouse_id', 'dropped', ref('stg_inventory'),
    "drop_rule = 'missing_warehouse_id'", "Row without a warehouse",
    month="snapshot_date", quantity="sum(source_stock_level)") }}
union all
{{ monthly_rule('inventory', 'missing_date', 'dropped', ref('stg_inventory'),
    "drop_rule = 'missing_date'", "Row without a date",
    month="snapshot_date", quantity="sum(source_stock_level)") }}
union all
{{ monthly_rule('inventory', 'implausible_date', 'dropped', ref('stg_inventory'),
    "drop_rule = 'implausible_date'", "Row dated outside the plausible range",
    month="snapshot_date", quantity="sum(source_stock_level)") }}
union all
{{ monthly_rule('inventory', 'dated_after_extraction', 'dropped', ref('stg_inventory'),
    "drop_rule = 'dated_after_extraction'", "Row dated more than a day after it was extracted",
    month="snapshot_date", quantity="sum(source_stock_level)") }}
union all
{{ monthly_rule('inventory', 'missing_stock_level', 'dropped', ref('stg_inventory'),
    "drop_rule = 'missing_stock_level'", "Row without a stock level",
    month="snapshot_date", quantity="sum(source_stock_level)") }}
union all
{{ monthly_rule('inventory', 'older_inventory_row', 'dropped', ref('stg_inventory'),
    "drop_rule = 'older_inventory_row'",
    "Row that was updated later for the same product, warehouse and day",
    month="snapshot_date", quantity="sum(source_stock_level)") }}
union all
{{ monthly_rule('inventory', 'negative_stock', 'repaired', ref('stg_inventory'),
    "drop_rule is null and source_stock_level < 0", "Negative stock: set to 0",
    explained_quantity="sum(source_stock_level)", month="snapshot_date") }}
union all
{{ monthly_rule('inventory', 'negative_reorder_level', 'repaired', ref('stg_inventory'),
    "drop_rule is null and source_reorder_level < 0", "Negative reorder level: set to missing",
    month="snapshot_date") }}
union all
{{ monthly_rule('inventory', 'late_update', 'kept', ref('stg_inventory'),
    "drop_rule is null and cast(last_updated as date) > snapshot_date",
    "Row that was written after its day was over", month="snapshot_date") }}
