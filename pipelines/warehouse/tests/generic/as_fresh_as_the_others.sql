{# A table that stopped while the others went on: its last day is far behind the last day of any fact. #}
{% test as_fresh_as_the_others(model, date_column, days) %}
select latest.last_day, others.last_day as last_day_of_all
from (select max({{ date_column }}) as last_day from {{ model }}) as latest
cross join (select max(date) as last_day from {{ ref('dim_dates') }}) as others
where latest.last_day < others.last_day - interval '{{ days }}' day
{% endtest %}
