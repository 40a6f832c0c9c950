{# The products of a relation, cleaned; what the source says of repaired columns stays beside them. #}
{% macro clean_products(relation) -%}
select
    product_id,
    source_id,
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
    source_cost,
    _extracted_at,
    _run,
    _deleted
from (
    select
        {{ clean_text('product_id') }} as product_id,
        product_id as source_id,
        {{ clean_text('product_name') }} as product_name,
        {{ clean_text('category') }} as source_category,
        {{ clean_text('brand') }} as source_brand,
        price as source_price,
        cost as source_cost,
        margin_pct as source_margin_pct,
        {{ clean_text('stock_status') }} as stock_status,
        _extracted_at,
        _run,
        _deleted
    from {{ relation }}
) as trimmed
{%- endmacro %}
