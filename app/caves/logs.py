"""What the last runs did: the tasks' history, and beside each run what its procedure logged."""

from collections.abc import Sequence
from datetime import datetime

from snowflake.connector.errors import ProgrammingError

from app.caves.moments import in_utc
from app.caves.status.tasks import seconds
from app.caves.target import Account, Row, is_missing

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


def runs(
    account: Account, since: datetime, task: str | None, limit: int
) -> tuple[list[Row], str | None]:
    """The last runs, the newest first: STARTED (UTC), RUN (a task, or a procedure that somebody
    called), STATE, SECONDS, LOG, which is what it logged, or else its error. And why nothing was
    logged, where that is so."""
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
    told = "; ".join(str(each["MESSAGE"]) for each in messages)
    return {
        "STARTED": in_utc(run["QUERY_START_TIME"]),
        "RUN": run["NAME"],
        "STATE": run["STATE"],
        "SECONDS": seconds(run),
        "LOG": told or run["ERROR_MESSAGE"],
    }


def _called(message: Row) -> Row:
    failed = message["SEVERITY"] in ("ERROR", "FATAL")
    return {
        "STARTED": message["LOGGED_AT"],
        "RUN": message["NAME"],
        "STATE": "FAILED" if failed else "SUCCEEDED",
        "SECONDS": None,
        "LOG": message["MESSAGE"],
    }
