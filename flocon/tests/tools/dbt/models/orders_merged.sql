{{ config(
    materialized='incremental', incremental_strategy='merge', unique_key='order_id',
    on_schema_change='append_new_columns'
) }}
select order_id, status, current_timestamp() as loaded_at from {{ ref('orders') }}
{% if is_incremental() %}where order_id >= (select max(order_id) from {{ this }}){% endif %}
