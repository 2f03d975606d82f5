-- Incidents: what is wrong, since when, and what to do about it. One alert looks at the pipeline,
-- object by object, and calls the procedure that opens, refreshes and closes rows of OPS.ALERT_LOG.

USE DATABASE <% ctx.env.database %>;

-- PIPELINE_HEALTH, but for each task, stream and product; and two states of tasks that it has not:
-- a task whose last run failed, and a graph that does not run as a whole. VALUE is NULL, and STATUS
-- UNKNOWN, where there is nothing to measure. The state of tasks is TASK_DEPENDENTS', which unlike
-- SHOW TASKS may stand in a view; it answers for the role that reads the view, which has to own the
-- tasks, or to have MONITOR or OPERATE on them
-- (https://docs.snowflake.com/en/sql-reference/functions/task_dependents). Never read it in DML:
-- it reads the streams, and DML would move them.
CREATE OR REPLACE VIEW OPS.OBJECT_HEALTH
COPY GRANTS
COMMENT = 'Each metric of the pipeline for each object that it is about'
AS
WITH PROMISES AS (
    SELECT
        METRIC,
        VALUE,
        THRESHOLD,
        UNIT,
        DETAIL,
        ACTION
    FROM OPS.PIPELINE_HEALTH
),

TASKS AS (
    SELECT
        NAME,
        STATE,
        'TASK_RAW_TO_STAGING_ORDERS' AS ROOT_NAME
    FROM
        TABLE(
            INFORMATION_SCHEMA.TASK_DEPENDENTS(
                TASK_NAME => '<% ctx.env.database %>.OPS.TASK_RAW_TO_STAGING_ORDERS',
                RECURSIVE => TRUE
            )
        )
    UNION ALL
    SELECT
        NAME,
        STATE,
        'TASK_RAW_TO_STAGING_INVENTORY' AS ROOT_NAME
    FROM
        TABLE(
            INFORMATION_SCHEMA.TASK_DEPENDENTS(
                TASK_NAME => '<% ctx.env.database %>.OPS.TASK_RAW_TO_STAGING_INVENTORY',
                RECURSIVE => TRUE
            )
        )
    UNION ALL
    SELECT
        NAME,
        STATE,
        'TASK_PURGE' AS ROOT_NAME
    FROM
        TABLE(
            INFORMATION_SCHEMA.TASK_DEPENDENTS(
                TASK_NAME => '<% ctx.env.database %>.OPS.TASK_PURGE',
                RECURSIVE => TRUE
            )
        )
),

GRAPHS AS (
    SELECT
        ROOT_NAME,
        COUNT_IF(LOWER(STATE) <> 'started') AS SUSPENDED_TASKS,
        LISTAGG(IFF(LOWER(STATE) <> 'started', NAME, NULL), ', ') WITHIN GROUP (ORDER BY NAME)
            AS SUSPENDED_NAMES
    FROM TASKS
    GROUP BY ROOT_NAME
),

RUNS AS (
    SELECT
        NAME,
        COMPLETED_TIME,
        ERROR_MESSAGE,
        STATE <> 'SUCCEEDED' AS IS_FAILED,
        MAX(IFF(STATE = 'SUCCEEDED', COMPLETED_TIME, NULL)) OVER (PARTITION BY NAME)
            AS LAST_SUCCESS
    FROM OPS.TASK_RUNS
    WHERE STATE = 'SUCCEEDED' OR STATE LIKE 'FAILED%'
),

RELIABILITY AS (
    SELECT
        NAME,
        COUNT(*) AS RUN_COUNT,
        COUNT_IF(IS_FAILED) AS FAILED_RUNS,
        COUNT_IF(IS_FAILED AND (LAST_SUCCESS IS NULL OR COMPLETED_TIME > LAST_SUCCESS))
            AS FAILED_IN_A_ROW,
        MAX_BY(ERROR_MESSAGE, IFF(IS_FAILED, COMPLETED_TIME, NULL)) AS LAST_ERROR
    FROM RUNS
    GROUP BY NAME
),

WAITING AS (
    SELECT
        'RAW_DATA.STREAM_RAW_ORDERS' AS STREAM_NAME,
        COUNT(*) AS WAITING_ROWS
    FROM RAW_DATA.STREAM_RAW_ORDERS
    UNION ALL
    SELECT
        'RAW_DATA.STREAM_RAW_INVENTORY' AS STREAM_NAME,
        COUNT(*) AS WAITING_ROWS
    FROM RAW_DATA.STREAM_RAW_INVENTORY
    UNION ALL
    SELECT
        'STAGING.STREAM_STG_ORDERS' AS STREAM_NAME,
        COUNT(*) AS WAITING_ROWS
    FROM STAGING.STREAM_STG_ORDERS
    WHERE METADATA$ACTION = 'INSERT'
    UNION ALL
    SELECT
        'STAGING.STREAM_STG_INVENTORY_HISTORY' AS STREAM_NAME,
        COUNT(*) AS WAITING_ROWS
    FROM STAGING.STREAM_STG_INVENTORY_HISTORY
    WHERE METADATA$ACTION = 'INSERT'
    UNION ALL
    SELECT
        'STAGING.STREAM_STG_INVENTORY_CURRENT' AS STREAM_NAME,
        COUNT(*) AS WAITING_ROWS
    FROM STAGING.STREAM_STG_INVENTORY_CURRENT
    WHERE METADATA$ACTION = 'INSERT'
),

OBJECTS AS (
    SELECT
        METRIC,
        IFF(METRIC = 'WAREHOUSE_UTILISATION', UPPER('<% ctx.env.warehouse %>'), 'PIPELINE')
            AS OBJECT,
        VALUE,
        THRESHOLD,
        UNIT,
        DETAIL,
        ACTION
    FROM PROMISES
    WHERE METRIC IN ('PIPELINE_LATENCY', 'WAREHOUSE_UTILISATION')
    UNION ALL
    SELECT
        PROMISES.METRIC,
        INGESTER_SIGNS.TOPIC AS OBJECT,
        INGESTER_SIGNS.SILENT_SECONDS::FLOAT AS VALUE,
        PROMISES.THRESHOLD,
        PROMISES.UNIT,
        INGESTER_SIGNS.DETAIL,
        PROMISES.ACTION
    FROM OPS.INGESTER_SIGNS
    INNER JOIN PROMISES
        ON PROMISES.METRIC = 'INGEST_STALLED'
    UNION ALL
    SELECT
        PROMISES.METRIC,
        RELIABILITY.NAME AS OBJECT,
        (100 * RELIABILITY.FAILED_RUNS / RELIABILITY.RUN_COUNT)::FLOAT AS VALUE,
        PROMISES.THRESHOLD,
        PROMISES.UNIT,
        RELIABILITY.FAILED_RUNS::VARCHAR || ' of ' || RELIABILITY.RUN_COUNT::VARCHAR
        || ' runs of the last day' || COALESCE('; ' || RELIABILITY.LAST_ERROR, '') AS DETAIL,
        PROMISES.ACTION
    FROM RELIABILITY
    INNER JOIN PROMISES
        ON PROMISES.METRIC = 'TASK_FAILURES'
    UNION ALL
    SELECT
        'TASK_FAILED' AS METRIC,
        NAME AS OBJECT,
        FAILED_IN_A_ROW::FLOAT AS VALUE,
        0 AS THRESHOLD,
        'failed runs in a row' AS UNIT,
        COALESCE(LAST_ERROR, '') AS DETAIL,
        'Read the error, fix it, caves run' AS ACTION
    FROM RELIABILITY
    UNION ALL
    SELECT
        'TASKS_SUSPENDED' AS METRIC,
        ROOT_NAME AS OBJECT,
        SUSPENDED_TASKS::FLOAT AS VALUE,
        0 AS THRESHOLD,
        'tasks' AS UNIT,
        COALESCE(SUSPENDED_NAMES, '') AS DETAIL,
        'Fix the cause, then caves deploy --resume' AS ACTION
    FROM GRAPHS
    UNION ALL
    SELECT
        PROMISES.METRIC,
        WAITING.STREAM_NAME AS OBJECT,
        WAITING.WAITING_ROWS::FLOAT AS VALUE,
        PROMISES.THRESHOLD,
        PROMISES.UNIT,
        'rows that wait' AS DETAIL,
        PROMISES.ACTION
    FROM WAITING
    INNER JOIN PROMISES
        ON PROMISES.METRIC = 'STREAM_LAG'
    UNION ALL
    SELECT
        PROMISES.METRIC,
        INVENTORY_CURRENT.PRODUCT_ID AS OBJECT,
        INVENTORY_CURRENT.CURRENT_STOCK_LEVEL::FLOAT AS VALUE,
        '<% ctx.env.low_stock_threshold %>'::NUMBER(10, 0) AS THRESHOLD,
        'units' AS UNIT,
        COALESCE(INVENTORY_CURRENT.PRODUCT_NAME, '') AS DETAIL,
        PROMISES.ACTION
    FROM PRODUCTION.INVENTORY_CURRENT
    INNER JOIN PROMISES
        ON PROMISES.METRIC = 'LOW_STOCK'
)

-- Stock is breached below its threshold; failures and suspended tasks above 0; the others are
-- promises of less than a figure.
SELECT
    METRIC,
    OBJECT,
    VALUE,
    THRESHOLD,
    UNIT,
    CASE
        WHEN VALUE IS NULL THEN 'UNKNOWN'
        WHEN METRIC = 'LOW_STOCK' THEN IFF(VALUE < THRESHOLD, 'BREACH', 'OK')
        WHEN VALUE > THRESHOLD OR (THRESHOLD > 0 AND VALUE = THRESHOLD) THEN 'BREACH'
        ELSE 'OK'
    END AS STATUS,
    DETAIL,
    ACTION,
    SYSDATE() AS MEASURED_AT
FROM OBJECTS;

-- An alert is created suspended and CREATE OR ALTER leaves it as it is: 09_start.sql starts it, or
-- `caves deploy`, unless somebody had suspended it. It keeps trying whatever happens (no
-- SUSPEND_ALERT_AFTER_NUM_FAILURES): a message that could not be sent is a failed run, and no
-- reason to stop looking. What closed while nobody could be told is one to look, too. Full names:
-- an alert has no session whose current database one could rely on.
-- alert_warehouse: nothing, and then the alert is serverless, for it has to tell also of a
-- warehouse that its monitor has suspended. CREATE OR ALTER takes away a WAREHOUSE that is not
-- named (https://docs.snowflake.com/en/user-guide/alerts).
-- (sqlfluff knows CREATE ALERT, and not yet its OR ALTER.)
CREATE OR ALTER ALERT OPS.ALERT_INCIDENTS -- noqa: PRS
<% ctx.env.alert_warehouse %>
SCHEDULE = '<% ctx.env.alert_schedule %>'
COMMENT = 'Keeps OPS.ALERT_LOG: opens, refreshes and closes incidents, and tells of them'
IF (
    EXISTS (
        SELECT METRIC
        FROM <% ctx.env.database %>.OPS.OBJECT_HEALTH
        WHERE STATUS = 'BREACH'
        UNION ALL
        SELECT METRIC
        FROM <% ctx.env.database %>.OPS.ALERT_LOG
        WHERE
            CLOSED_AT IS NULL
            OR (
                '<% ctx.env.alert_email_integration %><% ctx.env.alert_webhook_integration %>' <> ''
                AND CLOSED_AT > DATEADD('day', -1, SYSDATE())
                AND (NOTIFIED_AT IS NULL OR NOTIFIED_AT < CLOSED_AT)
            )
    )
)
THEN
CALL <% ctx.env.database %>.OPS.UPDATE_INCIDENTS(
    '<% ctx.env.alert_email_integration %>',
    -- The one setting that may hold quotes: o'brien@example.com.
    '<% ctx.env.alert_recipients | replace("'", "''") %>',
    '<% ctx.env.alert_webhook_integration %>'
);
