-- Every row of the source, cleaned; drop_rule says why a row does not reach dim_products.
with cleaned as (
    select
        {{ clean_text('product_id') }} as product_id,
        {{ clean_text('product_name') }} as product_name,
        {{ clean_text('category') }} as source_category,
        {{ clean_text('brand') }} as source_brand,
        price as source_price,
        cost as source_cost,
        margin_pct as source_margin_pct,
        {{ clean_text('stock_status') }} as stock_status
    from {{ source('raw', 'products') }}
),

repaired as (
    select
        product_id,
        product_name,
        coalesce(source_category, 'Unknown') as category,
        coalesce(source_brand, 'Unknown') as brand,
        case when source_price > 0 then source_price end as price,
        case when source_cost >= 0 then source_cost end as cost,
        case when source_price > 0 and source_cost >= 0 then source_margin_pct end as margin_pct,
        stock_status,
        source_category,
        source_brand,
        source_price,
        source_cost
    from cleaned
),

numbered as (
    select
        *,
        row_number() over (
            partition by product_id
            order by
                product_name, category, brand, price, cost, margin_pct, stock_status, source_price, source_cost
        ) as copy_number
    from repaired
)

select
    *,
    case
        when product_id is null then 'missing_product_id'
        when copy_number > 1 then 'duplicate_product_id'
    end as drop_rule
from numbered
