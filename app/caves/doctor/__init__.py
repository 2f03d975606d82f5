"""`caves doctor`: what the pipeline relies on in Snowflake, tried on an account.

- `examination` is a whole run: it makes a `scratch` database, tries every assertion, and drops it;
- `assertion` is one thing that the pipeline relies on: a name, its page, what follows where it does
  not hold, its check; and what was found;
- the assertions by subject: `installation` (the dashboard included), `statements` (and values),
  `transactions`, `streams`, `procedures`, `operation` (tasks, alert, corrections), `listings`,
  `rights`. Each is a module because each is a part of Snowflake, read beside its own pages;
- checks ask through an `environment`; `events` are the input, written as the ingester does;
- `record` keeps what Snowflake answered, and says how two such records differ.
"""
