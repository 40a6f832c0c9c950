{# Whether a date or timestamp lies in the range that the project's vars call plausible. #}
{% macro plausible_date(column) -%}
cast({{ column }} as date) between cast('{{ var("earliest_date") }}' as date) and cast('{{ var("latest_date") }}' as date)
{%- endmacro %}
