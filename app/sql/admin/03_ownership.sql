-- The deployer owns the database and all that is in it, no matter who made it; grants that others
-- have stay. What it makes from now on is its own. Tasks and alerts follow in `caves bootstrap`,
-- which leaves those alone that it owns already: a change of owner suspends them. A Streamlit app
-- cannot change its owner: bootstrap drops another role's dashboard, and the next deployment makes
-- it.
-- https://docs.snowflake.com/en/sql-reference/sql/grant-ownership

GRANT OWNERSHIP ON DATABASE <% ctx.env.database %>
TO ROLE <% ctx.env.database %>_DEPLOYER COPY CURRENT GRANTS;
GRANT OWNERSHIP ON ALL SCHEMAS IN DATABASE <% ctx.env.database %>
TO ROLE <% ctx.env.database %>_DEPLOYER COPY CURRENT GRANTS;
GRANT OWNERSHIP ON ALL TABLES IN DATABASE <% ctx.env.database %>
TO ROLE <% ctx.env.database %>_DEPLOYER COPY CURRENT GRANTS;
GRANT OWNERSHIP ON ALL VIEWS IN DATABASE <% ctx.env.database %>
TO ROLE <% ctx.env.database %>_DEPLOYER COPY CURRENT GRANTS;
GRANT OWNERSHIP ON ALL STREAMS IN DATABASE <% ctx.env.database %>
TO ROLE <% ctx.env.database %>_DEPLOYER COPY CURRENT GRANTS;
GRANT OWNERSHIP ON ALL STAGES IN DATABASE <% ctx.env.database %>
TO ROLE <% ctx.env.database %>_DEPLOYER COPY CURRENT GRANTS;
GRANT OWNERSHIP ON ALL PROCEDURES IN DATABASE <% ctx.env.database %>
TO ROLE <% ctx.env.database %>_DEPLOYER COPY CURRENT GRANTS;
