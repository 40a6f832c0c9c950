-- Rows of each raw table = rows of its curated table + rows that data_quality says were dropped or summed.
with counted as (
    select 'customers' as source_table, count(*) as raw_rows,
        (select count(*) from {{ ref('dim_customers') }} where not is_inferred) as curated_rows
    from {{ source('raw', 'customers') }}
    union all
    select 'products', count(*), (select count(*) from {{ ref('dim_products') }} where not is_inferred)
    from {{ source('raw', 'products') }}
    union all
    select 'orders', count(*), (select count(*) from {{ ref('fact_orders') }})
    from {{ source('raw', 'orders') }}
    union all
    select 'events', count(*), (select count(*) from {{ ref('fact_events') }})
    from {{ source('raw', 'events') }}
    union all
    select 'inventory', count(*), (select count(*) from {{ ref('fact_inventory_snapshots') }})
    from {{ source('raw', 'inventory') }}
    union all
    select 'support_tickets', count(*), (select count(*) from {{ ref('fact_support_tickets') }})
    from {{ source('raw', 'support_tickets') }}
),

explained as (
    select source_table, sum("rows") as explained_rows
    from {{ ref('data_quality') }}
    where action = 'dropped' or rule = 'several_lines_summed'
    group by source_table
)

select counted.source_table, raw_rows, curated_rows, explained_rows
from counted
left join explained on counted.source_table = explained.source_table
where raw_rows <> curated_rows + coalesce(explained_rows, 0)
