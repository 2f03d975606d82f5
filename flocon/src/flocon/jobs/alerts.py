"""Alerts: what their statements do, and what a running one may ask about its run.

https://docs.snowflake.com/en/user-guide/alerts
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from flocon.access.securables import ALERT_VIEWER
from flocon.core import errors, result
from flocon.core.clock import utc_now
from flocon.jobs import alert_history, definitions, statements
from flocon.jobs.definitions import STARTED, SUSPENDED, Alert
from flocon.jobs.statements import Statements
from flocon.session.context import AlertRun, Context
from flocon.sql import jobs as grammar
from flocon.sql.jobs import AlterJob, CreateJob

DDL = alert_history.DDL

Place = statements.Place[Alert]


def _resume(context: Context, place: Place, statement: AlterJob) -> Alert:
    alert = place.job
    ALERTS.check_owner(context, alert)
    if alert.started:
        return alert
    return replace(alert, state=STARTED, schedule_base=utc_now(), failures=0, auto_suspended=False)


def _suspend(context: Context, place: Place, statement: AlterJob) -> Alert:
    return replace(place.job, state=SUSPENDED, failures=0)


def _edited(change: Callable[[Alert, AlterJob], Alert]) -> statements.Action[Alert]:
    return lambda context, place, statement: change(place.job, statement)


class _Alerts(Statements[Alert]):
    noun = "Alert"
    grammar = grammar.ALERT
    store = definitions.ALERTS
    shown: Mapping[str, str] = result.columns(
        "created_on", "name", "database_name", "schema_name", "owner", "comment",
        "warehouse", "schedule", "state", "condition", "action", "owner_role_type",
        "runbook", "config", "was_auto_suspended",
    )  # fmt: skip
    actions: Mapping[str, statements.Action[Alert]] = {
        "RESUME": _resume,
        "SUSPEND": _suspend,
        "SET": _edited(statements.with_settings),
        "UNSET": _edited(statements.without_settings),
        "MODIFY CONDITION": _edited(lambda alert, said: replace(alert, condition=said.text)),
        "MODIFY ACTION": _edited(lambda alert, said: replace(alert, action=said.text)),
    }

    def defined(self, context: Context, place: Place, statement: CreateJob) -> Alert:
        return Alert(
            schema=place.full.schema,
            name=place.name,
            condition=statement.condition or "",
            action=statement.body,
            owner=context.access.role,
            properties=statement.properties,
        )

    def redefined(self, current: Alert, job: Alert) -> Alert:
        return replace(
            current, condition=job.condition, action=job.action, properties=job.properties
        )

    def row(self, database: str, job: Alert) -> dict[str, Any]:
        return {
            **super().row(database, job),
            "condition": job.condition,
            "action": job.action,
            "runbook": job.properties.get("RUNBOOK"),
            "was_auto_suspended": job.auto_suspended,
        }


ALERTS = _Alerts()


# --- functions -----------------------------------------------------------------------------------


def _of_run(name: str, value: Callable[[AlertRun], datetime | str]) -> Any:
    def ask(context: Context, arguments: list[Any]) -> datetime | str:
        held = context.access.privileges
        if held is not None and not held.on(ALERT_VIEWER):
            raise errors.unknown_function(f"SNOWFLAKE.ALERT.{name}")
        if arguments:
            raise errors.compilation(errors.COMPILATION, f"{name} takes no arguments.")
        if context.alert is None:
            raise errors.compilation(
                errors.COMPILATION, f"{name} can only be called from within an alert."
            )
        return value(context.alert)

    return ask


def alert_config(context: Context, arguments: list[Any]) -> None:
    """Goes with CONFIG, which alerts here have not."""
    raise errors.unsupported("SYSTEM$GET_ALERT_CONFIG")


STATEMENTS = ALERTS.kinds()

FUNCTIONS = {"SYSTEM$GET_ALERT_CONFIG": alert_config}

# https://docs.snowflake.com/en/sql-reference/functions/scheduled_time
# https://docs.snowflake.com/en/sql-reference/functions/last_successful_scheduled_time
# https://docs.snowflake.com/en/sql-reference/functions/get_condition_query_uuid
NAMESPACED = {
    f"SNOWFLAKE.ALERT.{name}": _of_run(name, value)
    for name, value in (
        ("SCHEDULED_TIME", lambda run: run.scheduled_time),
        ("LAST_SUCCESSFUL_SCHEDULED_TIME", lambda run: run.last_successful),
        ("GET_CONDITION_QUERY_UUID", lambda run: run.condition_query_id),
    )
}

TABLE_FUNCTIONS = {"ALERT_HISTORY": alert_history.alert_history}

STORED = definitions.ALERTS
OWNER_CHANGED = {"ALERT": ALERTS.owner_changed}
