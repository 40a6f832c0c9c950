{# The ids of a dimension that a fact table refers to, by month, with the first day it does. #}
{% macro members_of(source_table, relation, day, dimension, id) -%}
select
    '{{ source_table }}' as source_table,
    {{ month_of(day) }} as month,
    '{{ dimension }}' as dimension,
    cast({{ id }} as {{ dbt.type_string() }}) as member_id,
    min({{ day }}) as first_date
from {{ relation }}
where {{ id }} is not null
group by 2, 4
{%- endmacro %}
