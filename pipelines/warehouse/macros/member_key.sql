{# Surrogate key of a version of a dimension's member. The first version of every member, also of one that only
   facts know, begins at the beginning of time: facts keep their key when the source learns of a member later. #}
{% macro member_key(id, valid_from=none) -%}
{{ dbt.hash(id ~ " || '@' || " ~ timestamp_text(valid_from or "cast('" ~ var("beginning") ~ "' as timestamp)")) }}
{%- endmacro %}
