-- Every version of the source's customers, the unknown member, and an inferred member for each id that only facts
-- know.
with referenced as (
    select distinct member_id as customer_id from {{ ref('fact_members') }} where dimension = 'customer'
    union
    select '{{ var("unknown_member") }}' as customer_id
),

known as (
    select distinct customer_id from {{ ref('customer_versions') }}
)

select
    customer_key,
    customer_id,
    email,
    first_name,
    last_name,
    city,
    country,
    signup_date,
    customer_segment,
    total_orders,
    total_spent,
    false as is_inferred,
    is_deleted,
    valid_from,
    valid_to,
    valid_to is null as is_current
from {{ ref('customer_versions') }}

union all

select
    {{ member_key('referenced.customer_id') }} as customer_key,
    referenced.customer_id,
    cast(null as {{ dbt.type_string() }}) as email,
    cast(null as {{ dbt.type_string() }}) as first_name,
    cast(null as {{ dbt.type_string() }}) as last_name,
    cast(null as {{ dbt.type_string() }}) as city,
    cast(null as {{ dbt.type_string() }}) as country,
    cast(null as date) as signup_date,
    cast(null as {{ dbt.type_string() }}) as customer_segment,
    cast(null as integer) as total_orders,
    cast(null as decimal(10, 2)) as total_spent,
    true as is_inferred,
    false as is_deleted,
    cast('{{ var("beginning") }}' as timestamp) as valid_from,
    cast(null as timestamp) as valid_to,
    true as is_current
from referenced
left join known on referenced.customer_id = known.customer_id
where known.customer_id is null
