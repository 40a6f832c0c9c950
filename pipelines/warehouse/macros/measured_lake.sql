{# Rows, money and quantity a month of a fact table, for the reconciliation. Days are summed before they become
   text. #}
{% macro measured_lake(source_table, relation, date, amount="0", quantity="0") -%}
select
    '{{ source_table }}' as source_table,
    {{ month_of('day') }} as month,
    0 as source_rows, 0 as source_amount, 0 as source_quantity,
    sum(day_rows) as lake_rows,
    coalesce(sum(day_amount), 0) as lake_amount,
    coalesce(sum(day_quantity), 0) as lake_quantity,
    0 as explained_rows, 0 as explained_amount, 0 as explained_quantity
from (
    select
        {{ date }} as day,
        count(*) as day_rows,
        sum({{ amount }}) as day_amount,
        sum({{ quantity }}) as day_quantity
    from {{ relation }}
    group by {{ date }}
) as days
group by 2
{%- endmacro %}
