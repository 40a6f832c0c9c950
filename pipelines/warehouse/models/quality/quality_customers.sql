with ordered_before_signup as (
    select customers.customer_id
    from {{ ref('dim_customers') }} as customers
    inner join {{ ref('fact_orders') }} as orders on customers.customer_id = orders.customer_id
    group by customers.customer_id, customers.signup_date
    having min(orders.order_date) < customers.signup_date
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
