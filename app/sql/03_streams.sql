-- One stream per consumer. IF NOT EXISTS and never OR REPLACE: a replaced stream starts at now and
-- skips what it had not given out yet.

USE DATABASE <% ctx.env.database %>;

-- Append-only, because RAW only ever grows and its retention purges are nobody's news.
CREATE STREAM IF NOT EXISTS RAW_DATA.STREAM_RAW_ORDERS
ON TABLE RAW_DATA.RAW_EVENTS_STREAM
APPEND_ONLY = TRUE
COMMENT = 'New events for OPS.RAW_TO_STAGING_ORDERS';

CREATE STREAM IF NOT EXISTS RAW_DATA.STREAM_RAW_INVENTORY
ON TABLE RAW_DATA.RAW_EVENTS_STREAM
APPEND_ONLY = TRUE
COMMENT = 'New events for OPS.RAW_TO_STAGING_INVENTORY';

-- Standard: a row that is corrected in STAGING by hand is given out again, with its new values. The
-- laws decide what production makes of it. ORDERS takes it if its EVENT_TIMESTAMP or EVENT_ID is
-- greater than that of the event it shows; other columns alone it takes for one more delivery of
-- the same event, and leaves ORDERS as it is. INVENTORY_HISTORY has its ADJUSTMENT_ID already, and
-- stays. To correct what has been processed, fix the rule and call OPS.REPROCESS.
CREATE STREAM IF NOT EXISTS STAGING.STREAM_STG_ORDERS
ON TABLE STAGING.STG_ORDERS
COMMENT = 'New rows for OPS.STAGING_TO_PROD_ORDERS';

CREATE STREAM IF NOT EXISTS STAGING.STREAM_STG_INVENTORY_HISTORY
ON TABLE STAGING.STG_INVENTORY_ADJ
COMMENT = 'New rows for OPS.STAGING_TO_PROD_INVENTORY_HISTORY';

CREATE STREAM IF NOT EXISTS STAGING.STREAM_STG_INVENTORY_CURRENT
ON TABLE STAGING.STG_INVENTORY_ADJ
COMMENT = 'New rows for OPS.STAGING_TO_PROD_INVENTORY_CURRENT';
