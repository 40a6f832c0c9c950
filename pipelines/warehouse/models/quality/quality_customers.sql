with first_orders as (
    select member_id as customer_id, min(first_date) as first_order_date
    from {{ ref('fact_members') }}
    where source_table = 'orders' and dimension = 'customer'
    group by member_id
),

ordered_before_signup as (
    select customers.customer_id
    from {{ ref('dim_customers') }} as customers
    inner join first_orders on customers.customer_id = first_orders.customer_id
    where customers.is_current and first_orders.first_order_date < customers.signup_date
)

{{ quality_rule('customers', 'missing_customer_id', 'dropped', ref('stg_customers'),
    "drop_rule = 'missing_customer_id'", "Customer without an id") }}
union all
{{ quality_rule('customers', 'reserved_customer_id', 'dropped', ref('stg_customers'),
    "drop_rule = 'reserved_customer_id'", "Customer whose id is that of the unknown member") }}
union all
{{ quality_rule('customers', 'duplicate_customer_id', 'dropped', ref('stg_customers'),
    "drop_rule = 'duplicate_customer_id'", "Further row with an id that another row has") }}
union all
{{ quality_rule('customers', 'missing_email', 'kept', ref('stg_customers'),
    "drop_rule is null and email is null", "Customer without an e-mail address") }}
union all
{{ quality_rule('customers', 'missing_city', 'kept', ref('stg_customers'),
    "drop_rule is null and city is null", "Customer without a city") }}
union all
{{ quality_rule('customers', 'missing_country', 'kept', ref('stg_customers'),
    "drop_rule is null and country is null", "Customer without a country") }}
union all
{{ quality_rule('customers', 'signup_after_first_order', 'kept', "ordered_before_signup",
    "true", "Customer who ordered before the sign-up date") }}
union all
{{ quality_rule('customers', 'inferred_customer', 'inferred', ref('dim_customers'),
    "is_inferred and customer_id <> '" ~ var("unknown_member") ~ "'",
    "Customer whom only facts know: a member without attributes stands in") }}
union all
{{ quality_rule('customers', 'deleted_customer', 'kept', ref('dim_customers'),
    "is_current and is_deleted", "Customer who was deleted from the source: the last version says so") }}
