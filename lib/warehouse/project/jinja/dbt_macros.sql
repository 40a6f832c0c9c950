{# The macros of dbt that hide differences of engines, as dbt-duckdb has them: `dbt.dateadd(…)`, or `dateadd(…)`. #}

{% macro type_string() %}{{ return("TEXT") }}{% endmacro %}
{% macro type_timestamp() %}{{ return("timestamp") }}{% endmacro %}
{% macro type_float() %}{{ return("float") }}{% endmacro %}
{% macro type_numeric() %}{{ return("numeric(28,6)") }}{% endmacro %}
{% macro type_bigint() %}{{ return("bigint") }}{% endmacro %}
{% macro type_int() %}{{ return("integer") }}{% endmacro %}
{% macro type_boolean() %}{{ return("boolean") }}{% endmacro %}

{% macro cast(field, type) %}cast({{ field }} as {{ type }}){% endmacro %}
{% macro safe_cast(field, type) %}cast({{ field }} as {{ type }}){% endmacro %}
{% macro cast_bool_to_text(field) %}cast({{ field }} as TEXT){% endmacro %}

{% macro hash(field) %}md5(cast({{ field }} as TEXT)){% endmacro %}
{% macro concat(fields) %}{{ fields | join(' || ') }}{% endmacro %}
{% macro length(expression) %}length({{ expression }}){% endmacro %}
{% macro position(substring_text, string_text) %}position({{ substring_text }} in {{ string_text }}){% endmacro %}
{% macro replace(field, old_chars, new_chars) %}replace({{ field }}, {{ old_chars }}, {{ new_chars }}){% endmacro %}
{% macro right(string_text, length_expression) %}right({{ string_text }}, {{ length_expression }}){% endmacro %}
{% macro string_literal(value) %}'{{ value }}'{% endmacro %}
{% macro escape_single_quotes(expression) %}{{ expression | replace("'", "''") }}{% endmacro %}
{% macro split_part(string_text, delimiter_text, part_number) -%}
string_split({{ string_text }}, {{ delimiter_text }})[ {{ part_number }} ]
{%- endmacro %}
{% macro listagg(measure, delimiter_text="','", order_by_clause=none, limit_num=none) -%}
{%- set ordered = " " ~ order_by_clause if order_by_clause else "" -%}
{%- if limit_num -%}
list_aggr((array_agg({{ measure }}{{ ordered }}))[1:{{ limit_num }}], 'string_agg', {{ delimiter_text }})
{%- else -%}
string_agg({{ measure }}, {{ delimiter_text }}{{ ordered }})
{%- endif -%}
{%- endmacro %}

{% macro any_value(expression) %}arbitrary({{ expression }}){% endmacro %}
{% macro bool_or(expression) %}bool_or({{ expression }}){% endmacro %}
{% macro equals(expr1, expr2) %}({{ expr1 }} = {{ expr2 }}){% endmacro %}
{% macro except() %}except{% endmacro %}
{% macro intersect() %}intersect{% endmacro %}

{% macro array_construct(inputs=[], data_type="integer") -%}
{% if inputs | length > 0 %}array[ {{ inputs | join(' , ') }} ]{% else %}array[]::{{ data_type }}[]{% endif %}
{%- endmacro %}
{% macro array_append(array, new_element) %}array_append({{ array }}, {{ new_element }}){% endmacro %}
{% macro array_concat(array_1, array_2) %}array_cat({{ array_1 }}, {{ array_2 }}){% endmacro %}

{% macro current_timestamp() %}now(){% endmacro %}
{% macro date(year, month, day) %}make_date({{ year }}, {{ month }}, {{ day }}){% endmacro %}
{% macro date_trunc(datepart, date) %}date_trunc('{{ datepart }}', {{ date }}){% endmacro %}
{% macro dateadd(datepart, interval, from_date_or_timestamp) -%}
{%- set unit = datepart | lower -%}
{%- set times = {"quarter": " * 3", "week": " * 7"}.get(unit, "") -%}
{%- set step = {"quarter": "month", "week": "day"}.get(unit, unit) -%}
{%- set count = "cast(" ~ interval ~ " as bigint)" -%}
({{ from_date_or_timestamp }} + {{ "(" ~ count ~ times ~ ")" if times else count }} * interval 1 {{ step }})
{%- endmacro %}
{% macro datediff(first_date, second_date, datepart) -%}
{%- if datepart == 'week' -%}
({{ datediff(first_date, second_date, 'day') }} // 7 + case
    when date_part('dow', ({{ first_date }})::timestamp) <= date_part('dow', ({{ second_date }})::timestamp)
        then case when {{ first_date }} <= {{ second_date }} then 0 else -1 end
    else case when {{ first_date }} <= {{ second_date }} then 1 else 0 end
end)
{%- else -%}
(date_diff('{{ datepart }}', {{ first_date }}::timestamp, {{ second_date }}::timestamp))
{%- endif -%}
{%- endmacro %}
{% macro last_day(date, datepart) -%}
cast({{ dateadd('day', '-1', dateadd(datepart, '1', date_trunc(datepart, date))) }} as date)
{%- endmacro %}
{# dbt asks the database how many periods there are before it writes the query; here the query counts them. #}
{% macro date_spine(datepart, start_date, end_date) -%}
select {{ dateadd(datepart, 'period', start_date) }} as date_{{ datepart }}
from (select unnest(range({{ datediff(start_date, end_date, datepart) }})) as period) as periods
where {{ dateadd(datepart, 'period', start_date) }} <= {{ end_date }}
{%- endmacro %}
