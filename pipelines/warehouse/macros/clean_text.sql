{# Text without surrounding blanks. Blank text is a missing value, and so is a word that programs write where they have
   no value, such as NULL or NaN: as an id it would make one customer of many. `lib/warehouse/build/prune.ts` has the same
   words. `chr(92)` is the backslash, which engines read differently in a literal. #}
{% macro clean_text(column) -%}
case
    when lower({{ without_blanks(column) }}) not in (
        '', 'null', '(null)', '<null>', 'none', 'nan', '<na>', 'n/a', '#n/a', 'undefined', chr(92) || 'n'
    ) then {{ without_blanks(column) }}
end
{%- endmacro %}

{# The same for names of people and places: Null, None and Nan are such names. #}
{% macro clean_name(column) -%}
nullif({{ without_blanks(column) }}, '')
{%- endmacro %}
