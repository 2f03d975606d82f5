-- All tables, and the stage of the ingester's files. IF NOT EXISTS and never OR REPLACE: a replaced
-- table takes its rows along and leaves its streams stale. Later changes are additions by
-- ALTER TABLE … ADD COLUMN IF NOT EXISTS.
--
-- Every timestamp is TIMESTAMP_NTZ in UTC. Snowflake does not enforce primary keys: the procedures'
-- MERGEs keep them true. Tables with streams have change tracking from the start, so that roles
-- other than the owner may create streams.

USE DATABASE <% ctx.env.database %>;

CREATE TABLE IF NOT EXISTS RAW_DATA.RAW_EVENTS_STREAM (
    EVENT_ID VARCHAR COMMENT 'The event''s id, or topic-partition-offset where it has none',
    EVENT_TYPE VARCHAR COMMENT 'As it came; the known ones are in OPS.EVENT_KINDS',
    EVENT_TIMESTAMP TIMESTAMP_NTZ COMMENT 'When it happened; NULL if that cannot be read',
    PRODUCT_ID VARCHAR,
    CUSTOMER_ID VARCHAR,
    EVENT_DATA VARIANT COMMENT 'The whole message as it came',
    INGESTION_TIMESTAMP TIMESTAMP_NTZ COMMENT 'When the ingester wrote it',
    KAFKA_TOPIC VARCHAR,
    KAFKA_PARTITION NUMBER(10, 0),
    KAFKA_OFFSET NUMBER(19, 0),
    KAFKA_METADATA VARIANT COMMENT 'Key, timestamp, timestamp type, headers'
)
CHANGE_TRACKING = TRUE
COMMENT = 'Every event, once, append only';

CREATE TABLE IF NOT EXISTS RAW_DATA.INGEST_OFFSETS (
    TOPIC VARCHAR NOT NULL,
    PARTITION NUMBER(10, 0) NOT NULL,
    NEXT_OFFSET NUMBER(19, 0) COMMENT 'The first offset that is not yet in RAW_DATA',
    UPDATED_AT TIMESTAMP_NTZ,
    SKIPPED NUMBER(19, 0) COMMENT 'How many offsets below NEXT_OFFSET held no message',
    TOPIC_ID VARCHAR COMMENT 'Kafka''s id of the topic; a topic that was created again has another',
    LAST_MESSAGE_OFFSET NUMBER(19, 0) COMMENT 'The last message read here that had a timestamp',
    LAST_MESSAGE_MS NUMBER(19, 0) COMMENT 'Its timestamp in Kafka, in ms since 1970',
    SIGNS ARRAY COMMENT 'When nothing came: the last 72 signs of life, latest first',
    PRIMARY KEY (TOPIC, PARTITION)
)
COMMENT = 'How far each Kafka partition is read, written in one transaction with the rows';

CREATE STAGE IF NOT EXISTS RAW_DATA.INGEST_FILES
    COMMENT = 'Files of a backlog, from their upload by the ingester to the COMMIT of their rows';

ALTER TABLE RAW_DATA.INGEST_OFFSETS ADD COLUMN IF NOT EXISTS
SKIPPED NUMBER(19, 0) COMMENT 'How many offsets below NEXT_OFFSET held no message';
ALTER TABLE RAW_DATA.INGEST_OFFSETS ADD COLUMN IF NOT EXISTS
TOPIC_ID VARCHAR COMMENT 'Kafka''s id of the topic; a topic that was created again has another';
ALTER TABLE RAW_DATA.INGEST_OFFSETS ADD COLUMN IF NOT EXISTS
LAST_MESSAGE_OFFSET NUMBER(19, 0) COMMENT 'The last message read here that had a timestamp';
ALTER TABLE RAW_DATA.INGEST_OFFSETS ADD COLUMN IF NOT EXISTS
LAST_MESSAGE_MS NUMBER(19, 0) COMMENT 'Its timestamp in Kafka, in ms since 1970';
ALTER TABLE RAW_DATA.INGEST_OFFSETS ADD COLUMN IF NOT EXISTS
SIGNS ARRAY COMMENT 'When nothing came: the last 72 signs of life, latest first';

CREATE TABLE IF NOT EXISTS RAW_DATA.REJECTED_EVENTS (
    REJECTED_AT TIMESTAMP_NTZ,
    STAGE VARCHAR COMMENT 'INGEST: no JSON object; STAGING: an event that breaks a rule',
    REASON VARCHAR COMMENT 'Field and rule, then a colon and the value',
    EVENT_ID VARCHAR,
    EVENT_TYPE VARCHAR,
    PAYLOAD VARCHAR COMMENT 'The message as text; base64 where it is not UTF-8',
    PAYLOAD_ENCODING VARCHAR COMMENT 'utf-8 or base64',
    KAFKA_TOPIC VARCHAR,
    KAFKA_PARTITION NUMBER(10, 0),
    KAFKA_OFFSET NUMBER(19, 0),
    STATUS VARCHAR COMMENT 'OPEN, RETRIED or DISCARDED',
    DECIDED_AT TIMESTAMP_NTZ COMMENT 'When it ceased to be OPEN',
    NOTE VARCHAR COMMENT 'The note of the person who discarded it',
    KAFKA_METADATA VARIANT COMMENT 'Key, timestamp, timestamp type, headers; of the stage INGEST'
)
COMMENT = 'What could not be taken, with the reason, until somebody decides';

ALTER TABLE RAW_DATA.REJECTED_EVENTS ADD COLUMN IF NOT EXISTS
DECIDED_AT TIMESTAMP_NTZ COMMENT 'When it ceased to be OPEN';
ALTER TABLE RAW_DATA.REJECTED_EVENTS ADD COLUMN IF NOT EXISTS
NOTE VARCHAR COMMENT 'The note of the person who discarded it';
ALTER TABLE RAW_DATA.REJECTED_EVENTS ADD COLUMN IF NOT EXISTS
KAFKA_METADATA VARIANT COMMENT 'Key, timestamp, timestamp type, headers; of the stage INGEST';

CREATE TABLE IF NOT EXISTS STAGING.STG_ORDERS (
    EVENT_ID VARCHAR,
    EVENT_TIMESTAMP TIMESTAMP_NTZ,
    ORDER_ID VARCHAR,
    CUSTOMER_ID VARCHAR,
    PRODUCT_ID VARCHAR,
    PRODUCT_NAME VARCHAR,
    PRODUCT_CATEGORY VARCHAR,
    QUANTITY NUMBER(10, 0),
    UNIT_PRICE NUMBER(10, 2),
    TOTAL_AMOUNT NUMBER(12, 2),
    PAYMENT_METHOD VARCHAR,
    SHIPPING_ADDRESS VARCHAR,
    INGESTION_TIMESTAMP TIMESTAMP_NTZ,
    KAFKA_TOPIC VARCHAR,
    KAFKA_PARTITION NUMBER(10, 0),
    KAFKA_OFFSET NUMBER(19, 0)
)
CHANGE_TRACKING = TRUE
COMMENT = 'Valid order events with typed columns, duplicates included';

CREATE TABLE IF NOT EXISTS STAGING.STG_INVENTORY_ADJ (
    EVENT_ID VARCHAR,
    EVENT_TIMESTAMP TIMESTAMP_NTZ,
    ADJUSTMENT_ID VARCHAR,
    PRODUCT_ID VARCHAR,
    PRODUCT_NAME VARCHAR,
    PRODUCT_CATEGORY VARCHAR,
    ADJUSTMENT_TYPE VARCHAR,
    QUANTITY_CHANGE NUMBER(10, 0),
    NEW_STOCK_LEVEL NUMBER(10, 0),
    REASON VARCHAR,
    WAREHOUSE_LOCATION VARCHAR,
    INGESTION_TIMESTAMP TIMESTAMP_NTZ,
    KAFKA_TOPIC VARCHAR,
    KAFKA_PARTITION NUMBER(10, 0),
    KAFKA_OFFSET NUMBER(19, 0)
)
CHANGE_TRACKING = TRUE
COMMENT = 'Valid stock adjustments with typed columns, duplicates included';

CREATE TABLE IF NOT EXISTS PRODUCTION.ORDERS (
    ORDER_ID VARCHAR NOT NULL,
    ORDER_DATE DATE COMMENT 'The day in UTC',
    ORDER_TIMESTAMP TIMESTAMP_NTZ,
    CUSTOMER_ID VARCHAR,
    PRODUCT_ID VARCHAR,
    PRODUCT_NAME VARCHAR,
    PRODUCT_CATEGORY VARCHAR,
    QUANTITY NUMBER(10, 0),
    UNIT_PRICE NUMBER(10, 2),
    TOTAL_AMOUNT NUMBER(12, 2) COMMENT 'As it came, discounts included',
    PAYMENT_METHOD VARCHAR,
    SHIPPING_ADDRESS VARCHAR,
    CREATED_AT TIMESTAMP_NTZ,
    UPDATED_AT TIMESTAMP_NTZ,
    EVENT_ID VARCHAR COMMENT 'The event that this row shows, the way back to RAW_DATA',
    PRIMARY KEY (ORDER_ID)
)
COMMENT = 'Each order as its latest event tells it';

CREATE TABLE IF NOT EXISTS PRODUCTION.INVENTORY_CURRENT (
    PRODUCT_ID VARCHAR NOT NULL,
    PRODUCT_NAME VARCHAR,
    PRODUCT_CATEGORY VARCHAR,
    -- Wider than the adjustments, because it is a sum of them: no event may ever overflow it.
    CURRENT_STOCK_LEVEL NUMBER(38, 0),
    LAST_ADJ_TIMESTAMP TIMESTAMP_NTZ,
    WAREHOUSE_LOCATION VARCHAR,
    UPDATED_AT TIMESTAMP_NTZ,
    PRIMARY KEY (PRODUCT_ID)
)
COMMENT = 'The stock of each product, recomputed from INVENTORY_HISTORY';

CREATE TABLE IF NOT EXISTS PRODUCTION.INVENTORY_HISTORY (
    ADJUSTMENT_ID VARCHAR NOT NULL,
    ADJUSTMENT_DATE DATE COMMENT 'The day in UTC',
    ADJUSTMENT_TIMESTAMP TIMESTAMP_NTZ,
    PRODUCT_ID VARCHAR,
    PRODUCT_NAME VARCHAR,
    PRODUCT_CATEGORY VARCHAR,
    ADJUSTMENT_TYPE VARCHAR,
    QUANTITY_CHANGE NUMBER(10, 0),
    NEW_STOCK_LEVEL NUMBER(10, 0) COMMENT 'The counted stock after it, where somebody counted',
    REASON VARCHAR,
    WAREHOUSE_LOCATION VARCHAR,
    CREATED_AT TIMESTAMP_NTZ,
    EVENT_ID VARCHAR COMMENT 'The event it came with, the way back to RAW_DATA',
    VOIDS_ADJUSTMENT_ID VARCHAR COMMENT 'The adjustment that this entry makes void, if it does',
    PRIMARY KEY (ADJUSTMENT_ID)
)
COMMENT = 'Every stock adjustment once, insert only';

ALTER TABLE PRODUCTION.INVENTORY_HISTORY ADD COLUMN IF NOT EXISTS
VOIDS_ADJUSTMENT_ID VARCHAR COMMENT 'The adjustment that this entry makes void, if it does';

-- What the procedures read of snowflake.yml; a view, for each deployment replaces it.
CREATE OR REPLACE VIEW OPS.EVENT_LIMITS
COPY GRANTS
COMMENT = 'How far in the future of its ingestion an event may be'
AS
SELECT '<% ctx.env.max_event_future_seconds %>'::NUMBER(10, 0) AS MAX_FUTURE_SECONDS;

-- procedures/event_kinds.py as views; `make events` writes them.
CREATE OR REPLACE VIEW OPS.EVENT_KINDS
COPY GRANTS
COMMENT = 'The types of event that are known, and their tables'
AS
SELECT
    EVENT_TYPE,
    STREAM_NAME,
    STAGING_TABLE,
    PRODUCTION_TABLE,
    KEY_COLUMN
FROM (
    VALUES
    (
        'ORDER_CREATED',
        'RAW_DATA.STREAM_RAW_ORDERS',
        'STAGING.STG_ORDERS',
        'PRODUCTION.ORDERS',
        'ORDER_ID'
    ),
    (
        'ORDER_CANCELLED',
        'RAW_DATA.STREAM_RAW_ORDERS',
        'STAGING.STG_ORDER_CANCELLATIONS',
        NULL,
        'ORDER_ID'
    ),
    (
        'INVENTORY_ADJUSTED',
        'RAW_DATA.STREAM_RAW_INVENTORY',
        'STAGING.STG_INVENTORY_ADJ',
        'PRODUCTION.INVENTORY_HISTORY',
        'ADJUSTMENT_ID'
    )
) AS KNOWN (EVENT_TYPE, STREAM_NAME, STAGING_TABLE, PRODUCTION_TABLE, KEY_COLUMN);

CREATE OR REPLACE VIEW OPS.EVENT_FIELDS
COPY GRANTS
COMMENT = 'What each type of event says, and in which columns; synonyms have blanks between them'
AS
SELECT
    EVENT_TYPE,
    FIELD_NAME,
    SYNONYMS,
    STAGING_COLUMN,
    PRODUCTION_COLUMN
FROM (
    VALUES
    ('ORDER_CREATED', 'event_id', '', 'EVENT_ID', 'EVENT_ID'),
    ('ORDER_CREATED', 'event_timestamp', 'event_ts', 'EVENT_TIMESTAMP', 'ORDER_TIMESTAMP'),
    ('ORDER_CREATED', 'order_id', 'order_line_id', 'ORDER_ID', 'ORDER_ID'),
    ('ORDER_CREATED', 'customer_id', '', 'CUSTOMER_ID', 'CUSTOMER_ID'),
    ('ORDER_CREATED', 'product_id', '', 'PRODUCT_ID', 'PRODUCT_ID'),
    ('ORDER_CREATED', 'product_name', '', 'PRODUCT_NAME', 'PRODUCT_NAME'),
    ('ORDER_CREATED', 'product_category', 'category', 'PRODUCT_CATEGORY', 'PRODUCT_CATEGORY'),
    ('ORDER_CREATED', 'quantity', '', 'QUANTITY', 'QUANTITY'),
    ('ORDER_CREATED', 'unit_price', '', 'UNIT_PRICE', 'UNIT_PRICE'),
    ('ORDER_CREATED', 'total_amount', 'total_price', 'TOTAL_AMOUNT', 'TOTAL_AMOUNT'),
    ('ORDER_CREATED', 'payment_method', '', 'PAYMENT_METHOD', 'PAYMENT_METHOD'),
    ('ORDER_CREATED', 'shipping_address', '', 'SHIPPING_ADDRESS', 'SHIPPING_ADDRESS'),
    ('ORDER_CANCELLED', 'event_id', '', 'EVENT_ID', NULL),
    ('ORDER_CANCELLED', 'event_timestamp', 'event_ts', 'EVENT_TIMESTAMP', NULL),
    ('ORDER_CANCELLED', 'order_id', 'order_line_id', 'ORDER_ID', NULL),
    ('ORDER_CANCELLED', 'reason', '', 'REASON', NULL),
    ('INVENTORY_ADJUSTED', 'event_id', '', 'EVENT_ID', 'EVENT_ID'),
    (
        'INVENTORY_ADJUSTED',
        'event_timestamp',
        'event_ts',
        'EVENT_TIMESTAMP',
        'ADJUSTMENT_TIMESTAMP'
    ),
    ('INVENTORY_ADJUSTED', 'adjustment_id', '', 'ADJUSTMENT_ID', 'ADJUSTMENT_ID'),
    ('INVENTORY_ADJUSTED', 'product_id', '', 'PRODUCT_ID', 'PRODUCT_ID'),
    ('INVENTORY_ADJUSTED', 'product_name', '', 'PRODUCT_NAME', 'PRODUCT_NAME'),
    ('INVENTORY_ADJUSTED', 'product_category', 'category', 'PRODUCT_CATEGORY', 'PRODUCT_CATEGORY'),
    ('INVENTORY_ADJUSTED', 'adjustment_type', '', 'ADJUSTMENT_TYPE', 'ADJUSTMENT_TYPE'),
    ('INVENTORY_ADJUSTED', 'quantity_change', '', 'QUANTITY_CHANGE', 'QUANTITY_CHANGE'),
    ('INVENTORY_ADJUSTED', 'new_stock_level', '', 'NEW_STOCK_LEVEL', 'NEW_STOCK_LEVEL'),
    ('INVENTORY_ADJUSTED', 'reason', '', 'REASON', 'REASON'),
    ('INVENTORY_ADJUSTED', 'warehouse_location', '', 'WAREHOUSE_LOCATION', 'WAREHOUSE_LOCATION')
) AS KNOWN (EVENT_TYPE, FIELD_NAME, SYNONYMS, STAGING_COLUMN, PRODUCTION_COLUMN);

-- End of what `make events` writes.

-- Retrying, discarding, reprocessing and purging take turns: each begins with an UPDATE of the one
-- row here, so a second call waits there until the first has committed.
CREATE TABLE IF NOT EXISTS OPS.REPAIR_LOCK (
    TURNS NUMBER(19, 0),
    TAKEN_AT TIMESTAMP_NTZ
)
COMMENT = 'One row, which whatever repairs or purges updates first';

INSERT INTO OPS.REPAIR_LOCK (TURNS)
SELECT 0 AS TURNS
WHERE NOT EXISTS (SELECT 1 FROM OPS.REPAIR_LOCK);

-- Insert only, as the history is.
CREATE TABLE IF NOT EXISTS OPS.WITHDRAWN_ORDER_EVENTS (
    ORDER_ID VARCHAR NOT NULL,
    EVENT_ID VARCHAR NOT NULL,
    EVENT_TIMESTAMP TIMESTAMP_NTZ NOT NULL,
    WITHDRAWN_AT TIMESTAMP_NTZ,
    NOTE VARCHAR COMMENT 'Who withdrew it, and why',
    PRIMARY KEY (ORDER_ID, EVENT_ID, EVENT_TIMESTAMP)
)
COMMENT = 'Order events that ORDERS does not show, whenever they come';

-- Not in OPS, whose tables the operator reads: anyone who knows an id could ask whether it is here.
CREATE TABLE IF NOT EXISTS RAW_DATA.FORGOTTEN_CUSTOMERS (
    FORGOTTEN_AT TIMESTAMP_NTZ,
    ASKED_BY VARCHAR COMMENT 'The user, or OPS.PURGE for what came in later',
    SALT VARCHAR,
    ID_HASH VARCHAR COMMENT 'SHA-256 of SALT and the customer''s id, in hexadecimal digits',
    ROW_COUNTS VARIANT COMMENT 'How many rows of each table were redacted'
)
COMMENT = 'Every customer who was forgotten, without the id';

-- Cancellations are few, so production is a view of them, and they are not purged from STAGING. One
-- may come before its order.
CREATE TABLE IF NOT EXISTS STAGING.STG_ORDER_CANCELLATIONS (
    EVENT_ID VARCHAR,
    EVENT_TIMESTAMP TIMESTAMP_NTZ,
    ORDER_ID VARCHAR,
    REASON VARCHAR,
    INGESTION_TIMESTAMP TIMESTAMP_NTZ,
    KAFKA_TOPIC VARCHAR,
    KAFKA_PARTITION NUMBER(10, 0),
    KAFKA_OFFSET NUMBER(19, 0)
)
CHANGE_TRACKING = TRUE
COMMENT = 'Valid cancellations of orders with typed columns, duplicates included';

CREATE OR REPLACE VIEW PRODUCTION.ORDER_CANCELLATIONS
COPY GRANTS
COMMENT = 'From when on each cancelled order is cancelled, withdrawn events left out'
AS
SELECT
    CANCELLED.ORDER_ID,
    CANCELLED.EVENT_TIMESTAMP AS CANCELLED_AT,
    CANCELLED.REASON,
    CANCELLED.EVENT_ID
FROM STAGING.STG_ORDER_CANCELLATIONS AS CANCELLED
LEFT JOIN OPS.WITHDRAWN_ORDER_EVENTS AS WITHDRAWN
    ON
        CANCELLED.ORDER_ID = WITHDRAWN.ORDER_ID
        AND CANCELLED.EVENT_ID = WITHDRAWN.EVENT_ID
        AND CANCELLED.EVENT_TIMESTAMP = WITHDRAWN.EVENT_TIMESTAMP
WHERE WITHDRAWN.ORDER_ID IS NULL
QUALIFY ROW_NUMBER() OVER (
    PARTITION BY CANCELLED.ORDER_ID
    ORDER BY CANCELLED.EVENT_TIMESTAMP, CANCELLED.EVENT_ID, CANCELLED.KAFKA_OFFSET
) = 1;

-- The laws judge what is above a partition's last purge, and production from INGESTED_BEFORE on.
CREATE TABLE IF NOT EXISTS OPS.RETENTION_LOG (
    PURGED_AT TIMESTAMP_NTZ COMMENT 'When the purge began: the same for all that it deleted',
    TABLE_NAME VARCHAR,
    KAFKA_TOPIC VARCHAR,
    KAFKA_PARTITION NUMBER(10, 0),
    ROW_COUNT NUMBER(19, 0) COMMENT 'How many rows of this partition went in one chunk',
    FROM_OFFSET NUMBER(19, 0) COMMENT 'The lowest offset among them',
    TO_OFFSET NUMBER(19, 0) COMMENT 'The highest offset among them',
    INGESTED_BEFORE TIMESTAMP_NTZ COMMENT 'All of them were ingested before this moment'
)
COMMENT = 'What OPS.PURGE deleted, in one transaction with the deletion';

-- An incident is open while CLOSED_AT is NULL; a metric has one open incident for each object.
CREATE TABLE IF NOT EXISTS OPS.ALERT_LOG (
    INCIDENT_ID VARCHAR,
    METRIC VARCHAR COMMENT 'As in OPS.OBJECT_HEALTH',
    OBJECT VARCHAR COMMENT 'The task, stream, warehouse or product that it is about',
    OPENED_AT TIMESTAMP_NTZ,
    LAST_SEEN_AT TIMESTAMP_NTZ COMMENT 'When the metric was last found breached',
    CLOSED_AT TIMESTAMP_NTZ COMMENT 'When it was found kept again',
    VALUE FLOAT COMMENT 'What was measured at LAST_SEEN_AT',
    THRESHOLD FLOAT,
    UNIT VARCHAR,
    DETAIL VARCHAR,
    ACTION VARCHAR COMMENT 'What to do about it',
    NOTIFIED_AT TIMESTAMP_NTZ COMMENT 'When people were last told: of the opening, of the closing'
)
COMMENT = 'Every incident of the pipeline, written by OPS.UPDATE_INCIDENTS';

CREATE TABLE IF NOT EXISTS OPS.ALERT_LOCK (
    TURNS NUMBER(19, 0),
    TAKEN_AT TIMESTAMP_NTZ
)
COMMENT = 'One row, which OPS.UPDATE_INCIDENTS updates first: no incident is opened twice';

INSERT INTO OPS.ALERT_LOCK (TURNS)
SELECT 0 AS TURNS
WHERE NOT EXISTS (SELECT 1 FROM OPS.ALERT_LOCK);

-- What `caves deploy` compares with, and what it puts back.
CREATE TABLE IF NOT EXISTS OPS.DEPLOYMENT_LOG (
    DEPLOYMENT_ID VARCHAR NOT NULL,
    STARTED_AT TIMESTAMP_NTZ,
    FINISHED_AT TIMESTAMP_NTZ,
    DEPLOYED_BY VARCHAR COMMENT 'The user',
    REVISION VARCHAR COMMENT 'The project''s version: git describe',
    OUTCOME VARCHAR COMMENT 'RUNNING, DONE, or FAILED with the tasks put back',
    FAILURE VARCHAR COMMENT 'The step that failed, and why',
    SETTINGS VARIANT COMMENT 'The env section of snowflake.yml as it was deployed',
    TASKS_BEFORE VARIANT COMMENT 'Task to true, where it was started before, or false',
    OBJECTS_AFTER VARIANT COMMENT 'Object to its digest, and to what SHOW said of it afterwards',
    PRIMARY KEY (DEPLOYMENT_ID)
)
COMMENT = 'Every deployment: when, who, which version, with which end';
