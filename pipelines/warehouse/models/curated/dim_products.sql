-- The source's products and an inferred member for each id that only facts know.
with referenced as (
    select product_id from {{ ref('fact_orders') }}
    union
    select product_id from {{ ref('fact_events') }} where product_id is not null
    union
    select product_id from {{ ref('fact_support_tickets') }} where product_id is not null
    union
    select product_id from {{ ref('fact_inventory_snapshots') }}
),

known as (
    select * from {{ ref('stg_products') }} where drop_rule is null
)

select
    product_id,
    product_name,
    category,
    brand,
    price,
    cost,
    margin_pct,
    stock_status,
    false as is_inferred
from known

union all

select
    referenced.product_id,
    cast(null as varchar) as product_name,
    'Unknown' as category,
    'Unknown' as brand,
    cast(null as decimal(10, 2)) as price,
    cast(null as decimal(10, 2)) as cost,
    cast(null as decimal(5, 2)) as margin_pct,
    cast(null as varchar) as stock_status,
    true as is_inferred
from referenced
left join known on referenced.product_id = known.product_id
where known.product_id is null
