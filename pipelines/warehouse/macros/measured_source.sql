{# Rows, money and quantity a month of the current rows of a source table, for the reconciliation: straight from
   the raw rows, without what staging does with them. Days are summed before they become text. #}
{% macro measured_source(source_table, relation, keys, date, amount="0", quantity="0") -%}
select
    '{{ source_table }}' as source_table,
    {{ month_of('day') }} as month,
    sum(day_rows) as source_rows,
    coalesce(sum(day_amount), 0) as source_amount,
    coalesce(sum(day_quantity), 0) as source_quantity,
    0 as lake_rows, 0 as lake_amount, 0 as lake_quantity,
    0 as explained_rows, 0 as explained_amount, 0 as explained_quantity
from (
    select
        cast({{ date }} as date) as day,
        count(*) as day_rows,
        sum({{ amount }}) as day_amount,
        sum({{ quantity }}) as day_quantity
    from ({{ current_rows(relation, keys) }}) as current_source
    group by cast({{ date }} as date)
) as days
group by 2
{%- endmacro %}
