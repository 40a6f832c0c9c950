-- What the rules that can be counted month by month found and did; zeros of rules that hit nothing are in `undated`.
with counted as (
    select * from {{ ref('quality_orders') }}
    union all
    select * from {{ ref('quality_events') }}
    union all
    select * from {{ ref('quality_support_tickets') }}
    union all
    select * from {{ ref('quality_inventory') }}
)

select
    source_table,
    month,
    rule,
    action,
    cast(sum(rows) as bigint) as rows,
    cast(sum(amount) as decimal(18, 2)) as amount,
    cast(sum(explained_rows) as bigint) as explained_rows,
    cast(sum(explained_amount) as decimal(18, 2)) as explained_amount,
    cast(sum(explained_quantity) as bigint) as explained_quantity,
    description
from counted
group by source_table, month, rule, action, description
