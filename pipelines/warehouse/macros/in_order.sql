{# Columns to sort by, each perhaps with ` desc`: missing values come last on every engine. (Engines differ in where
   they put them by themselves, and so would pick another of several copies of a row.) #}
{% macro in_order(columns) -%}
{{ columns | join(' nulls last, ') }} nulls last
{%- endmacro %}
