-- Every current ticket document of the source, cleaned; drop_rule says why one does not reach fact_support_tickets.
with source_rows as (
    {{ current_rows(source('raw', 'support_tickets'), ['ticket_id']) }}
),

cleaned as (
    select
        {{ clean_text('ticket_id') }} as ticket_id,
        {{ clean_text('customer_id') }} as source_customer_id,
        created_date as created_at,
        resolved_date as source_resolved_at,
        {{ clean_text('issue_type') }} as issue_type,
        {{ clean_text('issue_category') }} as issue_category,
        {{ clean_text('priority') }} as priority,
        {{ clean_text('status') }} as status,
        resolution_hours as source_resolution_hours,
        satisfaction_score as source_satisfaction_score,
        {{ clean_text('agent_id') }} as agent_id,
        {{ clean_text('description') }} as description,
        {{ clean_text('order_id') }} as order_id,
        {{ clean_text('product_id') }} as product_id,
        _extracted_at,
        first_extracted_at
    from source_rows
),

ranked as (
    select
        *,
        coalesce(source_resolved_at < created_at, false) as resolved_before_created,
        -- Of several states of a ticket the furthest is the latest.
        row_number() over (
            partition by ticket_id
            order by
                case when created_at is null then 1 else 0 end,
                case when {{ dated_after_extraction('created_at') }} then 1 else 0 end,
                {{ in_order(['source_resolved_at desc']) }},
                case status when 'Closed' then 4 when 'Resolved' then 3 when 'In Progress' then 2 else 1 end desc,
                {{ in_order(['source_satisfaction_score desc', 'source_resolution_hours desc', 'created_at',
                    'source_customer_id', 'agent_id', 'priority', 'issue_type', 'issue_category', 'order_id',
                    'product_id', 'description', 'status']) }}
        ) as state_number
    from cleaned
),

-- The same content under several ids is one ticket that was sent again.
compared as (
    select
        *,
        row_number() over (
            partition by
                source_customer_id, created_at, source_resolved_at, issue_type, issue_category, priority, status,
                source_resolution_hours, source_satisfaction_score, agent_id, description, order_id, product_id
            order by
                case when ticket_id is null then 1 else 0 end,
                case when {{ dated_after_extraction('created_at') }} then 1 else 0 end,
                state_number, ticket_id
        ) as repeat_number
    from ranked
)

select
    ticket_id,
    coalesce(source_customer_id, '{{ var("unknown_member") }}') as customer_id,
    created_at,
    case when not resolved_before_created then source_resolved_at end as resolved_at,
    issue_type,
    issue_category,
    priority,
    status,
    case
        when not resolved_before_created and source_resolution_hours >= 0 then source_resolution_hours
    end as resolution_hours,
    case when source_satisfaction_score between 1 and 5 then source_satisfaction_score end as satisfaction_score,
    agent_id,
    description,
    order_id,
    product_id,
    first_extracted_at,
    source_customer_id,
    resolved_before_created,
    source_resolution_hours,
    source_satisfaction_score,
    case
        when ticket_id is null then 'missing_ticket_id'
        when created_at is null then 'missing_created_date'
        when not ({{ plausible_date('created_at') }}) then 'implausible_created_date'
        when {{ dated_after_extraction('created_at') }} then 'dated_after_extraction'
        when state_number > 1 then 'older_ticket_state'
        when repeat_number > 1 then 'repeated_ticket'
    end as drop_rule
from compared
