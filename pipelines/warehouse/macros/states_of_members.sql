{# CTEs that end in `states`: of each member one row per moment at which an extract saw it. Ids of several source rows
   may be one once they are cleaned; the member then has the state of the one of them that staging keeps, and is
   deleted when all of them are.

   `seen` is a relation with the cleaned id, `source_id` as the source has it, the attributes, `is_deleted`,
   `_extracted_at` and `_run`; `choice` is how staging orders copies of a row. #}
{% macro states_of_members(seen, id, attributes, choice) -%}
-- Of a source row and moment: of several runs the last, of several copies the one that staging keeps.
numbered as (
    select
        *,
        row_number() over (
            partition by {{ id }}, source_id, _extracted_at
            order by _run desc, is_deleted, {{ in_order(choice) }}
        ) as copy_number
    from {{ seen }}
),

found as (
    select
        *,
        min(source_id) over (partition by {{ id }}) <> max(source_id) over (partition by {{ id }}) as has_several_ids
    from numbered
    where copy_number = 1
),

-- Few members, if any.
ambiguous as (
    select
        *,
        lead(_extracted_at) over (partition by {{ id }}, source_id order by _extracted_at) as replaced_at
    from found
    where has_several_ids
),

moments as (
    select distinct {{ id }} as member_id, _extracted_at as moment
    from ambiguous
),

chosen as (
    select
        ambiguous.*,
        moments.moment,
        row_number() over (
            partition by moments.member_id, moments.moment
            order by ambiguous.is_deleted, {{ in_order(choice) }}, source_id
        ) as choice_number
    from moments
    inner join ambiguous
        on moments.member_id = ambiguous.{{ id }}
        and moments.moment >= ambiguous._extracted_at
        and moments.moment < coalesce(ambiguous.replaced_at, cast('9999-12-31 00:00:00' as timestamp))
),

states as (
    select {{ id }}, {{ attributes | join(', ') }}, is_deleted, _extracted_at
    from found
    where not has_several_ids
    union all
    select {{ id }}, {{ attributes | join(', ') }}, is_deleted, moment
    from chosen
    where choice_number = 1
)
{%- endmacro %}
