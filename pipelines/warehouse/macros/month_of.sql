{# Month of a date or timestamp as text, `2024-05`; what has no date is `undated`. #}
{% macro month_of(column) -%}
coalesce(substr(cast(cast({{ column }} as date) as {{ dbt.type_string() }}), 1, 7), 'undated')
{%- endmacro %}
