select
    order_id,
    product_id,
    customer_id,
    order_date,
    line_type,
    cast(quantity as integer) as quantity,
    cast(order_amount as decimal(10, 2)) as order_amount,
    cast(discount_amount as decimal(10, 2)) as discount_amount,
    cast(order_amount - discount_amount as decimal(12, 2)) as net_amount,
    payment_method
from {{ ref('stg_orders') }}
where drop_rule is null
