"""SHOW ALERTS and DESCRIBE ALERT, which answer the same columns.

https://docs.snowflake.com/en/sql-reference/sql/show-alerts
https://docs.snowflake.com/en/sql-reference/sql/desc-alert
"""

from collections.abc import Sequence
from typing import Any

from flocon.core import errors, result
from flocon.jobs import alert_store
from flocon.jobs.alert_store import Alert
from flocon.session.context import Context
from flocon.session.names import place_of
from flocon.sql.show import show_scope
from flocon.sql.tokens import Tokens

_SHOWN = {
    "created_on": "TIMESTAMP WITH TIME ZONE",
    "name": "VARCHAR",
    "database_name": "VARCHAR",
    "schema_name": "VARCHAR",
    "owner": "VARCHAR",
    "comment": "VARCHAR",
    "warehouse": "VARCHAR",
    "schedule": "VARCHAR",
    "state": "VARCHAR",
    "condition": "VARCHAR",
    "action": "VARCHAR",
    "owner_role_type": "VARCHAR",
    "runbook": "VARCHAR",
    "config": "VARCHAR",
    "was_auto_suspended": "BOOLEAN",
}


def _shown(database: str, alert: Alert) -> list[Any]:
    values: dict[str, Any] = {
        "created_on": alert.created_on,
        "name": alert.name,
        "database_name": database,
        "schema_name": alert.schema,
        "owner": alert.owner,
        "comment": alert.properties.get("COMMENT"),
        "warehouse": alert.warehouse,
        "schedule": alert.properties["SCHEDULE"],
        "state": alert.state,
        "condition": alert.condition,
        "action": alert.action,
        "owner_role_type": "ROLE",
        "runbook": alert.properties.get("RUNBOOK"),
        "was_auto_suspended": alert.auto_suspended,
    }
    return [values.get(name) for name in _SHOWN]


def show_alerts(context: Context, tokens: Tokens, binds: Sequence[Any]) -> result.Result:
    tokens.expect("SHOW")
    tokens.accept("TERSE")
    tokens.expect("ALERTS")
    scope = show_scope(tokens)
    database, schema = place_of(context, scope)
    databases = context.account.databases() if database is None else [database]
    found = [
        (name, alert)
        for name in databases
        for alert in alert_store.all_alerts(context.catalog(name))
        if schema in (None, alert.schema) and scope.admits(alert.name)
    ]
    found.sort(key=lambda pair: pair[1].name)
    kept = found[scope.cut([alert.name for _, alert in found])]
    return result.of(_SHOWN, [_shown(name, alert) for name, alert in kept], result.SHOW)


def describe_alert(context: Context, tokens: Tokens, binds: Sequence[Any]) -> result.Result:
    tokens.next()
    tokens.expect("ALERT")
    name = tokens.name()
    tokens.end()
    full = context.resolve(name)
    alert = alert_store.find(context.catalog(full.database), full.schema, full.name)
    if alert is None:
        raise errors.does_not_exist("Alert", full)
    return result.of(_SHOWN, [_shown(full.database, alert)], result.DESCRIBE)
