{# A table that lost many rows since the previous snapshot. dbt knows no previous snapshot, and finds nothing. #}
{% test row_count_change(model, table_name, max_drop_percent) %}
select counted.rows, previous.rows as previous_rows
from (select count(*) as rows from {{ model }}) as counted
inner join {{ var('previous_row_counts') }} as previous
    on previous.table_name = '{{ table_name }}'
where counted.rows * 100 < previous.rows * (100 - {{ max_drop_percent }})
{% endtest %}
