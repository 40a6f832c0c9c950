{{ dropped_rules('inventory', ref('stg_inventory'), 'snapshot_date', [
    ['missing_product_id', "Row without a product"],
    ['missing_warehouse_id', "Row without a warehouse"],
    ['missing_date', "Row without a date"],
    ['implausible_date', "Row dated outside the plausible range"],
    ['dated_after_extraction', "Row dated more than a day after it was extracted"],
    ['missing_stock_level', "Row without a stock level"],
    ['older_inventory_row', "Row that was updated later for the same product, warehouse and day"]
], quantity="sum(source_stock_level)") }}
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
