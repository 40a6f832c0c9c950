-- Every current inventory row of the source, cleaned; drop_rule says why one does not reach fact_inventory_snapshots.
with source_rows as (
    {{ current_rows(source('raw', 'inventory'), ['product_id', 'warehouse_id', 'date']) }}
),

cleaned as (
    select
        {{ clean_text('product_id') }} as product_id,
        {{ clean_text('warehouse_id') }} as warehouse_id,
        date as snapshot_date,
        stock_level as source_stock_level,
        reorder_level as source_reorder_level,
        last_updated,
        _extracted_at
    from source_rows
),

numbered as (
    select
        *,
        greatest(source_stock_level, 0) as stock_level,
        case when source_reorder_level >= 0 then source_reorder_level end as reorder_level,
        row_number() over (
            partition by product_id, warehouse_id, snapshot_date
            order by
                case when {{ dated_after_extraction('snapshot_date') }} then 1 else 0 end,
                case when source_stock_level is null then 1 else 0 end,
                {{ in_order(['last_updated desc', 'source_stock_level', 'source_reorder_level']) }}
        ) as copy_number
    from cleaned
)

select
    *,
    case
        when product_id is null then 'missing_product_id'
        when warehouse_id is null then 'missing_warehouse_id'
        when snapshot_date is null then 'missing_date'
        when not ({{ plausible_date('snapshot_date') }}) then 'implausible_date'
        when {{ dated_after_extraction('snapshot_date') }} then 'dated_after_extraction'
        when source_stock_level is null then 'missing_stock_level'
        when copy_number > 1 then 'older_inventory_row'
    end as drop_rule
from numbered
