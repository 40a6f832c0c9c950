-- Members of the source that hold today = current rows of the raw table less those that data_quality says were
-- dropped.
with counted as (
    select 'customers' as source_table, count(*) as source_rows,
        (select count(*) from {{ ref('dim_customers') }}
            where is_current and not is_inferred and not is_deleted) as members
    from {{ ref('stg_customers') }}
    union all
    select 'products', count(*),
        (select count(*) from {{ ref('dim_products') }} where is_current and not is_inferred and not is_deleted)
    from {{ ref('stg_products') }}
),

dropped as (
    select source_table, sum(rows) as dropped_rows
    from {{ ref('data_quality') }}
    where action = 'dropped'
    group by source_table
)

select counted.source_table, source_rows, members, dropped_rows
from counted
left join dropped on counted.source_table = dropped.source_table
where source_rows <> members + coalesce(dropped_rows, 0)
