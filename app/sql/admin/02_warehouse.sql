-- The warehouse is everybody's who works; its monitor stops it before it costs more than a month
-- may. A monitor does not see serverless features, of which the pipeline uses none, and its
-- thresholds are not exact: what runs goes on to its end, up to the last one.

GRANT EXECUTE TASK ON ACCOUNT TO ROLE <% ctx.env.database %>_TASK_OWNER;
GRANT EXECUTE ALERT ON ACCOUNT TO ROLE <% ctx.env.database %>_TASK_OWNER;
GRANT USAGE ON WAREHOUSE <% ctx.env.warehouse %> TO ROLE <% ctx.env.database %>_TASK_OWNER;
-- OPS.PIPELINE_HEALTH reads the warehouse's load with the rights of its owner.
GRANT USAGE, MONITOR ON WAREHOUSE <% ctx.env.warehouse %> TO ROLE <% ctx.env.database %>_DEPLOYER;
GRANT USAGE ON WAREHOUSE <% ctx.env.warehouse %> TO ROLE <% ctx.env.database %>_INGESTER;
GRANT USAGE ON WAREHOUSE <% ctx.env.warehouse %> TO ROLE <% ctx.env.database %>_ANALYST;
GRANT USAGE, MONITOR ON WAREHOUSE <% ctx.env.warehouse %> TO ROLE <% ctx.env.database %>_OPERATOR;

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
