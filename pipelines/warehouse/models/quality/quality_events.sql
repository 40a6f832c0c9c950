with with_day_seen as (
    select
        event_date,
        {{ latest_day_before('event_date', 'event_id') }} as day_seen
    from {{ ref('fact_events') }}
)

{{ dropped_rules('events', ref('stg_events'), 'event_timestamp', [
    ['missing_event_id', "Event without an id"],
    ['missing_event_type', "Event without a type"],
    ['missing_event_timestamp', "Event without a time"],
    ['implausible_event_timestamp', "Event dated outside the plausible range"],
    ['dated_after_extraction', "Event dated more than a day after it was extracted"],
    ['duplicate_event_id', "Further event with an id that another event has"],
    ['repeated_event', "Same content as another event under another id"]
]) }}
union all
{{ monthly_rule('events', 'missing_customer_id', 'kept', ref('stg_events'),
    "drop_rule is null and source_customer_id is null", "No customer: points to the unknown member",
    month="event_timestamp") }}
union all
{{ monthly_rule('events', 'late_event', 'kept', "with_day_seen",
    "day_seen > event_date", "Dated before a day that events numbered before it had reached",
    month="event_date") }}
union all
{{ monthly_rule('events', 'missing_device_type', 'kept', ref('fact_events'),
    "device_type is null", "No kind of device", month="event_date") }}
union all
{{ monthly_rule('events', 'missing_page_url', 'kept', ref('fact_events'),
    "page_url is null", "No page", month="event_date") }}
