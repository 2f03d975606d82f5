-- Deployed where mask_customers is on, which needs Snowflake's Enterprise Edition: a tag, and a
-- masking policy, on every column that holds a customer's id or address.
-- https://docs.snowflake.com/en/user-guide/security-column-intro
-- https://docs.snowflake.com/en/user-guide/object-tagging/introduction
--
-- INVOKER_ROLE is the owner of a procedure or a view that reads the column, and else the role of
-- the session (https://docs.snowflake.com/en/sql-reference/functions/invoker_role): the pipeline
-- and ANALYTICS go on, and who reads a table itself sees nothing of customers, except the deployer.

USE DATABASE <% ctx.env.database %>;

CREATE TAG IF NOT EXISTS OPS.PERSONAL_DATA
ALLOWED_VALUES 'customer id', 'address'
COMMENT = 'What a column tells of a customer';

CREATE MASKING POLICY IF NOT EXISTS OPS.CUSTOMERS_MASKED
AS (VALUE VARCHAR) RETURNS VARCHAR -> -- noqa: LT01
CASE WHEN INVOKER_ROLE() = '<% ctx.env.database %>_DEPLOYER' THEN VALUE END
COMMENT = 'Customers are for the pipeline and its views alone';

ALTER TABLE RAW_DATA.RAW_EVENTS_STREAM
ALTER COLUMN CUSTOMER_ID SET MASKING POLICY OPS.CUSTOMERS_MASKED FORCE;
ALTER TABLE RAW_DATA.RAW_EVENTS_STREAM
ALTER COLUMN CUSTOMER_ID SET TAG OPS.PERSONAL_DATA = 'customer id';

ALTER TABLE STAGING.STG_ORDERS
ALTER COLUMN CUSTOMER_ID SET MASKING POLICY OPS.CUSTOMERS_MASKED FORCE;
ALTER TABLE STAGING.STG_ORDERS
ALTER COLUMN CUSTOMER_ID SET TAG OPS.PERSONAL_DATA = 'customer id';
ALTER TABLE STAGING.STG_ORDERS
ALTER COLUMN SHIPPING_ADDRESS SET MASKING POLICY OPS.CUSTOMERS_MASKED FORCE;
ALTER TABLE STAGING.STG_ORDERS
ALTER COLUMN SHIPPING_ADDRESS SET TAG OPS.PERSONAL_DATA = 'address';

ALTER TABLE PRODUCTION.ORDERS
ALTER COLUMN CUSTOMER_ID SET MASKING POLICY OPS.CUSTOMERS_MASKED FORCE;
ALTER TABLE PRODUCTION.ORDERS
ALTER COLUMN CUSTOMER_ID SET TAG OPS.PERSONAL_DATA = 'customer id';
ALTER TABLE PRODUCTION.ORDERS
ALTER COLUMN SHIPPING_ADDRESS SET MASKING POLICY OPS.CUSTOMERS_MASKED FORCE;
ALTER TABLE PRODUCTION.ORDERS
ALTER COLUMN SHIPPING_ADDRESS SET TAG OPS.PERSONAL_DATA = 'address';
