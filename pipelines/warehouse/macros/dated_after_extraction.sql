{# Whether a row is dated after the day it was extracted. The shop's clock may be a zone or two ahead of UTC, so the
   day after still counts. #}
{% macro dated_after_extraction(column) -%}
cast({{ column }} as date) > cast(_extracted_at as date) + interval '1' day
{%- endmacro %}
