{# Months of which the raw rows are not those that the live source counted and summed at the extract. Tables of
   which no extract says that are left out, and those of the dimensions, which extracts compare in full every time.
   dbt knows the raw layer alone, and finds nothing. #}
{% test matches_source_totals(model) %}
select
    coalesce(totals.source_table, lake.source_table) as source_table,
    coalesce(totals.month, lake.month) as month,
    totals.rows as counted_rows, lake.source_rows,
    totals.amount as counted_amount, lake.source_amount,
    totals.quantity as counted_quantity, lake.source_quantity
from (
    select * from {{ var('control_totals') }} as counted
    where counted.source_table in (select facts.source_table from {{ model }} as facts)
) as totals
full outer join (
    select * from {{ model }}
    where source_table in (select counted.source_table from {{ var('control_totals') }} as counted)
) as lake
    on totals.source_table = lake.source_table and totals.month = lake.month
where
    coalesce(totals.rows, 0) <> coalesce(lake.source_rows, 0)
    or coalesce(totals.amount, 0) <> coalesce(lake.source_amount, 0)
    or coalesce(totals.quantity, 0) <> coalesce(lake.source_quantity, 0)
{% endtest %}
