{# Text without surrounding blanks; blank text is a missing value. #}
{% macro clean_text(column) -%}
nullif({{ without_blanks(column) }}, '')
{%- endmacro %}
