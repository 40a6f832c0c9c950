-- The states that extracts saw of a customer, consecutive ones without a change of attributes as one version. A
-- deletion is a version too, so that facts that come after it find one.
with seen as (
    select
        {{ clean_text('customer_id') }} as customer_id,
        {{ clean_text('email') }} as email,
        {{ clean_name('first_name') }} as first_name,
        {{ clean_name('last_name') }} as last_name,
        {{ clean_name('city') }} as city,
        {{ clean_text('country') }} as country,
        signup_date,
        {{ clean_text('customer_segment') }} as customer_segment,
        total_orders,
        total_spent,
        coalesce(_deleted, false) as is_deleted,
        customer_id as source_id,
        _extracted_at,
        _run
    from {{ source('raw', 'customers') }}
    where
        {{ clean_text('customer_id') }} is not null
        and {{ clean_text('customer_id') }} <> '{{ var("unknown_member") }}'
),

{{ states_of_members('seen', 'customer_id',
    ['email', 'first_name', 'last_name', 'city', 'country', 'signup_date', 'customer_segment', 'total_orders',
        'total_spent'],
    ['signup_date', 'email', 'first_name', 'last_name', 'city', 'country', 'customer_segment', 'total_orders desc',
        'total_spent desc']) }},

signed as (
    select
        *,
        {{ signature(['email', 'first_name', 'last_name', 'city', 'country', 'signup_date', 'customer_segment',
            'is_deleted']) }} as attributes,
        row_number() over (partition by customer_id order by _extracted_at) as age_rank,
        first_value(total_orders) over (partition by customer_id order by _extracted_at desc) as latest_orders,
        first_value(total_spent) over (partition by customer_id order by _extracted_at desc) as latest_spent
    from states
),

compared as (
    select
        *,
        lag(attributes) over (partition by customer_id order by _extracted_at) as former_attributes
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
    {{ member_key('customer_id', 'valid_from') }} as customer_key,
    customer_id,
    email,
    first_name,
    last_name,
    city,
    country,
    signup_date,
    customer_segment,
    latest_orders as total_orders,
    latest_spent as total_spent,
    is_deleted,
    valid_from,
    lead(valid_from) over (partition by customer_id order by valid_from) as valid_to
from begun
