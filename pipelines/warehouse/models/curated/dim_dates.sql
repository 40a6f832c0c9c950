-- Every day from the first to the last on which anything happened, without gaps.
with happened as (
    select first_date as happened_on from {{ ref('fact_members') }} where dimension = 'date'
),

days as (
    select cast(unnest(generate_series(min(happened_on), max(happened_on), interval 1 day)) as date) as "date"
    from happened
)

select
    "date",
    cast(extract(year from "date") as integer) as "year",
    cast(extract(quarter from "date") as integer) as "quarter",
    cast(extract(month from "date") as integer) as "month",
    cast(date_trunc('month', "date") as date) as month_start,
    cast(extract(week from "date") as integer) as iso_week,
    cast(extract(isodow from "date") as integer) as day_of_week,
    extract(isodow from "date") >= 6 as is_weekend
from days
