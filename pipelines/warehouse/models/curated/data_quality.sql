-- What the rules of staging found and did: one row per rule, also when it found nothing.
select * from {{ ref('quality_customers') }}
union all
select * from {{ ref('quality_products') }}
union all
select * from {{ ref('quality_ticket_orders') }}
union all
select
    source_table,
    rule,
    action,
    cast(sum(rows) as bigint) as rows,
    cast(sum(amount) as decimal(18, 2)) as amount,
    description
from {{ ref('quality_by_month') }}
group by source_table, rule, action, description
