"""The history of task runs, and INFORMATION_SCHEMA.TASK_HISTORY over it."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flocon.access.securables import Securable
from flocon.core import result
from flocon.core.clock import utc_now
from flocon.engine import Tables
from flocon.jobs.definitions import TASKS, Task
from flocon.jobs.history import History, naive, read_query
from flocon.session.context import Context

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


COLUMNS = result.columns(
    "QUERY_ID", "NAME", "DATABASE_NAME", "SCHEMA_NAME", "QUERY_TEXT", "CONDITION_TEXT", "STATE",
    "ERROR_CODE", "ERROR_MESSAGE", "SCHEDULED_TIME", "QUERY_START_TIME", "NEXT_SCHEDULED_TIME",
    "COMPLETED_TIME", "ROOT_TASK_ID", "GRAPH_VERSION", "RUN_ID", "RETURN_VALUE",
    "SCHEDULED_FROM", "ATTEMPT_NUMBER", "CONFIG", "QUERY_HASH", "QUERY_HASH_VERSION",
    "QUERY_PARAMETERIZED_HASH", "QUERY_PARAMETERIZED_HASH_VERSION", "GRAPH_RUN_GROUP_ID",
)  # fmt: skip


@dataclass(frozen=True)
class Run:
    """What all task runs of one graph run share."""

    root: Task
    scheduled_time: datetime
    source: str

    @property
    def run_id(self) -> int:
        return int(self.scheduled_time.timestamp() * 1000)

    @property
    def group_id(self) -> int:
        return int(self.scheduled_time.timestamp() * 1_000_000)


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


def started(catalog: Tables, entry: Entry, now: datetime) -> None:
    """The body begins: EXECUTING, and it stays so if the account dies."""
    HISTORY.insert(catalog, entry.row("EXECUTING", started=now))


def not_run(catalog: Tables, entry: Entry, now: datetime, code: str | None, message: str) -> None:
    """The task was skipped."""
    HISTORY.insert(catalog, entry.row("SKIPPED", completed=now, code=code, message=message))


def mark_auto_suspended(catalog: Tables, run: Run, attempt: int) -> None:
    """The failures of a run's last attempt are those that suspended the root."""
    catalog.write(
        "UPDATE _account_task_history SET state = 'FAILED_AND_AUTO_SUSPENDED' WHERE state = "
        "'FAILED' AND root_task_id = ? AND graph_run_group_id = ? AND attempt_number = ?",
        [run.root.id, run.group_id, attempt],
    )


def task_history(context: Context, database: str, arguments: dict[str, Any]) -> result.Result:
    """TABLE(INFORMATION_SCHEMA.TASK_HISTORY(…)).
    https://docs.snowflake.com/en/sql-reference/functions/task_history"""
    now = utc_now()
    return HISTORY.answer(context, read_query(arguments, now), now)


def is_visible(context: Context, database: str, row: dict[str, Any]) -> bool:
    task = Securable("TASK", (database, row["schema_name"], row["name"]))
    return context.access.sees_runs(task)


def upcoming(catalog: Tables, now: datetime) -> list[dict[str, Any]]:
    """What is planned: the next run of each started root, and runs asked for that wait."""
    rows = []
    for task in TASKS.all(catalog):
        if task.requested_at:
            rows.append(_planned(task, task.requested_at, "EXECUTE_TASK"))
        if task.is_root and (following := task.next_run(now)):
            rows.append(_planned(task, following, "SCHEDULE"))
    return rows


def _planned(task: Task, scheduled_time: datetime, source: str) -> dict[str, Any]:
    run = Run(task, scheduled_time, source)
    return {
        "name": task.name,
        "schema_name": task.schema,
        "query_text": task.definition,
        "condition_text": task.condition,
        "state": "SCHEDULED",
        "scheduled_time": naive(scheduled_time),
        "root_task_id": task.id,
        "graph_version": task.graph_version,
        "run_id": run.run_id,
        "scheduled_from": source,
        "attempt_number": 1,
        "graph_run_group_id": run.group_id,
    }


HISTORY = History(
    "task",
    "_account_task_history",
    COLUMNS,
    "error_code",
    "error_message",
    upcoming,
    is_visible,
)
