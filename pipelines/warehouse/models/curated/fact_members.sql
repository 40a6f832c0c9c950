-- Which customers, products, warehouses and days the facts of a month refer to: what dimensions are completed
-- from without reading every fact again.
{{ members_of('orders', ref('fact_orders'), 'order_date', 'customer', 'customer_id') }}
union all
{{ members_of('orders', ref('fact_orders'), 'order_date', 'product', 'product_id') }}
union all
{{ members_of('orders', ref('fact_orders'), 'order_date', 'date', 'order_date') }}
union all
{{ members_of('events', ref('fact_events'), 'event_date', 'customer', 'customer_id') }}
union all
{{ members_of('events', ref('fact_events'), 'event_date', 'product', 'product_id') }}
union all
{{ members_of('events', ref('fact_events'), 'event_date', 'date', 'event_date') }}
union all
{{ members_of('support_tickets', ref('fact_support_tickets'), 'created_date', 'customer', 'customer_id') }}
union all
{{ members_of('support_tickets', ref('fact_support_tickets'), 'created_date', 'product', 'product_id') }}
union all
{{ members_of('support_tickets', ref('fact_support_tickets'), 'created_date', 'date', 'created_date') }}
union all
{{ members_of('inventory', ref('fact_inventory_snapshots'), 'snapshot_date', 'product', 'product_id') }}
union all
{{ members_of('inventory', ref('fact_inventory_snapshots'), 'snapshot_date', 'warehouse', 'warehouse_id') }}
union all
{{ members_of('inventory', ref('fact_inventory_snapshots'), 'snapshot_date', 'date', 'snapshot_date') }}
