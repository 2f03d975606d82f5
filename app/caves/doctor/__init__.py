"""`caves doctor`: what the pipeline takes for granted about Snowflake, asked of an account.

- `assertion` is one such thing: its name, its page, what follows where it does not hold, its check;
  `findings` are what became of them.
- The assertions stand by subject: `installation`, `statements`, `json_values`, `transactions`,
  `streams`, `procedures`, `tasks`, `corrections`, `listings`, `rights`, `dashboard`.
- `scratch` makes what a run needs and drops it again; `environment` is what checks ask; `events`
  are the pipeline's input, and `ingestion` writes them.
- `record` keeps what Snowflake answered, and tells two such records apart.
- `elsewhere` says which assertions the local account cannot answer, and why.
- `examination` is a whole run.
"""
