-- Facts point to the version of customer and product that held at their time.
select
    events.event_id,
    events.customer_id,
    events.session_id,
    events.event_type,
    events.event_timestamp,
    cast(events.event_timestamp as date) as event_date,
    events.product_id,
    events.page_url,
    events.device_type,
    events.browser,
    events.first_extracted_at as arrived_at,
    coalesce(customers.customer_key, {{ member_key('events.customer_id') }}) as customer_key,
    coalesce(products.product_key, {{ member_key('events.product_id') }}) as product_key
from {{ ref('stg_events') }} as events
left join {{ ref('customer_versions') }} as customers
    on events.customer_id = customers.customer_id
    and {{ valid_at('customers', 'events.event_timestamp') }}
left join {{ ref('product_versions') }} as products
    on events.product_id = products.product_id
    and {{ valid_at('products', 'events.event_timestamp') }}
where events.drop_rule is null
