-- The warehouses that stock was counted in. The source has no table of them: names and regions are ours.
with counted as (
    select distinct member_id as warehouse_id from {{ ref('fact_members') }} where dimension = 'warehouse'
)

select
    warehouse_id,
    case warehouse_id
        when 'WH-US-EAST' then 'US East'
        when 'WH-US-WEST' then 'US West'
        when 'WH-EU-CENTRAL' then 'EU Central'
        when 'WH-ASIA-PAC' then 'Asia Pacific'
        else warehouse_id
    end as warehouse_name,
    case
        when warehouse_id like 'WH-US-%' then 'North America'
        when warehouse_id like 'WH-EU-%' then 'Europe'
        when warehouse_id like 'WH-ASIA-%' then 'Asia Pacific'
        else 'Unknown'
    end as region
from counted
