{# Months of which the raw rows are not those that the live source counted and summed at the extract. Tables of
   which no extract says that are left out, and those of the dimensions, which extracts compare whole every time. dbt knows the raw layer alone, and finds nothing. #}
{% test as_the_source_counted(model) %}
select
    coalesce(figures.source_table, held.source_table) as source_table,
    coalesce(figures.month, held.month) as month,
    figures.rows as counted_rows, held.source_rows,
    figures.amount as counted_amount, held.source_amount,
    figures.quantity as counted_quantity, held.source_quantity
from (
    select * from {{ var('source_figures') }} as counted
    where counted.source_table in (select facts.source_table from {{ model }} as facts)
) as figures
full outer join (
    select * from {{ model }}
    where source_table in (select counted.source_table from {{ var('source_figures') }} as counted)
) as held
    on figures.source_table = held.source_table and figures.month = held.month
where
    coalesce(figures.rows, 0) <> coalesce(held.source_rows, 0)
    or coalesce(figures.amount, 0) <> coalesce(held.source_amount, 0)
    or coalesce(figures.quantity, 0) <> coalesce(held.source_quantity, 0)
{% endtest %}
