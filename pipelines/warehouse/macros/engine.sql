{# Where engines differ beyond dbt's own macros: every other file is SQL that all of them run. `default__` is
   DuckDB's way; Athena is Trino inside. #}

{# Text without the spaces at its ends, those of Unicode (category Zs) too, as DuckDB's `trim` sees them. #}
{% macro without_blanks(column) -%}
{{ adapter.dispatch('without_blanks')(column) }}
{%- endmacro %}

{% macro default__without_blanks(column) -%}
trim({{ column }})
{%- endmacro %}

{% macro spark__without_blanks(column) -%}
trim(both ' \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000' from {{ column }})
{%- endmacro %}

{% macro trino__without_blanks(column) -%}
regexp_replace({{ column }}, '^\p{Zs}+|\p{Zs}+$')
{%- endmacro %}

{% macro athena__without_blanks(column) -%}
{{ trino__without_blanks(column) }}
{%- endmacro %}


{# An id without the digits at its end. DuckDB's `trim` takes several times as long for a set of characters. #}
{% macro without_number(id) -%}
{{ adapter.dispatch('without_number')(id) }}
{%- endmacro %}

{% macro default__without_number(id) -%}
regexp_replace({{ id }}, '[0-9]+$', '')
{%- endmacro %}

{% macro spark__without_number(id) -%}
trim(trailing '0123456789' from {{ id }})
{%- endmacro %}

{% macro trino__without_number(id) -%}
trim(trailing '0123456789' from {{ id }})
{%- endmacro %}

{% macro athena__without_number(id) -%}
{{ trino__without_number(id) }}
{%- endmacro %}


{# A timestamp as text, its second without zeros at the end: `2024-05-01 10:00:00` or `2024-05-01 10:00:00.25`. #}
{% macro timestamp_text(moment) -%}
{{ adapter.dispatch('timestamp_text')(moment) }}
{%- endmacro %}

{% macro default__timestamp_text(moment) -%}
cast({{ moment }} as {{ dbt.type_string() }})
{%- endmacro %}

{% macro trino__timestamp_text(moment) -%}
regexp_replace(cast(cast({{ moment }} as timestamp(6)) as varchar), '\.?0+$')
{%- endmacro %}

{% macro athena__timestamp_text(moment) -%}
{{ trino__timestamp_text(moment) }}
{%- endmacro %}


{# Every day from one column of a one-row relation to another, as rows of a column `date`. #}
{% macro every_day(first_day, last_day, relation) -%}
{{ adapter.dispatch('every_day')(first_day, last_day, relation) }}
{%- endmacro %}

{% macro default__every_day(first_day, last_day, relation) -%}
select cast(unnest(generate_series({{ first_day }}, {{ last_day }}, interval 1 day)) as date) as date
    from {{ relation }}
{%- endmacro %}

{% macro spark__every_day(first_day, last_day, relation) -%}
select explode(sequence({{ first_day }}, {{ last_day }}, interval 1 day)) as date
    from {{ relation }}
{%- endmacro %}

{% macro trino__every_day(first_day, last_day, relation) -%}
select date
    from {{ relation }}
    cross join unnest(sequence({{ first_day }}, {{ last_day }}, interval '1' day)) as every_day (date)
{%- endmacro %}

{% macro athena__every_day(first_day, last_day, relation) -%}
{{ trino__every_day(first_day, last_day, relation) }}
{%- endmacro %}


{# 1 Monday to 7 Sunday. #}
{% macro iso_day_of_week(day) -%}
{{ adapter.dispatch('iso_day_of_week')(day) }}
{%- endmacro %}

{% macro default__iso_day_of_week(day) -%}
extract(isodow from {{ day }})
{%- endmacro %}

{% macro spark__iso_day_of_week(day) -%}
extract(dayofweek_iso from {{ day }})
{%- endmacro %}

{% macro trino__iso_day_of_week(day) -%}
day_of_week({{ day }})
{%- endmacro %}

{% macro athena__iso_day_of_week(day) -%}
{{ trino__iso_day_of_week(day) }}
{%- endmacro %}
