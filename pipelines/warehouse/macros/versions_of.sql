{# CTEs that end in `begun`: of `states`, one row per version of a member, consecutive states without a change of the
   tracked columns as one. The first version begins at the beginning of time.

   `latest` are columns that are not tracked: `latest_…` is what the last state has, in every version. #}
{% macro versions_of(id, tracked, latest) -%}
signed as (
    select
        *,
        {{ signature(tracked) }} as attributes,
        {%- for column in latest %}
        first_value({{ column }}) over (partition by {{ id }} order by _extracted_at desc) as latest_{{ column }},
        {%- endfor %}
        row_number() over (partition by {{ id }} order by _extracted_at) as age_rank
    from states
),

compared as (
    select
        *,
        lag(attributes) over (partition by {{ id }} order by _extracted_at) as previous_attributes
    from signed
),

begun as (
    select
        *,
        case
            when age_rank = 1 then cast('{{ var("beginning") }}' as timestamp) else _extracted_at
        end as valid_from
    from compared
    where age_rank = 1 or attributes <> previous_attributes
)
{%- endmacro %}
