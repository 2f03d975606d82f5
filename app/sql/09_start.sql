-- Start every task, roots last, and the alert. `caves deploy` does this itself, one by one, because
-- it leaves suspended what an operator had suspended before; by hand, this file is the last one.

USE DATABASE <% ctx.env.database %>;

ALTER TASK OPS.TASK_PURGE RESUME;
SELECT SYSTEM$TASK_DEPENDENTS_ENABLE('<% ctx.env.database %>.OPS.TASK_RAW_TO_STAGING_ORDERS');
SELECT SYSTEM$TASK_DEPENDENTS_ENABLE('<% ctx.env.database %>.OPS.TASK_RAW_TO_STAGING_INVENTORY');
ALTER ALERT IF EXISTS OPS.ALERT_INCIDENTS RESUME;
