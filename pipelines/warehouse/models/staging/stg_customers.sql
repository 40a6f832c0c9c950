-- Every current row of the source, cleaned; drop_rule says why a row does not reach dim_customers.
with source_rows as (
    {{ current_rows(source('raw', 'customers'), ['customer_id']) }}
),

cleaned as (
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
        total_spent
    from source_rows
),

numbered as (
    select
        *,
        row_number() over (
            partition by customer_id
            order by
                {{ in_order(['total_orders desc', 'total_spent desc', 'signup_date desc', 'email', 'first_name',
                    'last_name', 'city', 'country', 'customer_segment']) }}
        ) as copy_number
    from cleaned
)

select
    *,
    case
        when customer_id is null then 'missing_customer_id'
        when customer_id = '{{ var("unknown_member") }}' then 'reserved_customer_id'
        when copy_number > 1 then 'duplicate_customer_id'
    end as drop_rule
from numbered
