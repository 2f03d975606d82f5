-- What each role may do in the database. Tables are named one by one where a role needs some of a
-- schema's; they are never replaced, so the grants stay. Views, tasks and procedures come and go
-- with deployments: there FUTURE grants give what is to come, and COPY GRANTS keeps it.

USE DATABASE <% ctx.env.database %>;

-- The ingester: it may add to RAW and not read it, let alone change it. Its stage holds what it has
-- read from Kafka and not loaded yet.
GRANT USAGE ON DATABASE <% ctx.env.database %> TO ROLE <% ctx.env.database %>_INGESTER;
GRANT USAGE ON SCHEMA RAW_DATA TO ROLE <% ctx.env.database %>_INGESTER;
GRANT INSERT ON TABLE RAW_DATA.RAW_EVENTS_STREAM TO ROLE <% ctx.env.database %>_INGESTER;
GRANT INSERT ON TABLE RAW_DATA.REJECTED_EVENTS TO ROLE <% ctx.env.database %>_INGESTER;
GRANT SELECT, INSERT, UPDATE ON TABLE RAW_DATA.INGEST_OFFSETS
TO ROLE <% ctx.env.database %>_INGESTER;
GRANT READ, WRITE ON STAGE RAW_DATA.INGEST_FILES TO ROLE <% ctx.env.database %>_INGESTER;

-- The analyst: views read with their owner's rights, so no table has to be granted.
GRANT USAGE ON DATABASE <% ctx.env.database %> TO ROLE <% ctx.env.database %>_ANALYST;
GRANT USAGE ON SCHEMA ANALYTICS TO ROLE <% ctx.env.database %>_ANALYST;
GRANT SELECT ON ALL VIEWS IN SCHEMA ANALYTICS TO ROLE <% ctx.env.database %>_ANALYST;
GRANT SELECT ON FUTURE VIEWS IN SCHEMA ANALYTICS TO ROLE <% ctx.env.database %>_ANALYST;
GRANT USAGE ON ALL STREAMLITS IN SCHEMA ANALYTICS TO ROLE <% ctx.env.database %>_ANALYST;
GRANT USAGE ON FUTURE STREAMLITS IN SCHEMA ANALYTICS TO ROLE <% ctx.env.database %>_ANALYST;

-- The operator: how the pipeline is, and what decides about rejected events. Of the events' tables
-- it sees that they exist and how large they are (REFERENCES), and not what is in them.
GRANT USAGE ON DATABASE <% ctx.env.database %> TO ROLE <% ctx.env.database %>_OPERATOR;
GRANT USAGE ON SCHEMA RAW_DATA TO ROLE <% ctx.env.database %>_OPERATOR;
GRANT USAGE ON SCHEMA STAGING TO ROLE <% ctx.env.database %>_OPERATOR;
GRANT USAGE ON SCHEMA PRODUCTION TO ROLE <% ctx.env.database %>_OPERATOR;
GRANT USAGE ON SCHEMA OPS TO ROLE <% ctx.env.database %>_OPERATOR;
GRANT SELECT ON TABLE RAW_DATA.REJECTED_EVENTS TO ROLE <% ctx.env.database %>_OPERATOR;
GRANT SELECT ON TABLE RAW_DATA.INGEST_OFFSETS TO ROLE <% ctx.env.database %>_OPERATOR;
GRANT REFERENCES ON ALL TABLES IN DATABASE <% ctx.env.database %>
TO ROLE <% ctx.env.database %>_OPERATOR;
GRANT SELECT ON ALL TABLES IN SCHEMA OPS TO ROLE <% ctx.env.database %>_OPERATOR;
GRANT SELECT ON FUTURE TABLES IN SCHEMA OPS TO ROLE <% ctx.env.database %>_OPERATOR;
GRANT SELECT ON ALL VIEWS IN SCHEMA OPS TO ROLE <% ctx.env.database %>_OPERATOR;
GRANT SELECT ON FUTURE VIEWS IN SCHEMA OPS TO ROLE <% ctx.env.database %>_OPERATOR;
GRANT USAGE ON ALL PROCEDURES IN SCHEMA OPS TO ROLE <% ctx.env.database %>_OPERATOR;
GRANT USAGE ON FUTURE PROCEDURES IN SCHEMA OPS TO ROLE <% ctx.env.database %>_OPERATOR;
GRANT MONITOR, OPERATE ON ALL TASKS IN SCHEMA OPS TO ROLE <% ctx.env.database %>_OPERATOR;
GRANT MONITOR, OPERATE ON FUTURE TASKS IN SCHEMA OPS TO ROLE <% ctx.env.database %>_OPERATOR;
-- (sqlfluff does not know that alerts are granted on.)
GRANT MONITOR, OPERATE ON ALL ALERTS IN SCHEMA OPS -- noqa: PRS
TO ROLE <% ctx.env.database %>_OPERATOR;
GRANT MONITOR, OPERATE ON FUTURE ALERTS IN SCHEMA OPS -- noqa: PRS
TO ROLE <% ctx.env.database %>_OPERATOR;
-- To close an incident whose object is gone.
GRANT UPDATE ON TABLE OPS.ALERT_LOG TO ROLE <% ctx.env.database %>_OPERATOR;
-- Whether a stream has data; its rows would need SELECT on its table as well.
GRANT SELECT ON ALL STREAMS IN DATABASE <% ctx.env.database %>
TO ROLE <% ctx.env.database %>_OPERATOR;
GRANT SELECT ON FUTURE STREAMS IN DATABASE <% ctx.env.database %>
TO ROLE <% ctx.env.database %>_OPERATOR;
