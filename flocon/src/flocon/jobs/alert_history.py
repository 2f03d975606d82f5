"""The history of alerts, and INFORMATION_SCHEMA.ALERT_HISTORY over it.

https://docs.snowflake.com/en/sql-reference/functions/alert_history
"""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flocon.access.securables import Securable
from flocon.core import result
from flocon.core.clock import utc_now
from flocon.engine import Tables
from flocon.jobs.definitions import ALERTS, Alert
from flocon.jobs.history import OF_ALERTS, History, naive, read_query
from flocon.session.context import Context

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


COLUMNS = result.columns(
    "NAME", "DATABASE_NAME", "SCHEMA_NAME", "CONDITION", "CONDITION_QUERY_ID", "ACTION",
    "ACTION_QUERY_ID", "STATE", "SQL_ERROR_CODE", "SQL_ERROR_MESSAGE", "SCHEDULED_TIME",
    "COMPLETED_TIME", "SCHEDULED_FROM", "RUNBOOK", "WAS_AUTO_SUSPENDED", "CONFIG",
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One run of one alert. source: SCHEDULE or EXECUTE ALERT."""

    alert: Alert
    scheduled_time: datetime
    source: str
    entry_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    condition_query_id: str = field(default_factory=result.new_id)
    action_query_id: str = field(default_factory=result.new_id)


def started(catalog: Tables, entry: Entry) -> None:
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
    HISTORY.insert(catalog, row)


def acting(catalog: Tables, entry: Entry) -> None:
    """The condition holds, the action begins."""
    catalog.write(
        f"UPDATE {TABLE} SET action_query_id = ? WHERE entry_id = ?",
        [entry.action_query_id, entry.entry_id],
    )


def mark_auto_suspended(catalog: Tables, entry: Entry) -> None:
    """The run's failure was the one too many."""
    catalog.write(
        f"UPDATE {TABLE} SET was_auto_suspended = true WHERE entry_id = ?", [entry.entry_id]
    )


def alert_history(context: Context, database: str, arguments: dict[str, Any]) -> result.Result:
    """TABLE(INFORMATION_SCHEMA.ALERT_HISTORY(…))."""
    now = utc_now()
    return HISTORY.answer(context, read_query(arguments, now, OF_ALERTS), now)


def _is_visible(context: Context, database: str, row: dict[str, Any]) -> bool:
    """Owners see the runs of their alerts."""
    alert = Securable("ALERT", (database, row["schema_name"], row["name"]))
    return context.access.holds(alert, "OWNERSHIP")


def _upcoming(catalog: Tables, now: datetime) -> list[dict[str, Any]]:
    """The next run of each started alert, and runs asked for that wait."""
    rows = []
    for alert in ALERTS.all(catalog):
        if alert.requested_at:
            rows.append(_planned(alert, alert.requested_at, "EXECUTE ALERT"))
        if following := alert.next_run(now):
            rows.append(_planned(alert, following, "SCHEDULE"))
    return rows


def _planned(alert: Alert, scheduled_time: datetime, source: str) -> dict[str, Any]:
    return {
        "name": alert.name,
        "schema_name": alert.schema,
        "condition": alert.condition,
        "action": alert.action,
        "state": "SCHEDULED",
        "scheduled_time": naive(scheduled_time),
        "scheduled_from": source,
        "runbook": alert.properties.get("RUNBOOK"),
        "was_auto_suspended": False,
    }


HISTORY = History(
    "alert", TABLE, COLUMNS, "sql_error_code", "sql_error_message", _upcoming, _is_visible
)
