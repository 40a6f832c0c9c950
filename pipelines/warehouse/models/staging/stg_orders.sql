-- One row per order and product: the kept lines of stg_order_lines summed, a sale and its return netted.
with summed as (
    select
        order_id,
        product_id,
        max(source_customer_id) as source_customer_id,
        min(order_date) as order_date,
        max(order_date) as last_order_date,
        sum(quantity) as summed_quantity,
        sum(order_amount) as order_amount,
        sum(discount_amount) as discount_amount,
        max(payment_method) as payment_method,
        min(first_extracted_at) as first_extracted_at,
        count(*) as lines,
        coalesce(sum(case when order_amount < 0 then order_amount end), 0) as returned_amount,
        min(order_amount) < 0 and max(order_amount) > 0 as nets_sale_and_return
    from {{ ref('stg_order_lines') }}
    where drop_rule is null
    group by order_id, product_id
)

select
    order_id,
    product_id,
    coalesce(source_customer_id, '{{ var("unknown_member") }}') as customer_id,
    order_date,
    -- The money decides: a credit without goods is a return too.
    case
        when order_amount < 0 or (order_amount = 0 and summed_quantity < 0) then 'return' else 'sale'
    end as line_type,
    -- Goods that move against the money (bad debt, price corrections) are not goods.
    case
        when order_amount < 0 and summed_quantity > 0 then 0
        when order_amount > 0 and summed_quantity < 0 then 0
        else summed_quantity
    end as quantity,
    order_amount,
    discount_amount,
    payment_method,
    first_extracted_at,
    last_order_date,
    summed_quantity,
    source_customer_id,
    lines,
    returned_amount,
    nets_sale_and_return,
    case when summed_quantity = 0 and order_amount = 0 then 'nets_to_zero' end as drop_rule
from summed
