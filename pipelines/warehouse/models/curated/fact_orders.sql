-- Facts point to the version of customer and product that held at their time.
select
    orders.order_id,
    orders.product_id,
    orders.customer_id,
    orders.order_date,
    orders.line_type,
    cast(orders.quantity as bigint) as quantity,
    cast(orders.order_amount as decimal(18, 2)) as order_amount,
    cast(orders.discount_amount as decimal(18, 2)) as discount_amount,
    cast(orders.order_amount - orders.discount_amount as decimal(18, 2)) as net_amount,
    orders.payment_method,
    orders.first_extracted_at as arrived_at,
    coalesce(customers.customer_key, {{ member_key('orders.customer_id') }}) as customer_key,
    coalesce(products.product_key, {{ member_key('orders.product_id') }}) as product_key
from {{ ref('stg_orders') }} as orders
left join {{ ref('customer_versions') }} as customers
    on orders.customer_id = customers.customer_id
    and {{ valid_at('customers', 'orders.order_date') }}
left join {{ ref('product_versions') }} as products
    on orders.product_id = products.product_id
    and {{ valid_at('products', 'orders.order_date') }}
where orders.drop_rule is null
