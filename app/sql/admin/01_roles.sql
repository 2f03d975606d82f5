-- The environment's roles. They carry the database's name, so that those of another environment
-- reach nothing here. SYSADMIN inherits them, as Snowflake recommends for every role of one's own.

CREATE ROLE IF NOT EXISTS <% ctx.env.database %>_DEPLOYER
COMMENT = 'Owns the pipeline: caves deploy, pause, resume, run, teardown';

CREATE ROLE IF NOT EXISTS <% ctx.env.database %>_TASK_OWNER
COMMENT = 'What the owner of tasks and alerts needs to run them';

CREATE ROLE IF NOT EXISTS <% ctx.env.database %>_INGESTER
COMMENT = 'Writes RAW, its rejects and its offsets; reads the offsets alone';

CREATE ROLE IF NOT EXISTS <% ctx.env.database %>_ANALYST
COMMENT = 'Reads the views of ANALYTICS and opens the dashboard';

CREATE ROLE IF NOT EXISTS <% ctx.env.database %>_OPERATOR
COMMENT = 'Watches and runs the tasks, decides about rejected events, reprocesses';

GRANT ROLE <% ctx.env.database %>_TASK_OWNER TO ROLE <% ctx.env.database %>_DEPLOYER;
GRANT ROLE <% ctx.env.database %>_DEPLOYER TO ROLE SYSADMIN;
GRANT ROLE <% ctx.env.database %>_INGESTER TO ROLE SYSADMIN;
GRANT ROLE <% ctx.env.database %>_ANALYST TO ROLE SYSADMIN;
GRANT ROLE <% ctx.env.database %>_OPERATOR TO ROLE SYSADMIN;
