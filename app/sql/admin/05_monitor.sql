-- The warehouse's monitor stops it before it costs more than a month may. `caves bootstrap` leaves
-- this file out where the warehouse is not the project's own, or has another monitor. A monitor
-- does not see serverless features (the alert is one), and its thresholds are not exact:
-- what runs goes on to its end, up to the last one.

CREATE RESOURCE MONITOR IF NOT EXISTS <% ctx.env.warehouse %>_MONITOR
WITH
CREDIT_QUOTA = <% ctx.env.monthly_credits %>
FREQUENCY = MONTHLY
START_TIMESTAMP = IMMEDIATELY
TRIGGERS
ON 75 PERCENT DO NOTIFY
ON 90 PERCENT DO NOTIFY
ON 100 PERCENT DO SUSPEND
ON 110 PERCENT DO SUSPEND_IMMEDIATE;

ALTER RESOURCE MONITOR <% ctx.env.warehouse %>_MONITOR
SET CREDIT_QUOTA = <% ctx.env.monthly_credits %>;

ALTER WAREHOUSE <% ctx.env.warehouse %>
SET RESOURCE_MONITOR = <% ctx.env.warehouse %>_MONITOR;
