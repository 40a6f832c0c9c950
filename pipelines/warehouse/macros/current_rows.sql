{# The rows of a raw table that hold today: of each key those that its latest extract brought, unless it was deleted.
   A key arrives whole (an order with all its lines), and a missing key counts as one. `first_extracted_at` is when the
   lake first had a row of the key. #}
{% macro current_rows(relation, keys) -%}
select *
from (
    select
        *,
        dense_rank() over (partition by {{ keys | join(', ') }} order by _extracted_at desc, _run desc) as arrival,
        min(_extracted_at) over (partition by {{ keys | join(', ') }}) as first_extracted_at
    from {{ relation }}
) as ranked
where arrival = 1 and not _deleted
{%- endmacro %}
