"""What `caves bootstrap`, `deploy`, `pause`, `resume` and `teardown` do with an account.

- `desired_state` is what the project declares, read from app/sql by `statements` and from
  snowflake.yml; `live` is what the account has; `log` what earlier deployments left there;
- `plan` compares the three, `obsolete` finds what the project no longer has;
- `deploy` carries it out in `steps`, which are calls of `snow`, with `checks` before and after;
- `tasks` suspends tasks and alerts, and starts them again; `dashboard` makes room for it;
- `bootstrap` is the administrator's part, `warehouse` whose warehouse it is, `teardown` the end.
"""
