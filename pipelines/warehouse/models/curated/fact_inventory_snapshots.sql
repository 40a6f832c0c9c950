-- Facts point to the version of the product that held on their day.
select
    counts.product_id,
    counts.warehouse_id,
    counts.snapshot_date,
    counts.stock_level,
    counts.reorder_level,
    counts.last_updated,
    counts.stock_level <= 0 as is_stockout,
    coalesce(products.product_key, {{ member_key('counts.product_id') }}) as product_key
from {{ ref('stg_inventory') }} as counts
left join {{ ref('product_versions') }} as products
    on counts.product_id = products.product_id
    and {{ valid_at('products', 'counts.snapshot_date') }}
where counts.drop_rule is null
