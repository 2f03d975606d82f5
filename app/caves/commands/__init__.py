"""One module for each command, or for commands that share their flags: what each adds to the parser
(`add_to`), what it calls, what it prints, its exit code.

- `bootstrap`, `deploy`, `teardown`: an environment's beginning, its versions, its end;
- `status`, `logs`, `verify`, `cost`, `doctor`: what is the case, and change nothing;
- `tasks` (pause, resume, run), `reprocess`, `rejected`, `corrections` (void, withdraw), `forget`:
  what operators do to a pipeline that runs;
- `local` (demo, up), `broker`: the pipeline on this machine.

What is called stands in the package of its idea where others call it too, or in the command's own
module where nobody else does.
"""
