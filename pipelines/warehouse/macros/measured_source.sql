{# Rows, money and quantity a month of the current rows of a source table, for the reconciliation: straight from
   the raw rows, without what staging does with them. #}
{% macro measured_source(source_table, relation, keys, date, amount="0", quantity="0") -%}
select
    '{{ source_table }}' as source_table,
    {{ month_of(date) }} as month,
    count(*) as source_rows,
    coalesce(sum({{ amount }}), 0) as source_amount,
    coalesce(sum({{ quantity }}), 0) as source_quantity,
    0 as lake_rows, 0 as lake_amount, 0 as lake_quantity,
    0 as explained_rows, 0 as explained_amount, 0 as explained_quantity
from ({{ current_rows(relation, keys) }}) as held
group by 2
{%- endmacro %}
