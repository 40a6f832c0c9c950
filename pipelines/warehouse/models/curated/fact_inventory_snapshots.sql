select
    product_id,
    warehouse_id,
    snapshot_date,
    stock_level,
    reorder_level,
    last_updated,
    stock_level <= 0 as is_stockout
from {{ ref('stg_inventory') }}
where drop_rule is null
