{# The latest day of its month among the rows before a row, where unique ids are numbered as rows arrive, those
   of each prefix on their own. Few rows are looked at, so that one wrong date does not make all after it look
   late; and none of another month, so that a month can be counted on its own. #}
{% macro latest_day_before(day, id) -%}
max({{ day }}) over (
            partition by {{ without_number(id) }}, extract(year from {{ day }}), extract(month from {{ day }})
            order by length({{ id }}), {{ id }}
            rows between 20 preceding and 1 preceding
        )
{%- endmacro %}
