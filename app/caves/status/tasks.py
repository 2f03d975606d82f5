"""The tasks, each with its last run."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from app.caves.flags import in_utc
from app.caves.objects import SHOW_TASKS, TASKS, parents_of
from app.caves.target import Account, Row

# One call for each task: the limit is applied before WHERE, and skipped runs are most of all.
# https://docs.snowflake.com/en/sql-reference/functions/task_history
LAST_RUN = """
SELECT NAME, STATE, SCHEDULED_TIME, QUERY_START_TIME, COMPLETED_TIME, ERROR_MESSAGE
FROM TABLE({{db}}.INFORMATION_SCHEMA.TASK_HISTORY(
    SCHEDULED_TIME_RANGE_START => DATEADD('day', -1, CURRENT_TIMESTAMP()),
    RESULT_LIMIT => 10000,
    DATABASE_NAME => '{{db}}', SCHEMA_NAME => 'OPS', TASK_NAME => '{name}'
))
WHERE STATE NOT IN ('SCHEDULED', 'SKIPPED')
QUALIFY ROW_NUMBER() OVER (ORDER BY SCHEDULED_TIME DESC) = 1
"""


def tasks(account: Account) -> list[Row]:
    """TASK, STATE (started, suspended), SCHEDULE (`triggered` where a stream starts a root); of the
    last day's last run that was not skipped LAST_RUN, LAST_STATE, SECONDS, ERROR."""
    shown = _sorted(account.rows(SHOW_TASKS))
    last = _last_runs(account, [str(row["NAME"]) for row in shown])
    return [_described(row, last.get(row["NAME"], {})) for row in shown]


def _last_runs(account: Account, names: Sequence[str]) -> dict[str, Row]:
    """By task, in one statement."""
    if not names:
        return {}
    calls = [LAST_RUN.format(name=name.replace("'", "''")) for name in names]
    return {row["NAME"]: row for row in account.rows("UNION ALL".join(calls))}


def _sorted(rows: Sequence[Row]) -> list[Row]:
    """Along the way of the data; tasks that somebody added come last."""
    order = {name.split(".")[1]: place for place, name in enumerate(TASKS)}
    return sorted(rows, key=lambda row: (order.get(row["NAME"], len(order)), row["NAME"]))


def _described(task: Row, run: Mapping[str, object]) -> Row:
    return {
        "TASK": task["NAME"],
        "STATE": str(task["STATE"]).lower(),
        "SCHEDULE": task["SCHEDULE"] or (None if parents_of(task) else "triggered"),
        "LAST_RUN": in_utc(run.get("SCHEDULED_TIME")),
        "LAST_STATE": run.get("STATE"),
        "SECONDS": seconds(run),
        "ERROR": run.get("ERROR_MESSAGE"),
    }


def seconds(run: Mapping[str, object]) -> float | None:
    """How long the run took, once it has ended."""
    start, end = run.get("QUERY_START_TIME"), run.get("COMPLETED_TIME")
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        return None
    return round((end - start).total_seconds(), 3)
