{{ quality_rule('inventory', 'missing_product_id', 'dropped', ref('stg_inventory'),
    "drop_rule = 'missing_product_id'", "Row without a product") }}
union all
{{ quality_rule('inventory', 'missing_warehouse_id', 'dropped', ref('stg_inventory'),
    "drop_rule = 'missing_warehouse_id'", "Row without a warehouse") }}
union all
{{ quality_rule('inventory', 'missing_date', 'dropped', ref('stg_inventory'),
    "drop_rule = 'missing_date'", "Row without a date") }}
union all
{{ quality_rule('inventory', 'implausible_date', 'dropped', ref('stg_inventory'),
    "drop_rule = 'implausible_date'", "Row dated outside the plausible range") }}
union all
{{ quality_rule('inventory', 'missing_stock_level', 'dropped', ref('stg_inventory'),
    "drop_rule = 'missing_stock_level'", "Row without a stock level") }}
union all
{{ quality_rule('inventory', 'older_inventory_row', 'dropped', ref('stg_inventory'),
    "drop_rule = 'older_inventory_row'",
    "Row that was updated later for the same product, warehouse and day") }}
union all
{{ quality_rule('inventory', 'negative_stock', 'repaired', ref('stg_inventory'),
    "drop_rule is null and source_stock_level < 0", "Negative stock: set to 0") }}
union all
{{ quality_rule('inventory', 'negative_reorder_level', 'repaired', ref('stg_inventory'),
    "drop_rule is null and source_reorder_level < 0", "Negative reorder level: set to missing") }}
union all
{{ quality_rule('inventory', 'late_update', 'kept', ref('stg_inventory'),
    "drop_rule is null and cast(last_updated as date) > snapshot_date",
    "Row that was written after its day was over") }}
