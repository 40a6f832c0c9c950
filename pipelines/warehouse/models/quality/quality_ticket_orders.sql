-- Looks across months: the order of a ticket may come before or after it.
with with_unknown_order as (
    select tickets.ticket_id
    from {{ ref('fact_support_tickets') }} as tickets
    left join {{ ref('fact_orders') }} as orders on tickets.order_id = orders.order_id
    where tickets.order_id is not null and orders.order_id is null
)

{{ quality_rule('support_tickets', 'unknown_order_id', 'kept', "with_unknown_order",
    "true", "Ticket about an order that fact_orders does not have") }}
