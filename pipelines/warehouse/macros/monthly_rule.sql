{# Rows of quality_by_month: how many rows of `relation` a rule hit in each month, how much money they carry, and
   what it explains of the difference between source and fact table. By default a dropped row explains itself, and
   any other rule explains nothing. A row of zeros keeps the rule known when it hits nothing. #}
{% macro monthly_rule(source_table, rule, action, relation, condition, description, month, amount="cast(null as decimal(18, 2))", quantity="0", rows="count(*)", explained_rows=none, explained_amount=none, explained_quantity=none) -%}
{% set dropped = action == 'dropped' %}
select
    '{{ source_table }}' as source_table,
    {{ month_of(month) }} as month,
    '{{ rule }}' as rule,
    '{{ action }}' as action,
    cast({{ rows }} as bigint) as rows,
    cast({{ amount }} as decimal(18, 2)) as amount,
    cast({{ explained_rows or (rows if dropped else "0") }} as bigint) as explained_rows,
    cast(coalesce({{ explained_amount or (amount if dropped else "0") }}, 0) as decimal(18, 2)) as explained_amount,
    cast(coalesce({{ explained_quantity or (quantity if dropped else "0") }}, 0) as bigint) as explained_quantity,
    '{{ description }}' as description
from {{ relation }}
where {{ condition }}
group by 2
union all
select
    '{{ source_table }}', 'undated', '{{ rule }}', '{{ action }}', cast(0 as bigint), cast(null as decimal(18, 2)),
    cast(0 as bigint), cast(0 as decimal(18, 2)), cast(0 as bigint), '{{ description }}'
{%- endmacro %}
