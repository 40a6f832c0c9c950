-- The money of the raw orders is that of fact_orders plus the amounts of the dropped rules; the rows are
-- those of fact_orders plus the dropped ones plus the lines that were summed into another.
with by_order as (
    select
        order_id,
        min(order_date) as order_date,
        sum(order_amount) as order_amount,
        count(*) as lines
    from {{ ref('fact_orders') }}
    group by order_id
),

with_day_seen as (
    select
        *,
        {{ latest_day_before('order_date', 'order_id') }} as day_seen
    from by_order
),

moved_lines as (
    select
        lines.order_date,
        orders.order_date as kept_date,
        lines.order_amount,
        lines.quantity
    from {{ ref('stg_orders') }} as orders
    inner join {{ ref('stg_order_lines') }} as lines
        on orders.order_id = lines.order_id and orders.product_id = lines.product_id
    where
        {{ month_of('orders.order_date') }} <> {{ month_of('orders.last_order_date') }}
        and {{ month_of('orders.order_date') }} <> {{ month_of('lines.order_date') }}
        and lines.drop_rule is null
)

{{ dropped_rules('orders', ref('stg_order_lines'), 'order_date', [
    ['missing_order_id', "Line without an order id"],
    ['missing_order_date', "Line without a date"],
    ['implausible_order_date', "Line dated outside the plausible range"],
    ['missing_amount', "Line without an amount"],
    ['exact_duplicate', "Line equal to another in every column"],
    ['zero_amount', "Line without money: a gift, a sample or a stock correction"],
    ['dated_after_extraction', "Line dated more than a day after it was extracted"]
], amount="sum(order_amount)", quantity="sum(quantity)") }}
union all
{{ monthly_rule('orders', 'missing_customer_id', 'kept', ref('stg_orders'),
    "drop_rule is null and source_customer_id is null",
    "No customer: points to the unknown member", amount="sum(order_amount)", month="order_date") }}
union all
{{ monthly_rule('orders', 'missing_product_id', 'kept', ref('stg_order_lines'),
    "drop_rule is null and source_product_id is null",
    "No product: points to an inferred product UNKNOWN", amount="sum(order_amount)",
    month="order_date") }}
union all
{{ monthly_rule('orders', 'missing_quantity', 'repaired', ref('stg_order_lines'),
    "drop_rule is null and source_quantity is null",
    "No quantity: counted as 0, the money is kept", amount="sum(order_amount)", month="order_date") }}
union all
{{ monthly_rule('orders', 'missing_discount', 'repaired', ref('stg_order_lines'),
    "drop_rule is null and source_discount_amount is null", "No discount: set to 0",
    month="order_date") }}
union all
{{ monthly_rule('orders', 'several_lines_summed', 'repaired', ref('stg_orders'),
    "lines > 1", "Line added to another of the same order and product; amount is that of the sums",
    amount="sum(order_amount)", rows="coalesce(sum(lines - 1), 0)", explained_rows="sum(lines - 1)",
    month="order_date") }}
union all
{{ monthly_rule('orders', 'sale_and_return_netted', 'repaired', ref('stg_orders'),
    "nets_sale_and_return",
    "Product sold and returned in one order: netted; amount is the returned money",
    amount="sum(returned_amount)", month="order_date") }}
union all
{{ monthly_rule('orders', 'nets_to_zero', 'dropped', ref('stg_orders'),
    "drop_rule = 'nets_to_zero'",
    "Product sold and wholly returned in one order", amount="sum(order_amount)",
    month="order_date", quantity="sum(summed_quantity)") }}
union all
{{ monthly_rule('orders', 'return', 'kept', ref('fact_orders'),
    "line_type = 'return'", "Returned or cancelled: negative amount", amount="sum(order_amount)",
    month="order_date") }}
union all
{{ monthly_rule('orders', 'cancelled_order', 'kept', ref('fact_orders'),
    "order_id like 'C%'",
    "Line of a cancellation (order id starts with C)", amount="sum(order_amount)", month="order_date") }}
union all
{{ monthly_rule('orders', 'money_without_goods', 'repaired', ref('stg_orders'),
    "drop_rule is null and quantity = 0 and summed_quantity <> 0",
    "Quantity and amount of opposite sign (bad debt, corrections): money kept, quantity set to 0",
    amount="sum(order_amount)", explained_quantity="sum(summed_quantity)", month="order_date") }}
union all
{{ monthly_rule('orders', 'discount_above_amount', 'kept', ref('fact_orders'),
    "discount_amount > order_amount and line_type = 'sale'",
    "Discount larger than the amount; amount is the excess", amount="sum(discount_amount - order_amount)",
    month="order_date") }}
union all
{{ monthly_rule('orders', 'negative_discount', 'kept', ref('fact_orders'),
    "discount_amount < 0 and line_type = 'sale'",
    "Sale with a negative discount; amount is the discount", amount="sum(discount_amount)",
    month="order_date") }}
union all
{{ monthly_rule('orders', 'late_order', 'kept', "with_day_seen",
    "day_seen > order_date",
    "Dated before a day that orders numbered before it had reached",
    amount="sum(order_amount)", rows="coalesce(sum(lines), 0)", month="order_date") }}
union all
{{ monthly_rule('orders', 'missing_payment_method', 'kept', ref('fact_orders'),
    "payment_method is null", "No way of payment", amount="sum(order_amount)", month="order_date") }}
union all
{{ monthly_rule('orders', 'line_of_later_month', 'kept', "moved_lines",
    "true", "Line counted in the month of an earlier line of the same order and product",
    amount="sum(order_amount)", explained_rows="count(*)", explained_amount="sum(order_amount)",
    explained_quantity="sum(quantity)", month="order_date") }}
union all
{{ monthly_rule('orders', 'line_of_later_month', 'kept', "moved_lines",
    "true", "Line counted in the month of an earlier line of the same order and product",
    rows="0", explained_rows="-count(*)", explained_amount="-sum(order_amount)",
    explained_quantity="-sum(quantity)", month="kept_date") }}
