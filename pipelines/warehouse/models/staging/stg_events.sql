-- Every current event of the source, cleaned; drop_rule says why an event does not reach fact_events.
with source_rows as (
    {{ current_rows(source('raw', 'events'), ['event_id']) }}
),

cleaned as (
    select
        {{ clean_text('event_id') }} as event_id,
        {{ clean_text('customer_id') }} as source_customer_id,
        {{ clean_text('session_id') }} as session_id,
        lower({{ clean_text('event_type') }}) as event_type,
        event_timestamp,
        {{ clean_text('product_id') }} as product_id,
        {{ clean_text('page_url') }} as page_url,
        {{ clean_text('device_type') }} as device_type,
        {{ clean_text('browser') }} as browser,
        _extracted_at,
        first_extracted_at
    from source_rows
),

numbered as (
    select
        *,
        row_number() over (
            partition by event_id
            order by
                case when {{ dated_after_extraction('event_timestamp') }} then 1 else 0 end,
                {{ in_order(['event_timestamp desc', 'source_customer_id', 'session_id', 'event_type', 'product_id',
                    'page_url', 'device_type', 'browser']) }}
        ) as copy_number
    from cleaned
),

-- The same content under several ids is one event that the tracker sent again. (The most telling columns come
-- first: sorting by them is what takes the time.)
compared as (
    select
        *,
        row_number() over (
            partition by
                event_timestamp, session_id, source_customer_id, event_type, product_id, page_url, device_type, browser
            order by
                case when event_id is null then 1 else 0 end,
                case when {{ dated_after_extraction('event_timestamp') }} then 1 else 0 end,
                copy_number, event_id
        ) as repeat_number
    from numbered
)

select
    *,
    coalesce(source_customer_id, '{{ var("unknown_member") }}') as customer_id,
    case
        when event_id is null then 'missing_event_id'
        when event_type is null then 'missing_event_type'
        when event_timestamp is null then 'missing_event_timestamp'
        when not ({{ plausible_date('event_timestamp') }}) then 'implausible_event_timestamp'
        when {{ dated_after_extraction('event_timestamp') }} then 'dated_after_extraction'
        when copy_number > 1 then 'duplicate_event_id'
        when repeat_number > 1 then 'repeated_event'
    end as drop_rule
from compared
