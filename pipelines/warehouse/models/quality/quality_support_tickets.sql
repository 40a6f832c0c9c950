{{ dropped_rules('support_tickets', ref('stg_support_tickets'), 'created_at', [
    ['missing_ticket_id', "Ticket without an id"],
    ['missing_created_date', "Ticket without a creation date"],
    ['implausible_created_date', "Ticket dated outside the plausible range"],
    ['dated_after_extraction', "Ticket created more than a day after it was extracted"],
    ['older_ticket_state', "Earlier state of a ticket that another row shows later"],
    ['repeated_ticket', "Same content as another ticket under another id"]
]) }}
union all
{{ monthly_rule('support_tickets', 'missing_customer_id', 'kept', ref('stg_support_tickets'),
    "drop_rule is null and source_customer_id is null", "No customer: points to the unknown member",
    month="created_at") }}
union all
{{ monthly_rule('support_tickets', 'resolved_before_created', 'repaired', ref('stg_support_tickets'),
    "drop_rule is null and resolved_before_created",
    "Resolved before it was created: resolution date and hours set to missing", month="created_at") }}
union all
{{ monthly_rule('support_tickets', 'negative_resolution_hours', 'repaired', ref('stg_support_tickets'),
    "drop_rule is null and not resolved_before_created and source_resolution_hours < 0",
    "Negative hours to resolution: set to missing", month="created_at") }}
union all
{{ monthly_rule('support_tickets', 'satisfaction_out_of_range', 'repaired', ref('stg_support_tickets'),
    "drop_rule is null and source_satisfaction_score not between 1 and 5",
    "Satisfaction outside 1 to 5: set to missing", month="created_at") }}
