{# One row of data_quality: how many rows of `relation` a rule hit and how much money they carry. #}
{% macro quality_rule(source_table, rule, action, relation, condition, description, amount="cast(null as decimal(18, 2))", rows="count(*)") -%}
select
    '{{ source_table }}' as source_table,
    '{{ rule }}' as rule,
    '{{ action }}' as action,
    cast({{ rows }} as bigint) as rows,
    cast({{ amount }} as decimal(18, 2)) as amount,
    '{{ description }}' as description
from {{ relation }}
where {{ condition }}
{%- endmacro %}
