-- The states that extracts saw of a product, consecutive ones without a change of attributes as one version. A
-- deletion is a version too, so that facts that come after it find one.
with seen as (
    select
        *,
        coalesce(_deleted, false) as is_deleted
    from ({{ clean_products(source('raw', 'products')) }}) as cleaned
    where product_id is not null
),

{{ states_of_members('seen', 'product_id',
    ['product_name', 'category', 'brand', 'price', 'cost', 'margin_pct', 'stock_status'],
    ['product_name', 'category', 'brand', 'price', 'cost', 'margin_pct', 'stock_status', 'source_price',
        'source_cost', 'source_category', 'source_brand']) }},

signed as (
    select
        *,
        {{ signature(['product_name', 'category', 'brand', 'price', 'cost', 'margin_pct', 'is_deleted']) }}
            as attributes,
        row_number() over (partition by product_id order by _extracted_at) as age_rank,
        first_value(stock_status) over (partition by product_id order by _extracted_at desc) as latest_stock_status
    from states
),

compared as (
    select
        *,
        lag(attributes) over (partition by product_id order by _extracted_at) as former_attributes
    from signed
),

begun as (
    select
        *,
        case
            when age_rank = 1 then cast('{{ var("beginning") }}' as timestamp) else _extracted_at
        end as valid_from
    from compared
    where age_rank = 1 or attributes <> former_attributes
)

select
    {{ member_key('product_id', 'valid_from') }} as product_key,
    product_id,
    product_name,
    category,
    brand,
    price,
    cost,
    margin_pct,
    latest_stock_status as stock_status,
    is_deleted,
    valid_from,
    lead(valid_from) over (partition by product_id order by valid_from) as valid_to
from begun
