{# The day that the rows before a row had reached, where unique ids are numbered as rows arrive. Few of them
   are looked at, so that one wrong date does not make everything after it look late. #}
{% macro reached_before(day, id) -%}
max({{ day }}) over (
            order by length({{ id }}), {{ id }}
            rows between 20 preceding and 1 preceding
        )
{%- endmacro %}
