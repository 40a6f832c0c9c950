-- Source against lake, by month: rows, money and quantity of the current source rows, of the facts, and what named
-- rules of quality_by_month explain of the difference.
with measured as (
    {{ measured_source('orders', source('raw', 'orders'), ['order_id'], 'order_date', 'order_amount', 'quantity') }}
    union all
    {{ measured_source('events', source('raw', 'events'), ['event_id'], 'event_timestamp') }}
    union all
    {{ measured_source('support_tickets', source('raw', 'support_tickets'), ['ticket_id'], 'created_date') }}
    union all
    {{ measured_source('inventory', source('raw', 'inventory'), ['product_id', 'warehouse_id', 'date'], 'date',
        quantity='stock_level') }}
    union all
    {{ measured_lake('orders', ref('fact_orders'), 'order_date', 'order_amount', 'quantity') }}
    union all
    {{ measured_lake('events', ref('fact_events'), 'event_date') }}
    union all
    {{ measured_lake('support_tickets', ref('fact_support_tickets'), 'created_date') }}
    union all
    {{ measured_lake('inventory', ref('fact_inventory_snapshots'), 'snapshot_date', quantity='stock_level') }}
    union all
    select
        source_table, month, 0, 0, 0, 0, 0, 0, sum(explained_rows), sum(explained_amount), sum(explained_quantity)
    from {{ ref('quality_by_month') }}
    group by source_table, month
)

select
    source_table,
    month,
    cast(sum(source_rows) as bigint) as source_rows,
    cast(sum(source_amount) as decimal(18, 2)) as source_amount,
    cast(sum(source_quantity) as bigint) as source_quantity,
    cast(sum(lake_rows) as bigint) as lake_rows,
    cast(sum(lake_amount) as decimal(18, 2)) as lake_amount,
    cast(sum(lake_quantity) as bigint) as lake_quantity,
    cast(sum(explained_rows) as bigint) as explained_rows,
    cast(sum(explained_amount) as decimal(18, 2)) as explained_amount,
    cast(sum(explained_quantity) as bigint) as explained_quantity
from measured
group by source_table, month
