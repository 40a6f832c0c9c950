{# Hash of columns, equal when all of them are equal, missing values among them. #}
{% macro signature(columns) -%}
md5(
    {%- for column in columns %}
    coalesce('=' || cast({{ column }} as varchar), '-') || chr(31){{ " ||" if not loop.last }}
    {%- endfor %}
)
{%- endmacro %}
