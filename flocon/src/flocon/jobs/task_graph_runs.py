"""INFORMATION_SCHEMA.CURRENT_TASK_GRAPHS and COMPLETE_TASK_GRAPHS: a row per run of a graph.

https://docs.snowflake.com/en/sql-reference/functions/current_task_graphs
https://docs.snowflake.com/en/sql-reference/functions/complete_task_graphs
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from flocon.core import result
from flocon.core.clock import utc_now
from flocon.engine import Tables
from flocon.jobs import history, task_history
from flocon.session.arguments import check_names, is_true, result_limit
from flocon.session.context import Context

_COMPLETE_FOR = timedelta(minutes=60)
_PLANNED_FOR = timedelta(days=8)
_FAILED = ("FAILED", "FAILED_AND_AUTO_SUSPENDED")

_COLUMNS = result.columns(
    "ROOT_TASK_NAME", "DATABASE_NAME", "SCHEMA_NAME", "STATE", "SCHEDULED_FROM",
    "FIRST_ERROR_TASK_NAME", "FIRST_ERROR_CODE", "FIRST_ERROR_MESSAGE", "SCHEDULED_TIME",
    "QUERY_START_TIME", "NEXT_SCHEDULED_TIME", "COMPLETED_TIME", "ROOT_TASK_ID",
    "GRAPH_VERSION", "RUN_ID", "ATTEMPT_NUMBER", "CONFIG", "GRAPH_RUN_GROUP_ID",
)  # fmt: skip

Row = dict[str, Any]


def current_task_graphs(
    context: Context, database: str, arguments: dict[str, Any]
) -> result.Result:
    """The runs that are going on, and the next one of each started root. Latest first."""
    check_names(arguments, ("RESULT_LIMIT", "ROOT_TASK_NAME"))
    now = utc_now()
    until = history.Query(scheduled_time_range_end=now + _PLANNED_FOR)
    running = _running(context)
    groups = [group for _, group in running]

    def current(where: str, catalog: Tables) -> list[Row]:
        runs = _runs(where, catalog, f"graph_run_group_id IN ({_marks(groups)})", groups)
        started = [run for run in runs if _key(run) in running and run["latest"]]
        planned = [
            row | {"root_task_name": row["name"], "database_name": where}
            for row in task_history.upcoming(catalog, now)
            if history.matches(row, until)
        ]
        return started + planned

    rows = _of_databases(context, current)
    for row in rows:
        row["state"] = "SCHEDULED" if row["state"] == "SCHEDULED" else "EXECUTING"
    columns = {key: kind for key, kind in _COLUMNS.items() if key != "COMPLETED_TIME"}
    return _answer(columns, _seen(context, rows), "scheduled_time", arguments)


def complete_task_graphs(
    context: Context, database: str, arguments: dict[str, Any]
) -> result.Result:
    """The runs that ended in the last hour, a row per attempt, without skipped ones. Latest
    first."""
    check_names(arguments, ("RESULT_LIMIT", "ROOT_TASK_NAME", "ERROR_ONLY"))
    error_only = is_true(arguments.get("ERROR_ONLY"))
    since = history.naive(utc_now() - _COMPLETE_FOR)
    running = _running(context)

    def complete(where: str, catalog: Tables) -> list[Row]:
        return [
            run
            for run in _runs(where, catalog, "completed_time >= ?", [since])
            if not (_key(run) in running and run["latest"])
            and run["completed_time"] is not None
            and run["completed_time"] >= since
            and not (error_only and run["state"] == "SUCCEEDED")
        ]

    rows = _of_databases(context, complete)
    return _answer(_COLUMNS, _seen(context, rows), "completed_time", arguments)


def _of_databases(context: Context, read: Callable[[str, Tables], list[Row]]) -> list[Row]:
    rows: list[Row] = []
    for database in context.account.databases():
        with context.account.while_there(database):
            rows += read(database, context.account.catalog(database))
    return rows


def _running(context: Context) -> set[tuple[str, int]]:
    return {run.key for run in context.account.graph_runs()}


def _key(run: Row) -> tuple[str, int]:
    return run["root_task_id"], run["graph_run_group_id"]


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values)) or "NULL"


def _runs(database: str, catalog: Tables, where: str, params: Sequence[Any]) -> Iterator[Row]:
    """The graph runs in a database's history with a task run that meets the condition `where`: a
    row for each attempt. Runs whose root was skipped are left out."""
    chosen = f"SELECT graph_run_group_id FROM _account_task_history WHERE {where}"
    groups: dict[tuple[str, int], list[Row]] = {}
    for row in catalog.rows(
        "SELECT * FROM _account_task_history WHERE graph_run_group_id IN"
        f" ({chosen}) ORDER BY rowid",
        params,
    ):
        groups.setdefault(_key(row), []).append(row)
    for entries in groups.values():
        root = entries[0]
        if root["state"] == "SKIPPED":
            continue
        last = max(entry["attempt_number"] for entry in entries)
        for attempt in range(1, last + 1):
            part = [entry for entry in entries if entry["attempt_number"] == attempt]
            yield {
                **root,
                **_outcome(part),
                "root_task_name": root["name"],
                "database_name": database,
                "attempt_number": attempt,
                "latest": attempt == last,
            }


def _outcome(entries: list[Row]) -> Row:
    """How an attempt stands, and what went wrong in it first."""
    failed = [entry for entry in entries if entry["state"] in _FAILED]
    states = {entry["state"] for entry in entries}
    first = min(failed, key=lambda entry: entry["completed_time"]) if failed else {}
    ended = [entry["completed_time"] for entry in entries if entry["completed_time"]]
    return {
        "state": "FAILED" if failed else "CANCELLED" if "CANCELLED" in states else "SUCCEEDED",
        "first_error_task_name": first.get("name"),
        "first_error_code": int(first["error_code"]) if first.get("error_code") else None,
        "first_error_message": first.get("error_message"),
        "completed_time": max(ended, default=None),
    }


def _seen(context: Context, rows: Iterable[Row]) -> list[Row]:
    return [
        row
        for row in rows
        if task_history.is_visible(
            context, row["database_name"], row | {"name": row["root_task_name"]}
        )
    ]


def _answer(
    columns: dict[str, str], rows: Iterable[Row], order: str, arguments: dict[str, Any]
) -> result.Result:
    limit, name = result_limit(arguments, 1_000), arguments.get("ROOT_TASK_NAME")
    chosen = [
        row for row in rows if name is None or row["root_task_name"].upper() == str(name).upper()
    ]
    chosen.sort(key=lambda row: row[order], reverse=True)
    values = [[history.aware(row.get(key.lower())) for key in columns] for row in chosen]
    return result.of(columns, values[:limit], result.SELECT)
