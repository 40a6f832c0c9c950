{# Whether the version `version` of a member holds at a moment. Written as comparisons alone, since engines join by
   hash where there is no OR, and compare every fact with every version where there is one. #}
{% macro valid_at(version, moment) -%}
cast({{ moment }} as timestamp) >= {{ version }}.valid_from
    and cast({{ moment }} as timestamp) < coalesce({{ version }}.valid_to, cast('9999-12-31 00:00:00' as timestamp))
{%- endmacro %}
