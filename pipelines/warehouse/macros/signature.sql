{# Hash of columns, equal when all of them are equal, missing values among them. #}
{% macro signature(columns) -%}
{%- set content -%}
{%- for column in columns -%}
coalesce('=' || cast({{ column }} as {{ dbt.type_string() }}), '-') || chr(31){{ " || " if not loop.last }}
{%- endfor -%}
{%- endset -%}
{{ dbt.hash(content) }}
{%- endmacro %}
