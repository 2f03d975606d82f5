{{ config(
    materialized='incremental', incremental_strategy='delete+insert', unique_key='customer_id'
) }}
select customer_id, order_id, amount from {{ ref('orders') }}
