-- Money of raw orders = money of fact_orders + money that data_quality says was dropped.
with raw_orders as (
    select coalesce(sum(order_amount), 0) as amount from {{ source('raw', 'orders') }}
),

facts as (
    select coalesce(sum(order_amount), 0) as amount from {{ ref('fact_orders') }}
),

explained as (
    select coalesce(sum(amount), 0) as amount
    from {{ ref('data_quality') }}
    where source_table = 'orders' and action = 'dropped'
)

select
    raw_orders.amount as raw_amount,
    facts.amount as fact_amount,
    explained.amount as dropped_amount
from raw_orders cross join facts cross join explained
where raw_orders.amount <> facts.amount + explained.amount
