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
        _deleted as is_deleted,
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
    ['total_orders desc', 'total_spent desc', 'signup_date desc', 'email', 'first_name', 'last_name', 'city',
        'country', 'customer_segment']) }},

{{ versions_of('customer_id',
    ['email', 'first_name', 'last_name', 'city', 'country', 'signup_date', 'customer_segment', 'is_deleted'],
    ['total_orders', 'total_spent']) }}

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
    latest_total_orders as total_orders,
    latest_total_spent as total_spent,
    is_deleted,
    valid_from,
    lead(valid_from) over (partition by customer_id order by valid_from) as valid_to
from begun
