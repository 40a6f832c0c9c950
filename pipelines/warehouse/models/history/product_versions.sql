-- The states that extracts saw of a product, consecutive ones without a change of attributes as one version. A
-- deletion is a version too, so that facts that come after it find one.
with seen as (
    select
        *,
        _deleted as is_deleted
    from ({{ clean_products(source('raw', 'products')) }}) as cleaned
    where product_id is not null
),

{{ states_of_members('seen', 'product_id',
    ['product_name', 'category', 'brand', 'price', 'cost', 'margin_pct', 'stock_status'],
    ['product_name', 'category', 'brand', 'price', 'cost', 'margin_pct', 'stock_status', 'source_price',
        'source_cost', 'source_category', 'source_brand']) }},

{{ versions_of('product_id',
    ['product_name', 'category', 'brand', 'price', 'cost', 'margin_pct', 'is_deleted'], ['stock_status']) }}

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
