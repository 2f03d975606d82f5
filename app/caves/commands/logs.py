"""`caves logs`: the tasks' history, and beside each run what its procedure logged."""

import argparse
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from snowflake.connector.errors import ProgrammingError

from app.caves.errors import UsageError, python_reason
from app.caves.flags import TIME_FORMS, in_utc, integer, moment, now
from app.caves.screen import Screen
from app.caves.status.readings import seconds
from app.caves.tables import as_table
from app.caves.target import Account, Row, is_missing, project_and_target

EPILOG = """\
What a run logged is in the account's event table where LOG_LEVEL of the database says so: log_level
in snowflake.yml, which `caves bootstrap` sets. Snowflake shows it some seconds later. Of a run that
failed the table shows the exception; --debug prints its whole traceback, and --json has it, too.

--json prints one object:
  runs   the newest first: STARTED (UTC), RUN, STATE, SECONDS, LOG, ERROR (the whole text)
  note   why nothing is logged, or null
"""


RUNS = """
SELECT NAME, STATE, QUERY_START_TIME, COMPLETED_TIME, ERROR_MESSAGE, QUERY_ID
FROM {db}.OPS.TASK_RUNS
WHERE QUERY_START_TIME >= ? AND (? IS NULL OR NAME = ?)
ORDER BY QUERY_START_TIME DESC
LIMIT ?
"""
# The account's own event table, through the view that can be granted
# (https://docs.snowflake.com/en/developer-guide/logging-tracing/event-table-setting-up).
MESSAGES = """
SELECT
    TIMESTAMP AS LOGGED_AT,
    RECORD['severity_text']::VARCHAR AS SEVERITY,
    VALUE::VARCHAR AS MESSAGE,
    SPLIT_PART(RESOURCE_ATTRIBUTES['snow.executable.name']::VARCHAR, '(', 1) AS NAME,
    RESOURCE_ATTRIBUTES['snow.query.id']::VARCHAR AS QUERY_ID
FROM SNOWFLAKE.TELEMETRY.EVENTS_VIEW
WHERE
    RECORD_TYPE = 'LOG'
    AND RESOURCE_ATTRIBUTES['snow.database.name']::VARCHAR = ?
    AND SCOPE['name']::VARCHAR = 'caves'
    AND TIMESTAMP >= ?
ORDER BY TIMESTAMP
"""
UNREADABLE = (
    "this role cannot read the event table: an administrator grants it, GRANT APPLICATION ROLE"
    " SNOWFLAKE.EVENTS_VIEWER"
)
NOTHING = (
    "nothing is logged: LOG_LEVEL of the database is not set (log_level in snowflake.yml, then"
    " `caves bootstrap`), or the event table does not show it yet"
)


def add_to(commands: Any, account_command: Callable[..., Any]) -> None:
    each = account_command(commands, "logs", run_logs)
    each.epilog, each.formatter_class = EPILOG, argparse.RawDescriptionHelpFormatter
    each.add_argument("--task", metavar="NAME", help="the runs of this task alone")
    each.add_argument("--since", type=moment, metavar="TIME", help=f"(a day ago) {TIME_FORMS}")
    each.add_argument("--limit", type=integer, default=20, metavar="N", help="how many (20)")


def run_logs(arguments: argparse.Namespace, screen: Screen) -> int:
    if arguments.limit < 1:
        raise UsageError(f"--limit {arguments.limit} is less than 1")
    since = arguments.since or now() - timedelta(days=1)
    with project_and_target(arguments)[1].connect() as account:
        found, note = runs(account, since, arguments.task, arguments.limit)
    if screen.as_json:
        screen.json({"runs": found, "note": note})
        return 0
    if arguments.debug:
        for each in found:
            screen.results.print(f"{each['STARTED']} {each['RUN']} {each['STATE']}", style="bold")
            text = "\n".join(filter(None, [each["LOG"], each["ERROR"]]))
            screen.results.print(text, markup=False, soft_wrap=True)
        return 0
    rows = [{name: each[name] for name in each if name != "ERROR"} for each in found]
    screen.results.print(as_table("Last runs (UTC)", rows))
    if note:
        screen.progress(note)
    return 0


def runs(
    account: Account, since: datetime, task: str | None, limit: int
) -> tuple[list[Row], str | None]:
    """The last runs, the newest first: STARTED (UTC), RUN (a task, or a procedure that somebody
    called), STATE, SECONDS, LOG, which is what it logged, or else why it failed, ERROR, which is
    the whole text of that. And why nothing was logged, where that is so."""
    name = task.upper() if task else None
    history = account.rows(RUNS, (since.isoformat(" "), name, name, limit))
    try:
        messages = account.rows(MESSAGES, (account.database, since.isoformat(" ")))
    except ProgrammingError as error:
        if not is_missing(error):
            raise
        return [_described(run, []) for run in history], UNREADABLE
    of_task = {run["QUERY_ID"] for run in history}
    found = [
        _described(run, [each for each in messages if each["QUERY_ID"] == run["QUERY_ID"]])
        for run in history
    ]
    if name is None:
        found += [_called(each) for each in messages if each["QUERY_ID"] not in of_task]
    found.sort(key=lambda row: str(row["STARTED"]), reverse=True)
    return found[:limit], None if messages else NOTHING


def _described(run: Row, messages: Sequence[Row]) -> Row:
    logged = "; ".join(str(each["MESSAGE"]) for each in messages)
    return {
        "STARTED": in_utc(run["QUERY_START_TIME"]),
        "RUN": run["NAME"],
        "STATE": run["STATE"],
        "SECONDS": seconds(run),
        "LOG": logged or (run["ERROR_MESSAGE"] and python_reason(run["ERROR_MESSAGE"])),
        "ERROR": run["ERROR_MESSAGE"],
    }


def _called(message: Row) -> Row:
    failed = message["SEVERITY"] in ("ERROR", "FATAL")
    return {
        "STARTED": message["LOGGED_AT"],
        "RUN": message["NAME"],
        "STATE": "FAILED" if failed else "SUCCEEDED",
        "SECONDS": None,
        "LOG": message["MESSAGE"],
        "ERROR": None,
    }
