-- Every day from the first to the last on which anything happened, without gaps.
with happened as (
    select min(first_date) as first_day, max(first_date) as last_day
    from {{ ref('fact_members') }}
    where dimension = 'date'
),

days as (
    {{ every_day('first_day', 'last_day', 'happened') }}
)

select
    date,
    cast(extract(year from date) as integer) as year,
    cast(extract(quarter from date) as integer) as quarter,
    cast(extract(month from date) as integer) as month,
    cast(date_trunc('month', date) as date) as month_start,
    cast(extract(week from date) as integer) as iso_week,
    cast({{ iso_day_of_week('date') }} as integer) as day_of_week,
    {{ iso_day_of_week('date') }} >= 6 as is_weekend
from days
