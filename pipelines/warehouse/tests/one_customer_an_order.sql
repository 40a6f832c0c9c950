-- The lines of an order belong to one customer.
{{ config(severity='warn') }}

select order_id, count(distinct customer_id) as customers
from {{ ref('fact_orders') }}
group by order_id
having count(distinct customer_id) > 1
