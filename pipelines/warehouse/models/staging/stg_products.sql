-- Every current row of the source, cleaned; drop_rule says why a row does not reach dim_products.
with source_rows as (
    {{ current_rows(source('raw', 'products'), ['product_id']) }}
),

cleaned as (
    {{ clean_products('source_rows') }}
),

numbered as (
    select
        *,
        row_number() over (
            partition by product_id
            order by
                {{ in_order(['product_name', 'category', 'brand', 'price', 'cost', 'margin_pct', 'stock_status',
                    'source_price', 'source_cost', 'source_category', 'source_brand']) }}
        ) as copy_number
    from cleaned
)

select
    *,
    case
        when product_id is null then 'missing_product_id'
        when copy_number > 1 then 'duplicate_product_id'
    end as drop_rule
from numbered
