{# Text without surrounding blanks; blank text is a missing value. #}
{% macro clean_text(column) -%}
nullif(trim({{ column }}), '')
{%- endmacro %}
