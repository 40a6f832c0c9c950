select
    event_id,
    customer_id,
    session_id,
    event_type,
    event_timestamp,
    cast(event_timestamp as date) as event_date,
    product_id,
    page_url,
    device_type,
    browser
from {{ ref('stg_events') }}
where drop_rule is null
