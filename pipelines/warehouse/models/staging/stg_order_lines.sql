-- Every current order line of the source, cleaned; drop_rule says why a line does not reach stg_orders.
with source_rows as (
    {{ current_rows(source('raw', 'orders'), ['order_id']) }}
),

cleaned as (
    select
        {{ clean_text('order_id') }} as order_id,
        {{ clean_text('customer_id') }} as source_customer_id,
        {{ clean_text('product_id') }} as source_product_id,
        order_date,
        order_amount,
        quantity as source_quantity,
        discount_amount as source_discount_amount,
        {{ clean_text('payment_method') }} as payment_method,
        _extracted_at,
        first_extracted_at
    from source_rows
),

numbered as (
    select
        *,
        coalesce(source_customer_id, '{{ var("unknown_member") }}') as customer_id,
        coalesce(source_product_id, '{{ var("unknown_member") }}') as product_id,
        coalesce(source_quantity, 0) as quantity,
        coalesce(source_discount_amount, 0) as discount_amount,
        row_number() over (
            partition by
                order_id, source_customer_id, source_product_id, order_date,
                order_amount, source_quantity, source_discount_amount, payment_method
            -- The line that was extracted last is the last one to be dated after its extract.
            order by _extracted_at desc
        ) as copy_number
    from cleaned
)

select
    *,
    case
        when order_id is null then 'missing_order_id'
        when order_date is null then 'missing_order_date'
        when not ({{ plausible_date('order_date') }}) then 'implausible_order_date'
        when {{ dated_after_extraction('order_date') }} then 'dated_after_extraction'
        when order_amount is null then 'missing_amount'
        when copy_number > 1 then 'exact_duplicate'
        when order_amount = 0 then 'zero_amount'
    end as drop_rule
from numbered
