-- Where the database and the warehouse exist, `caves deploy` leaves out the statements that create
-- them: they would need rights in the account, which a deployer has not.
--
-- The database, its schemas, the warehouse that runs the tasks, the stage that holds the
-- procedures' code. Can be run again at any time: it creates what is missing and changes nothing.

CREATE DATABASE IF NOT EXISTS <% ctx.env.database %>
COMMENT = 'Les Caves d''Albert: sales and stock events, from Kafka to production tables';

USE DATABASE <% ctx.env.database %>;

CREATE SCHEMA IF NOT EXISTS RAW_DATA
COMMENT = 'Events as they came from Kafka, and how far each partition has been read';

CREATE SCHEMA IF NOT EXISTS STAGING
COMMENT = 'Events with typed columns, duplicates included';

CREATE SCHEMA IF NOT EXISTS PRODUCTION
COMMENT = 'Orders and stock, one row per order, adjustment, product';

CREATE SCHEMA IF NOT EXISTS ANALYTICS
COMMENT = 'What analysts read';

CREATE SCHEMA IF NOT EXISTS OPS
COMMENT = 'What runs the pipeline: procedures, tasks, their code, health views';

-- Tasks come every minute and take seconds, so the warehouse sleeps after the shortest time that
-- costs no second start of 60 billed seconds. Its generation and query acceleration are named,
-- because Snowflake's defaults cost more and help large scans, which this pipeline does not make
-- (https://docs.snowflake.com/en/release-notes/bcr-bundles/2026_03/bcr-2250,
-- https://docs.snowflake.com/en/release-notes/bcr-bundles/2026_06/bcr-2373). A warehouse that
-- exists already keeps its settings. By its comment bootstrap and teardown know it again.
CREATE WAREHOUSE IF NOT EXISTS <% ctx.env.warehouse %>
WITH
WAREHOUSE_SIZE = 'XSMALL'
GENERATION = '<% ctx.env.warehouse_generation %>' -- noqa: PRS
ENABLE_QUERY_ACCELERATION = FALSE
AUTO_SUSPEND = 60
AUTO_RESUME = TRUE
INITIALLY_SUSPENDED = TRUE
COMMENT = 'Runs the pipeline of Les Caves d''Albert; made for <% ctx.env.database %>';

CREATE STAGE IF NOT EXISTS OPS.DEPLOYMENT
    COMMENT = 'The zipped code of the procedures, put here by snow snowpark deploy';
