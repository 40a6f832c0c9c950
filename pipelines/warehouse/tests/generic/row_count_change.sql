{# A table that lost many rows since the former snapshot. dbt knows no former snapshot, and finds nothing. #}
{% test row_count_change(model, table_name, max_drop_percent) %}
select counted.rows, former.rows as former_rows
from (select count(*) as rows from {{ model }}) as counted
inner join {{ var('former_tables') }} as former
    on former.table_name = '{{ table_name }}'
where counted.rows * 100 < former.rows * (100 - {{ max_drop_percent }})
{% endtest %}
