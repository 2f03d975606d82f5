-- The two task graphs: orders (1, then 3) and inventory (2, then 4, then 5), and the nightly purge,
-- which stands alone. The procedures that they call come before them, by snow snowpark deploy.
--
-- A graph is edited with its root suspended, children suspended as well; a run in progress ends on
-- the definitions that it started with. This file leaves all of them suspended: 09_start.sql
-- starts them, or `caves deploy`, which leaves suspended what an operator had suspended before. No
-- event is lost meanwhile, the streams keep their place, and the file can be run again.
--
-- WHEN: a skipped task's descendants do not run, so each asks for its own stream and for those of
-- its descendants. A child that failed once then finds its rows in the next minute, though nothing
-- new came in above it. HAS_DATA may be true where a stream shows no row: the procedures move
-- their streams on all the same, or the tasks would come back, and be billed, for ever.
--
-- On the roots, for their whole graphs:
-- task_trigger: a SCHEDULE, or nothing: a root without one runs once its WHEN is true (a triggered
--   task), at most every 30 seconds, or as USER_TASK_MINIMUM_TRIGGER_INTERVAL_IN_SECONDS says here
--   instead of a SCHEDULE. It then runs right after the ingester's commit, and the warehouse wakes
--   up once for both. CREATE OR ALTER takes away what is not named, a SCHEDULE too.
-- USER_TASK_TIMEOUT_MS: five minutes, some hundred times what a run takes; a run that hangs on a
--   lock or a queue ends in time to be tried again, rather than in an hour.
-- TASK_AUTO_RETRY_ATTEMPTS: one more go from the failed task, for the accidents of a moment. What
--   fails twice will fail in the next minute as well, and shows up as FAILED in the meantime.
-- SUSPEND_TASK_AFTER_NUM_FAILURES: ten failed runs in a row, about ten minutes of a fault that
--   needs a human; then the graph stops billing. The rows wait in the streams.
-- TIMEZONE, TIMESTAMP_INPUT_FORMAT: on every task, since a session parameter is not handed down,
--   and an account may have its own. Owner's rights take both from the caller's session
--   (https://docs.snowflake.com/en/developer-guide/stored-procedure/stored-procedures-rights).
-- QUERY_TAG: by it query history tells the tasks from the ingester and from people (docs/cost.md).

USE DATABASE <% ctx.env.database %>;

ALTER TASK IF EXISTS OPS.TASK_RAW_TO_STAGING_ORDERS SUSPEND;
ALTER TASK IF EXISTS OPS.TASK_RAW_TO_STAGING_INVENTORY SUSPEND;
ALTER TASK IF EXISTS OPS.TASK_STAGING_TO_PROD_ORDERS SUSPEND;
ALTER TASK IF EXISTS OPS.TASK_STAGING_TO_PROD_INVENTORY_HISTORY SUSPEND;
ALTER TASK IF EXISTS OPS.TASK_STAGING_TO_PROD_INVENTORY_CURRENT SUSPEND;
ALTER TASK IF EXISTS OPS.TASK_PURGE SUSPEND;
-- Tasks that are suspended for a moment are nobody's incident.
ALTER ALERT IF EXISTS OPS.ALERT_INCIDENTS SUSPEND;

-- Task 1.
CREATE OR ALTER TASK OPS.TASK_RAW_TO_STAGING_ORDERS
    WAREHOUSE = <% ctx.env.warehouse %>
    <% ctx.env.task_trigger %>
    TIMEZONE = 'UTC'
    TIMESTAMP_INPUT_FORMAT = 'AUTO'
    QUERY_TAG = 'caves-tasks'
    USER_TASK_TIMEOUT_MS = 300000
    SUSPEND_TASK_AFTER_NUM_FAILURES = 10
    COMMENT = 'New order events to STAGING.STG_ORDERS'
    TASK_AUTO_RETRY_ATTEMPTS = 1
WHEN
    SYSTEM$STREAM_HAS_DATA('<% ctx.env.database %>.RAW_DATA.STREAM_RAW_ORDERS')
    OR SYSTEM$STREAM_HAS_DATA('<% ctx.env.database %>.STAGING.STREAM_STG_ORDERS')
AS
    CALL OPS.RAW_TO_STAGING_ORDERS();

-- Task 3.
CREATE OR ALTER TASK OPS.TASK_STAGING_TO_PROD_ORDERS
    WAREHOUSE = <% ctx.env.warehouse %>
    TIMEZONE = 'UTC'
    TIMESTAMP_INPUT_FORMAT = 'AUTO'
    QUERY_TAG = 'caves-tasks'
    COMMENT = 'New orders to PRODUCTION.ORDERS'
    AFTER OPS.TASK_RAW_TO_STAGING_ORDERS
WHEN
    SYSTEM$STREAM_HAS_DATA('<% ctx.env.database %>.STAGING.STREAM_STG_ORDERS')
AS
    CALL OPS.STAGING_TO_PROD_ORDERS();

-- Task 2.
CREATE OR ALTER TASK OPS.TASK_RAW_TO_STAGING_INVENTORY
    WAREHOUSE = <% ctx.env.warehouse %>
    <% ctx.env.task_trigger %>
    TIMEZONE = 'UTC'
    TIMESTAMP_INPUT_FORMAT = 'AUTO'
    QUERY_TAG = 'caves-tasks'
    USER_TASK_TIMEOUT_MS = 300000
    SUSPEND_TASK_AFTER_NUM_FAILURES = 10
    COMMENT = 'New stock events to STAGING.STG_INVENTORY_ADJ'
    TASK_AUTO_RETRY_ATTEMPTS = 1
WHEN
    SYSTEM$STREAM_HAS_DATA('<% ctx.env.database %>.RAW_DATA.STREAM_RAW_INVENTORY')
    OR SYSTEM$STREAM_HAS_DATA('<% ctx.env.database %>.STAGING.STREAM_STG_INVENTORY_HISTORY')
    OR SYSTEM$STREAM_HAS_DATA('<% ctx.env.database %>.STAGING.STREAM_STG_INVENTORY_CURRENT')
AS
    CALL OPS.RAW_TO_STAGING_INVENTORY();

-- Task 4.
CREATE OR ALTER TASK OPS.TASK_STAGING_TO_PROD_INVENTORY_HISTORY
    WAREHOUSE = <% ctx.env.warehouse %>
    TIMEZONE = 'UTC'
    TIMESTAMP_INPUT_FORMAT = 'AUTO'
    QUERY_TAG = 'caves-tasks'
    COMMENT = 'New adjustments to PRODUCTION.INVENTORY_HISTORY'
    AFTER OPS.TASK_RAW_TO_STAGING_INVENTORY
WHEN
    SYSTEM$STREAM_HAS_DATA('<% ctx.env.database %>.STAGING.STREAM_STG_INVENTORY_HISTORY')
    OR SYSTEM$STREAM_HAS_DATA('<% ctx.env.database %>.STAGING.STREAM_STG_INVENTORY_CURRENT')
AS
    CALL OPS.STAGING_TO_PROD_INVENTORY_HISTORY();

-- Task 5.
CREATE OR ALTER TASK OPS.TASK_STAGING_TO_PROD_INVENTORY_CURRENT
    WAREHOUSE = <% ctx.env.warehouse %>
    TIMEZONE = 'UTC'
    TIMESTAMP_INPUT_FORMAT = 'AUTO'
    QUERY_TAG = 'caves-tasks'
    COMMENT = 'Stock levels to PRODUCTION.INVENTORY_CURRENT'
    AFTER OPS.TASK_STAGING_TO_PROD_INVENTORY_HISTORY
WHEN
    SYSTEM$STREAM_HAS_DATA('<% ctx.env.database %>.STAGING.STREAM_STG_INVENTORY_CURRENT')
AS
    CALL OPS.STAGING_TO_PROD_INVENTORY_CURRENT();

-- At night in Paris. A purge works in chunks that are committed one by one: what the timeout cuts
-- short goes on the next night, hence no retry.
CREATE OR ALTER TASK OPS.TASK_PURGE
    WAREHOUSE = <% ctx.env.warehouse %>
    SCHEDULE = 'USING CRON 15 2 * * * UTC'
    TIMEZONE = 'UTC'
    TIMESTAMP_INPUT_FORMAT = 'AUTO'
    QUERY_TAG = 'caves-tasks'
    USER_TASK_TIMEOUT_MS = 3600000
    SUSPEND_TASK_AFTER_NUM_FAILURES = 10
    COMMENT = 'Old rows of RAW and STAGING, to OPS.RETENTION_LOG'
AS
    CALL OPS.PURGE(<% ctx.env.raw_retention_days %>, <% ctx.env.staging_retention_days %>);
