select
    ticket_id,
    customer_id,
    created_at,
    cast(created_at as date) as created_date,
    resolved_at,
    issue_type,
    issue_category,
    priority,
    status,
    resolution_hours,
    satisfaction_score,
    agent_id,
    description,
    order_id,
    product_id
from {{ ref('stg_support_tickets') }}
where drop_rule is null
