-- What the rules of staging found and did: one row a rule, also when it found nothing.
select * from {{ ref('quality_customers') }}
union all
select * from {{ ref('quality_products') }}
union all
select * from {{ ref('quality_orders') }}
union all
select * from {{ ref('quality_events') }}
union all
select * from {{ ref('quality_support_tickets') }}
union all
select * from {{ ref('quality_inventory') }}
