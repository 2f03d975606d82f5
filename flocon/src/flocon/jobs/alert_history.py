"""The history of alerts, and INFORMATION_SCHEMA.ALERT_HISTORY over it.

https://docs.snowflake.com/en/sql-reference/functions/alert_history
"""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flocon.access.securables import Securable
from flocon.core import errors, result
from flocon.jobs import alert_store, task_history, task_store
from flocon.jobs.alert_store import Alert
from flocon.jobs.task_history import aware, naive
from flocon.session.context import Context
from flocon.stores.documents import Catalog

# Times are naive UTC.
DDL = """
CREATE TABLE IF NOT EXISTS _account_alert_history (
    entry_id VARCHAR, name VARCHAR, schema_name VARCHAR, condition VARCHAR,
    condition_query_id VARCHAR, action VARCHAR, action_query_id VARCHAR, state VARCHAR,
    sql_error_code BIGINT, sql_error_message VARCHAR, scheduled_time TIMESTAMP,
    completed_time TIMESTAMP, scheduled_from VARCHAR, runbook VARCHAR, was_auto_suspended BOOLEAN
);
"""
TABLE = "_account_alert_history"
FAILED = ("CONDITION_FAILED", "ACTION_FAILED", "FAILED")

_TIME = "TIMESTAMP WITH TIME ZONE"
COLUMNS = {
    "NAME": "VARCHAR",
    "DATABASE_NAME": "VARCHAR",
    "SCHEMA_NAME": "VARCHAR",
    "CONDITION": "VARCHAR",
    "CONDITION_QUERY_ID": "VARCHAR",
    "ACTION": "VARCHAR",
    "ACTION_QUERY_ID": "VARCHAR",
    "STATE": "VARCHAR",
    "SQL_ERROR_CODE": "BIGINT",
    "SQL_ERROR_MESSAGE": "VARCHAR",
    "SCHEDULED_TIME": _TIME,
    "COMPLETED_TIME": _TIME,
    "SCHEDULED_FROM": "VARCHAR",
    "RUNBOOK": "VARCHAR",
    "WAS_AUTO_SUSPENDED": "BOOLEAN",
    "CONFIG": "VARCHAR",
}


@dataclass(frozen=True)
class Entry:
    """One run of one alert. source: SCHEDULE or EXECUTE ALERT."""

    alert: Alert
    scheduled_time: datetime
    source: str
    entry_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    condition_query_id: str = field(default_factory=result.new_id)
    action_query_id: str = field(default_factory=result.new_id)


def started(catalog: Catalog, entry: Entry) -> None:
    """The run begins: EXECUTING, and it stays so if the account dies."""
    alert = entry.alert
    row = [
        entry.entry_id,
        alert.name,
        alert.schema,
        alert.condition,
        entry.condition_query_id,
        alert.action,
        None,
        "EXECUTING",
        None,
        None,
        naive(entry.scheduled_time),
        None,
        entry.source,
        alert.properties.get("RUNBOOK"),
        False,
    ]
    catalog.write(f"INSERT INTO {TABLE} VALUES ({', '.join('?' * len(row))})", row)


def acting(catalog: Catalog, entry: Entry) -> None:
    """The condition holds, the action begins."""
    catalog.write(
        f"UPDATE {TABLE} SET action_query_id = ? WHERE entry_id = ?",
        [entry.action_query_id, entry.entry_id],
    )


def finished(
    catalog: Catalog,
    entry: Entry,
    moment: datetime,
    state: str,
    error: errors.SnowflakeError | None = None,
) -> None:
    catalog.write(
        f"UPDATE {TABLE} SET state = ?, sql_error_code = ?, sql_error_message = ?,"
        " completed_time = ? WHERE entry_id = ?",
        [state, error and error.errno, error and error.message, naive(moment), entry.entry_id],
    )


def mark_auto_suspended(catalog: Catalog, entry: Entry) -> None:
    """The run's failure was the one too many."""
    catalog.write(
        f"UPDATE {TABLE} SET was_auto_suspended = true WHERE entry_id = ?", [entry.entry_id]
    )


def recover(catalog: Catalog, moment: datetime) -> int:
    """Runs that the account's end cut off are failed; how many there were."""
    return catalog.write(
        f"UPDATE {TABLE} SET state = 'FAILED', completed_time = ?, sql_error_code = ?,"
        " sql_error_message = ? WHERE state = 'EXECUTING'",
        [
            naive(moment),
            errors.INTERNAL.errno,
            "The account stopped while the alert was running; its open transaction is undone.",
        ],
    )


def trim(catalog: Catalog, moment: datetime) -> None:
    """As much is kept as of task runs."""
    task_history.trim(catalog, moment, TABLE)


def alert_history(context: Context, database: str, arguments: dict[str, Any]) -> result.Result:
    """TABLE(INFORMATION_SCHEMA.ALERT_HISTORY(…)): the runs of the whole account, latest first."""
    now = task_store.utc_now()
    query = _read_query(arguments, now)
    rows: list[dict[str, Any]] = []
    for name in context.account.databases():
        catalog = context.account.catalog(name)
        found = task_history.recorded(catalog, TABLE, query) + _upcoming(catalog, query, now)
        rows += [{**row, "database_name": name} for row in found if _seen(context, name, row)]
    rows.sort(key=lambda row: row["scheduled_time"], reverse=True)
    return result.of(
        COLUMNS,
        [[aware(row.get(name.lower())) for name in COLUMNS] for row in rows[: query.result_limit]],
        result.SELECT,
    )


def _seen(context: Context, database: str, row: dict[str, Any]) -> bool:
    """Owners see the runs of their alerts."""
    alert = Securable("ALERT", (database, row["schema_name"], row["name"]))
    return context.access.holds(alert, "OWNERSHIP")


def _read_query(arguments: dict[str, Any], now: datetime) -> task_history.Query:
    """ALERT_HISTORY's arguments are some of TASK_HISTORY's, with the same bounds."""
    known = {
        "SCHEDULED_TIME_RANGE_START": "SCHEDULED_TIME_RANGE_START",
        "SCHEDULED_TIME_RANGE_END": "SCHEDULED_TIME_RANGE_END",
        "RESULT_LIMIT": "RESULT_LIMIT",
        "ALERT_NAME": "TASK_NAME",
    }
    for key in arguments:
        if key not in known:
            raise errors.compilation(errors.SYNTAX, f"Invalid named argument {key}.")
    return task_history.read_query({known[key]: value for key, value in arguments.items()}, now)


def _upcoming(catalog: Catalog, query: task_history.Query, now: datetime) -> list[dict[str, Any]]:
    """The next run of each started alert, and runs asked for that wait."""
    rows = []
    for alert in alert_store.all_alerts(catalog):
        if alert.requested_at:
            rows.append(_planned(alert, alert.requested_at, "EXECUTE ALERT"))
        if moment := alert.next_run(now):
            rows.append(_planned(alert, moment, "SCHEDULE"))
    return [row for row in rows if task_history.matches(row, query)]


def _planned(alert: Alert, moment: datetime, source: str) -> dict[str, Any]:
    return {
        "name": alert.name,
        "schema_name": alert.schema,
        "condition": alert.condition,
        "action": alert.action,
        "state": "SCHEDULED",
        "scheduled_time": naive(moment),
        "scheduled_from": source,
        "runbook": alert.properties.get("RUNBOOK"),
        "was_auto_suspended": False,
    }
