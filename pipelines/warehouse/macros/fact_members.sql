{# The ids of a dimension that a fact table refers to, by month, with the first day it does. Months are numbers until
   rows are few: to write the month of every fact as text takes as long as the rest. #}
{% macro members_of(source_table, relation, day, dimension, id) -%}
select
    '{{ source_table }}' as source_table,
    {{ month_of('first_date') }} as month,
    '{{ dimension }}' as dimension,
    cast(member_id as {{ dbt.type_string() }}) as member_id,
    first_date
from (
    select {{ id }} as member_id, min({{ day }}) as first_date
    from {{ relation }}
    where {{ id }} is not null
    group by {{ id }}, extract(year from {{ day }}), extract(month from {{ day }})
) as referenced
{%- endmacro %}
