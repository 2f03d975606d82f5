{{ config(materialized='table') }}
select c.id as customer_id, c.first_name, min(o.ordered_on) as first_order, sum(o.amount) as total
from {{ ref('raw_customers') }} as c
left join {{ ref('orders') }} as o on o.customer_id = c.id
group by 1, 2
