"""The history of task runs, and INFORMATION_SCHEMA.TASK_HISTORY over it."""

import operator
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from flocon.access.securables import Securable
from flocon.core import errors, result
from flocon.jobs import task_store
from flocon.jobs.task_store import Task
from flocon.session.context import Context
from flocon.stores.documents import Catalog

# Times are naive UTC. entry_id tells apart what Snowflake's columns do not: runs never started.
DDL = """
CREATE TABLE IF NOT EXISTS _account_task_history (
    entry_id VARCHAR, query_id VARCHAR, name VARCHAR, schema_name VARCHAR, query_text VARCHAR,
    condition_text VARCHAR, state VARCHAR, error_code VARCHAR, error_message VARCHAR,
    scheduled_time TIMESTAMP, query_start_time TIMESTAMP, next_scheduled_time TIMESTAMP,
    completed_time TIMESTAMP, root_task_id VARCHAR, graph_version BIGINT, run_id BIGINT,
    scheduled_from VARCHAR, attempt_number BIGINT, graph_run_group_id BIGINT
);
"""

KEPT_FOR = timedelta(days=7)
KEPT_ROWS = 50_000
_TIME = "TIMESTAMP WITH TIME ZONE"

COLUMNS = {
    "QUERY_ID": "VARCHAR",
    "NAME": "VARCHAR",
    "DATABASE_NAME": "VARCHAR",
    "SCHEMA_NAME": "VARCHAR",
    "QUERY_TEXT": "VARCHAR",
    "CONDITION_TEXT": "VARCHAR",
    "STATE": "VARCHAR",
    "ERROR_CODE": "VARCHAR",
    "ERROR_MESSAGE": "VARCHAR",
    "SCHEDULED_TIME": _TIME,
    "QUERY_START_TIME": _TIME,
    "NEXT_SCHEDULED_TIME": _TIME,
    "COMPLETED_TIME": _TIME,
    "ROOT_TASK_ID": "VARCHAR",
    "GRAPH_VERSION": "BIGINT",
    "RUN_ID": "BIGINT",
    "RETURN_VALUE": "VARCHAR",
    "SCHEDULED_FROM": "VARCHAR",
    "ATTEMPT_NUMBER": "BIGINT",
    "CONFIG": "VARCHAR",
    "QUERY_HASH": "VARCHAR",
    "QUERY_HASH_VERSION": "BIGINT",
    "QUERY_PARAMETERIZED_HASH": "VARCHAR",
    "QUERY_PARAMETERIZED_HASH_VERSION": "BIGINT",
    "GRAPH_RUN_GROUP_ID": "BIGINT",
}


@dataclass(frozen=True)
class Run:
    """What all task runs of one graph run share."""

    root: Task
    moment: datetime
    source: str

    @property
    def run_id(self) -> int:
        return int(self.moment.timestamp() * 1000)

    @property
    def group_id(self) -> int:
        return int(self.moment.timestamp() * 1_000_000)


@dataclass(frozen=True)
class Entry:
    """One attempt to run one task."""

    run: Run
    task: Task
    scheduled_time: datetime
    attempt: int
    entry_id: str = field(default_factory=lambda: str(uuid.uuid4()))

    def row(
        self,
        state: str,
        started: datetime | None = None,
        completed: datetime | None = None,
        code: str | None = None,
        message: str | None = None,
    ) -> list[Any]:
        following = self.run.root.next_run(self.scheduled_time) if self.task.is_root else None
        return [
            self.entry_id,
            self.entry_id if started else None,
            self.task.name,
            self.task.schema,
            self.task.definition,
            self.task.condition,
            state,
            code,
            message,
            naive(self.scheduled_time),
            naive(started),
            naive(following),
            naive(completed),
            self.run.root.id,
            self.run.root.graph_version,
            self.run.run_id,
            self.run.source,
            self.attempt,
            self.run.group_id,
        ]


def started(catalog: Catalog, entry: Entry, moment: datetime) -> None:
    """The body begins: EXECUTING, and it stays so if the account dies."""
    _insert(catalog, entry.row("EXECUTING", started=moment))


def not_run(
    catalog: Catalog, entry: Entry, moment: datetime, code: str | None, message: str
) -> None:
    """The task was skipped."""
    _insert(catalog, entry.row("SKIPPED", completed=moment, code=code, message=message))


def finished(
    catalog: Catalog,
    entry: Entry,
    moment: datetime,
    state: str,
    code: str | None = None,
    message: str | None = None,
) -> None:
    catalog.write(
        "UPDATE _account_task_history SET state = ?, error_code = ?, error_message = ?, "
        "completed_time = ? WHERE entry_id = ?",
        [state, code, message, naive(moment), entry.entry_id],
    )


def mark_auto_suspended(catalog: Catalog, run: Run, attempt: int) -> None:
    """The failures of a run's last attempt are those that suspended the root."""
    catalog.write(
        "UPDATE _account_task_history SET state = 'FAILED_AND_AUTO_SUSPENDED' WHERE state = "
        "'FAILED' AND root_task_id = ? AND graph_run_group_id = ? AND attempt_number = ?",
        [run.root.id, run.group_id, attempt],
    )


def recover(catalog: Catalog, moment: datetime) -> int:
    """Runs that the account's end cut off are failed; how many there were."""
    return catalog.write(
        "UPDATE _account_task_history SET state = 'FAILED', completed_time = ?, error_code = ?, "
        "error_message = ? WHERE state = 'EXECUTING'",
        [
            naive(moment),
            f"{errors.INTERNAL.errno:06d}",
            "The account stopped while the task was running; its open transaction is undone.",
        ],
    )


def trim(catalog: Catalog, moment: datetime, table: str = "_account_task_history") -> None:
    """Keeps the last seven days, and of them no more rows than KEPT_ROWS."""
    catalog.write(
        f"DELETE FROM {table} WHERE scheduled_time < ? OR scheduled_time < ("
        f"SELECT scheduled_time FROM {table} ORDER BY scheduled_time DESC "
        f"LIMIT 1 OFFSET {KEPT_ROWS - 1})",
        [naive(moment - KEPT_FOR)],
    )


@dataclass(frozen=True)
class Query:
    """TASK_HISTORY's arguments."""

    scheduled_time_range_start: datetime | None = None
    scheduled_time_range_end: datetime | None = None
    result_limit: int = 100
    task_name: str | None = None
    database_name: str | None = None
    schema_name: str | None = None
    error_only: bool = False
    root_task_id: str | None = None


def task_history(context: Context, database: str, arguments: dict[str, Any]) -> result.Result:
    """TABLE(INFORMATION_SCHEMA.TASK_HISTORY(…)): the runs of the whole account, latest first."""
    now = task_store.utc_now()
    query = read_query(arguments, now)
    rows: list[dict[str, Any]] = []
    for name in context.account.databases():
        if query.database_name in (None, name):
            catalog = context.account.catalog(name)
            found = recorded(catalog, "_account_task_history", query)
            found += upcoming(catalog, query, now)
            rows += [{**row, "database_name": name} for row in found if seen(context, name, row)]
    rows.sort(key=lambda row: row["scheduled_time"], reverse=True)
    return result.of(
        COLUMNS,
        [[aware(row.get(name.lower())) for name in COLUMNS] for row in rows[: query.result_limit]],
        result.SELECT,
    )


def seen(context: Context, database: str, row: dict[str, Any]) -> bool:
    task = Securable("TASK", (database, row["schema_name"], row["name"]))
    return context.access.sees_runs(task)


def read_query(arguments: Mapping[str, Any], now: datetime) -> Query:
    """Checks TASK_HISTORY's arguments as Snowflake does."""
    fields = {}
    for key, value in arguments.items():
        if key.lower() not in Query.__dataclass_fields__:
            raise errors.compilation(errors.SYNTAX, f"Invalid named argument {key}.")
        if value is not None:
            fields[key.lower()] = _convert(key, value)
    query = Query(**fields)
    if not 1 <= query.result_limit <= 10_000:
        raise _invalid("RESULT_LIMIT", query.result_limit, "must be from 1 to 10000")
    start, end = query.scheduled_time_range_start, query.scheduled_time_range_end
    # A little slack: the caller's clock read its seven days before this one was asked.
    if start is not None and start < now - KEPT_FOR - timedelta(minutes=5):
        raise _invalid("SCHEDULED_TIME_RANGE_START", start, "must be within the last 7 days")
    if start is not None and end is not None and end < start:
        raise _invalid("SCHEDULED_TIME_RANGE_END", end, "must not be before the start")
    return query


def _convert(key: str, value: Any) -> Any:
    if key.startswith("SCHEDULED_TIME"):
        return _moment(key, value)
    if key == "RESULT_LIMIT":
        return int(value)
    if key == "ERROR_ONLY":
        return str(value).upper() == "TRUE"
    return str(value)


def _moment(key: str, value: Any) -> datetime:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        raise _invalid(key, value, "is not a timestamp") from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _conditions(query: Query) -> list[tuple[str, str, Any]]:
    """(column, sign, value) of each argument that was given; text is compared without case."""
    conditions = [
        ("scheduled_time", ">=", naive(query.scheduled_time_range_start)),
        ("scheduled_time", "<=", naive(query.scheduled_time_range_end)),
        ("name", "=", query.task_name),
        ("schema_name", "=", query.schema_name),
        ("root_task_id", "=", query.root_task_id),
    ]
    return [condition for condition in conditions if condition[2] is not None]


def recorded(catalog: Catalog, table: str, query: Query) -> list[dict[str, Any]]:
    """The runs in a history's table that a query asks for, latest first."""
    conditions = _conditions(query)
    where = [
        f"upper({column}) = upper(?)" if sign == "=" else f"{column} {sign} ?"
        for column, sign, _ in conditions
    ]
    if query.error_only:
        where.append("state IN ('FAILED', 'FAILED_AND_AUTO_SUSPENDED', 'CANCELLED')")
    return catalog.rows(
        f"SELECT * FROM {table} WHERE "
        + " AND ".join(where or ["true"])
        + f" ORDER BY scheduled_time DESC LIMIT {query.result_limit}",
        [value for _, _, value in conditions],
    )


def upcoming(catalog: Catalog, query: Query, now: datetime) -> list[dict[str, Any]]:
    """What is planned: the next run of each started root, and runs asked for that wait."""
    if query.error_only:
        return []
    rows = []
    for task in task_store.all_tasks(catalog):
        if task.requested_at:
            rows.append(_planned(task, task.requested_at, "EXECUTE_TASK"))
        if task.is_root and (moment := task.next_run(now)):
            rows.append(_planned(task, moment, "SCHEDULE"))
    return [row for row in rows if matches(row, query)]


def _planned(task: Task, moment: datetime, source: str) -> dict[str, Any]:
    run = Run(task, moment, source)
    return {
        "name": task.name,
        "schema_name": task.schema,
        "query_text": task.definition,
        "condition_text": task.condition,
        "state": "SCHEDULED",
        "scheduled_time": naive(moment),
        "root_task_id": task.id,
        "graph_version": task.graph_version,
        "run_id": run.run_id,
        "scheduled_from": source,
        "attempt_number": 1,
        "graph_run_group_id": run.group_id,
    }


def matches(row: dict[str, Any], query: Query) -> bool:
    """Does a run that is planned fit a query?"""
    return all(_COMPARE[sign](row[column], value) for column, sign, value in _conditions(query))


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "=": lambda left, right: left.upper() == right.upper(),
}


def _insert(catalog: Catalog, row: list[Any]) -> None:
    marks = ", ".join("?" * len(row))
    catalog.write(f"INSERT INTO _account_task_history VALUES ({marks})", row)


def naive(moment: datetime | None) -> datetime | None:
    return moment and moment.astimezone(UTC).replace(tzinfo=None)


def aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


def _invalid(key: str, value: object, reason: str) -> errors.SnowflakeError:
    return errors.compilation(
        errors.INVALID_PROPERTY, f"Invalid value [{value}] for {key}: {reason}"
    )
