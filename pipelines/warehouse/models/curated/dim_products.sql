-- Every version of the source's products and an inferred member for each id that only facts know.
with referenced as (
    select distinct member_id as product_id from {{ ref('fact_members') }} where dimension = 'product'
),

known as (
    select distinct product_id from {{ ref('product_versions') }}
)

select
    product_key,
    product_id,
    product_name,
    category,
    brand,
    price,
    cost,
    margin_pct,
    stock_status,
    false as is_inferred,
    is_deleted,
    valid_from,
    valid_to,
    valid_to is null as is_current
from {{ ref('product_versions') }}

union all

select
    {{ member_key('referenced.product_id') }} as product_key,
    referenced.product_id,
    cast(null as {{ dbt.type_string() }}) as product_name,
    'Unknown' as category,
    'Unknown' as brand,
    cast(null as decimal(10, 2)) as price,
    cast(null as decimal(10, 2)) as cost,
    cast(null as decimal(5, 2)) as margin_pct,
    cast(null as {{ dbt.type_string() }}) as stock_status,
    true as is_inferred,
    false as is_deleted,
    cast('{{ var("beginning") }}' as timestamp) as valid_from,
    cast(null as timestamp) as valid_to,
    true as is_current
from referenced
left join known on referenced.product_id = known.product_id
where known.product_id is null
