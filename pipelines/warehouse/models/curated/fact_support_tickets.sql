-- Facts point to the version of customer and product that held at their time.
select
    tickets.ticket_id,
    tickets.customer_id,
    tickets.created_at,
    cast(tickets.created_at as date) as created_date,
    tickets.resolved_at,
    tickets.issue_type,
    tickets.issue_category,
    tickets.priority,
    tickets.status,
    tickets.resolution_hours,
    tickets.satisfaction_score,
    tickets.agent_id,
    tickets.description,
    tickets.order_id,
    tickets.product_id,
    tickets.first_extracted_at as arrived_at,
    coalesce(customers.customer_key, {{ member_key('tickets.customer_id') }}) as customer_key,
    coalesce(products.product_key, {{ member_key('tickets.product_id') }}) as product_key
from {{ ref('stg_support_tickets') }} as tickets
left join {{ ref('customer_versions') }} as customers
    on tickets.customer_id = customers.customer_id
    and {{ valid_at('customers', 'tickets.created_at') }}
left join {{ ref('product_versions') }} as products
    on tickets.product_id = products.product_id
    and {{ valid_at('products', 'tickets.created_at') }}
where tickets.drop_rule is null
