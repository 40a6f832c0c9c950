{# Rows, money and quantity a month of a fact table, for the reconciliation. #}
{% macro measured_lake(source_table, relation, date, amount="0", quantity="0") -%}
select
    '{{ source_table }}' as source_table,
    {{ month_of(date) }} as month,
    0 as source_rows, 0 as source_amount, 0 as source_quantity,
    count(*) as lake_rows,
    coalesce(sum({{ amount }}), 0) as lake_amount,
    coalesce(sum({{ quantity }}), 0) as lake_quantity,
    0 as explained_rows, 0 as explained_amount, 0 as explained_quantity
from {{ relation }}
group by 2
{%- endmacro %}
