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
{{ zero_of_rule(source_table, rule, action, description) }}
{%- endmacro %}

{# The same for several rules that drop rows of one relation, which is read once. `rules` are pairs of the value of
   drop_rule and its description. #}
{% macro dropped_rules(source_table, relation, month, rules, amount="cast(null as decimal(18, 2))", quantity="0") -%}
select
    '{{ source_table }}' as source_table,
    {{ month_of(month) }} as month,
    drop_rule as rule,
    'dropped' as action,
    cast(count(*) as bigint) as rows,
    cast({{ amount }} as decimal(18, 2)) as amount,
    cast(count(*) as bigint) as explained_rows,
    cast(coalesce({{ amount }}, 0) as decimal(18, 2)) as explained_amount,
    cast(coalesce({{ quantity }}, 0) as bigint) as explained_quantity,
    case drop_rule
        {%- for rule, description in rules %}
        when '{{ rule }}' then '{{ description }}'
        {%- endfor %}
    end as description
from {{ relation }}
where drop_rule in ({% for rule, description in rules %}'{{ rule }}'{{ ", " if not loop.last }}{% endfor %})
group by 2, 3
{%- for rule, description in rules %}
union all
{{ zero_of_rule(source_table, rule, 'dropped', description) }}
{%- endfor %}
{%- endmacro %}

{# A row of zeros, so that a rule is known that hits nothing. #}
{% macro zero_of_rule(source_table, rule, action, description) -%}
select
    '{{ source_table }}', 'undated', '{{ rule }}', '{{ action }}', cast(0 as bigint), cast(null as decimal(18, 2)),
    cast(0 as bigint), cast(0 as decimal(18, 2)), cast(0 as bigint), '{{ description }}'
{%- endmacro %}
