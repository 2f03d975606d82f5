"""The `caves` command, from the outside in.

- `cli` is the program: parser, completion, errors, signals; `commands/` has a module for each
  command, with its flags, its call and its output.
- What the commands call: `deployment/` brings an account up to the project, `operations/` works on
  a pipeline that runs, `status/` and `laws/` read it, `doctor/` tries an account out, `machine/`
  runs everything on this machine; `cost_inputs` measures what `cost_model` computes with.
- What all of these stand on: `target` is the account and its database, `kafka` the topic, `objects`
  the names that `statements` finds in app/sql, `project` the checkout and `settings` its
  snowflake.yml.
- How it speaks: `screen` with `tables`, made safe for terminals by `harmless`; `flags` are the
  types of the arguments, `errors` what stops a command, `interrupts` the signals.
"""
