-- The source's customers, the unknown member, and an inferred member for each id that only facts know.
with referenced as (
    select customer_id from {{ ref('fact_orders') }}
    union
    select customer_id from {{ ref('fact_events') }}
    union
    select customer_id from {{ ref('fact_support_tickets') }}
    union
    select '{{ var("unknown_member") }}' as customer_id
),

known as (
    select * from {{ ref('stg_customers') }} where drop_rule is null
)

select
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
    false as is_inferred
from known

union all

select
    referenced.customer_id,
    cast(null as varchar) as email,
    cast(null as varchar) as first_name,
    cast(null as varchar) as last_name,
    cast(null as varchar) as city,
    cast(null as varchar) as country,
    cast(null as date) as signup_date,
    cast(null as varchar) as customer_segment,
    cast(null as integer) as total_orders,
    cast(null as decimal(10, 2)) as total_spent,
    true as is_inferred
from referenced
left join known on referenced.customer_id = known.customer_id
where known.customer_id is null
