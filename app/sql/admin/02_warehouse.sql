-- What everybody who works needs in the account and of the warehouse. Nothing here changes the
-- warehouse, which may be somebody else's.

GRANT EXECUTE TASK ON ACCOUNT TO ROLE <% ctx.env.database %>_TASK_OWNER;
GRANT EXECUTE ALERT ON ACCOUNT TO ROLE <% ctx.env.database %>_TASK_OWNER;
-- The alert has no warehouse: it has to tell also when the warehouse cannot run any more.
-- (sqlfluff does not know this privilege.)
GRANT EXECUTE MANAGED ALERT ON ACCOUNT -- noqa: PRS
TO ROLE <% ctx.env.database %>_TASK_OWNER;
GRANT USAGE ON WAREHOUSE <% ctx.env.warehouse %> TO ROLE <% ctx.env.database %>_TASK_OWNER;
-- OPS.PIPELINE_HEALTH reads the warehouse's load, and answers for the role that asks it.
GRANT USAGE, MONITOR ON WAREHOUSE <% ctx.env.warehouse %> TO ROLE <% ctx.env.database %>_DEPLOYER;
GRANT USAGE ON WAREHOUSE <% ctx.env.warehouse %> TO ROLE <% ctx.env.database %>_INGESTER;
GRANT USAGE ON WAREHOUSE <% ctx.env.warehouse %> TO ROLE <% ctx.env.database %>_ANALYST;
GRANT USAGE, MONITOR ON WAREHOUSE <% ctx.env.warehouse %> TO ROLE <% ctx.env.database %>_OPERATOR;
