{# Whether the version `version` of a member holds at a moment. #}
{% macro valid_at(version, moment) -%}
cast({{ moment }} as timestamp) >= {{ version }}.valid_from
    and ({{ version }}.valid_to is null or cast({{ moment }} as timestamp) < {{ version }}.valid_to)
{%- endmacro %}
