{% snapshot orders_snapshot %}
{{ config(schema='history', unique_key='id', strategy='check', check_cols=['status']) }}
select * from {{ ref('raw_orders') }}
{% endsnapshot %}
