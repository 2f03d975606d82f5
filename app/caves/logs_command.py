"""`caves logs`: flags and output."""

import argparse
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from app.caves import logs
from app.caves.errors import UsageError
from app.caves.flags import integer
from app.caves.moments import HELP, moment, now
from app.caves.screen import Screen
from app.caves.tabular import as_table
from app.caves.target import project_and_target

EPILOG = """\
What a run logged is in the account's event table where LOG_LEVEL of the database says so: log_level
in snowflake.yml, which `caves bootstrap` sets. Snowflake shows it some seconds later.

--json prints one object:
  runs   the newest first: STARTED (UTC), RUN, STATE, SECONDS, LOG
  note   why nothing is logged, or null
"""


def add_to(commands: Any, account_command: Callable[..., Any]) -> None:
    each = account_command(commands, "logs", run_logs)
    each.epilog, each.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    each.add_argument("--task", metavar="NAME", help="the runs of this task alone")
    each.add_argument("--since", type=moment, metavar="TIME", help=f"(a day ago) {HELP}")
    each.add_argument("--limit", type=integer, default=20, metavar="N", help="how many (20)")


def run_logs(arguments: argparse.Namespace, screen: Screen) -> int:
    if arguments.limit < 1:
        raise UsageError(f"--limit {arguments.limit} is less than 1")
    since = arguments.since or now() - timedelta(days=1)
    with project_and_target(arguments)[1].connect() as account:
        found, note = logs.runs(account, since, arguments.task, arguments.limit)
    if screen.as_json:
        screen.json({"runs": found, "note": note})
        return 0
    screen.results.print(as_table("Last runs (UTC)", found))
    if note:
        screen.progress(note)
    return 0
