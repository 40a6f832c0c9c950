with arrived as (
    select
        event_date,
        {{ reached_before('event_date', 'event_id') }} as day_reached
    from {{ ref('fact_events') }}
)

{{ monthly_rule('events', 'missing_event_id', 'dropped', ref('stg_events'),
    "drop_rule = 'missing_event_id'", "Event without an id", month="event_timestamp") }}
union all
{{ monthly_rule('events', 'missing_event_type', 'dropped', ref('stg_events'),
    "drop_rule = 'missing_event_type'", "Event without a type", month="event_timestamp") }}
union all
{{ monthly_rule('events', 'missing_event_timestamp', 'dropped', ref('stg_events'),
    "drop_rule = 'missing_event_timestamp'", "Event without a time", month="event_timestamp") }}
union all
{{ monthly_rule('events', 'implausible_event_timestamp', 'dropped', ref('stg_events'),
    "drop_rule = 'implausible_event_timestamp'", "Event dated outside the plausible range",
    month="event_timestamp") }}
union all
{{ monthly_rule('events', 'dated_after_extraction', 'dropped', ref('stg_events'),
    "drop_rule = 'dated_after_extraction'", "Event dated more than a day after it was extracted",
    month="event_timestamp") }}
union all
{{ monthly_rule('events', 'duplicate_event_id', 'dropped', ref('stg_events'),
    "drop_rule = 'duplicate_event_id'", "Further event with an id that another event has",
    month="event_timestamp") }}
union all
{{ monthly_rule('events', 'repeated_event', 'dropped', ref('stg_events'),
    "drop_rule = 'repeated_event'", "Same content as another event under another id",
    month="event_timestamp") }}
union all
{{ monthly_rule('events', 'missing_customer_id', 'kept', ref('stg_events'),
    "drop_rule is null and source_customer_id is null", "No customer: points to the unknown member",
    month="event_timestamp") }}
union all
{{ monthly_rule('events', 'late_event', 'kept', "arrived",
    "day_reached > event_date", "Dated before a day that events numbered before it had reached",
    month="event_date") }}
union all
{{ monthly_rule('events', 'missing_device_type', 'kept', ref('fact_events'),
    "device_type is null", "No kind of device", month="event_date") }}
union all
{{ monthly_rule('events', 'missing_page_url', 'kept', ref('fact_events'),
    "page_url is null", "No page", month="event_date") }}
