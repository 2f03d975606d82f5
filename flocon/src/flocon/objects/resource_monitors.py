"""Resource monitors are stored, shown and set on warehouses. A warehouse costs no credits here: a
monitor has used none, and suspends nothing.

https://docs.snowflake.com/en/user-guide/resource-monitors
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flocon.access.demands import creates, drops, lists, needs
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.objects.warehouses import warehouses
from flocon.session.context import Context
from flocon.session.statements import Kind
from flocon.sql import statements
from flocon.sql.resource_monitors import (
    ResourceMonitor,
    alter_resource_monitor,
    create_resource_monitor,
)
from flocon.sql.statements import Named, Show
from flocon.stores.documents import AccountDocuments
from flocon.stores.stores import Stores

_MONITORS = AccountDocuments("_account_monitors")
ACCOUNT_DDL = _MONITORS.ddl
_DONE = "Statement executed successfully."


def monitors(account: Stores) -> dict[str, dict[str, Any]]:
    return _MONITORS.all(account.own)


def create(context: Context, statement: ResourceMonitor) -> Result:
    _check_users(context, statement)
    context.transactions.commit_for_ddl()
    now = datetime.now(UTC).isoformat()
    with context.account.lock:
        if statement.name in monitors(context.account):
            if statement.if_exists:
                return result.status(f"{statement.name} already exists, statement succeeded.")
            if not statement.replace:
                raise errors.already_exists(statement.name)
        _MONITORS.put(context.account.own, statement.name, _changed({"created_on": now}, statement))
    return result.status(f"Resource monitor {statement.name} successfully created.")


def alter(context: Context, statement: ResourceMonitor) -> Result:
    _check_users(context, statement)
    context.transactions.commit_for_ddl()
    with context.account.lock:
        known = monitors(context.account).get(statement.name)
        if known is not None:
            _MONITORS.put(context.account.own, statement.name, _changed(known, statement))
        elif not statement.if_exists:
            raise errors.does_not_exist("Resource monitor", statement.name)
    return result.status(_DONE)


def _check_users(context: Context, statement: ResourceMonitor) -> None:
    """Raises 002003 for one to notify who is not there."""
    for name in filter(None, statement.properties.get("NOTIFY_USERS", "").split(", ")):
        if name != context.user and context.account.users.find(name) is None:
            raise errors.does_not_exist("User", name)


def _changed(document: dict[str, Any], statement: ResourceMonitor) -> dict[str, Any]:
    changed = {**document, **statement.properties}
    if statement.triggers is not None:
        changed["TRIGGERS"] = [list(trigger) for trigger in statement.triggers]
    return changed


def drop(context: Context, statement: Named) -> Result:
    name, if_exists = statement.name.name, statement.if_exists
    context.transactions.commit_for_ddl()
    with context.account.lock:
        if not _MONITORS.delete(context.account.own, name):
            if not if_exists:
                raise errors.does_not_exist("Resource monitor", name)
            return result.status(f"Drop statement executed successfully ({name} already dropped).")
        context.account.own_write(
            "UPDATE _account_warehouses SET resource_monitor = NULL WHERE resource_monitor = ?",
            [name],
        )
    return result.status(f"{name} successfully dropped.")


_SHOWN = {
    "name": "VARCHAR",
    "credit_quota": "VARCHAR",
    "used_credits": "VARCHAR",
    "remaining_credits": "VARCHAR",
    "level": "VARCHAR",
    "frequency": "VARCHAR",
    "start_time": "VARCHAR",
    "end_time": "VARCHAR",
    "notify_at": "VARCHAR",
    "suspend_at": "VARCHAR",
    "suspend_immediately_at": "VARCHAR",
    "created_on": "TIMESTAMP WITH TIME ZONE",
    "owner": "VARCHAR",
    "comment": "VARCHAR",
    "notify_users": "VARCHAR",
}


def show(context: Context, statement: Show) -> Result:
    """SHOW RESOURCE MONITORS.
    https://docs.snowflake.com/en/sql-reference/sql/show-resource-monitors"""
    scope = statement.scope
    watching = {row["resource_monitor"] for row in warehouses(context.account).values()}
    found = {
        name: document for name, document in monitors(context.account).items() if scope.admits(name)
    }
    rows = [_shown(name, document, name in watching) for name, document in found.items()]
    return result.of(
        _SHOWN, [[row[key] for key in _SHOWN] for row in rows[scope.cut(list(found))]], result.SHOW
    )


def _shown(name: str, document: dict[str, Any], watches: bool) -> dict[str, Any]:
    quota = document.get("CREDIT_QUOTA")
    credits = f"{float(quota):.2f}" if quota else None
    return {
        **dict.fromkeys(_SHOWN),
        "name": name,
        "credit_quota": credits,
        "used_credits": "0.00",
        "remaining_credits": credits,
        "level": "WAREHOUSE" if watches else None,
        "frequency": document.get("FREQUENCY", "MONTHLY"),
        "start_time": document.get("START_TIMESTAMP"),
        "end_time": document.get("END_TIMESTAMP"),
        "notify_at": _percentages(document, "NOTIFY"),
        "suspend_at": _percentages(document, "SUSPEND"),
        "suspend_immediately_at": _percentages(document, "SUSPEND_IMMEDIATE"),
        "created_on": datetime.fromisoformat(document["created_on"]),
        "owner": "ACCOUNTADMIN",
        "comment": "",
        "notify_users": document.get("NOTIFY_USERS"),
    }


def _percentages(document: dict[str, Any], action: str) -> str | None:
    """75%,90%"""
    found = sorted(percent for percent, does in document.get("TRIGGERS", []) if does == action)
    return ",".join(f"{percent}%" for percent in found) or None


_KIND = "RESOURCE MONITOR"

STATEMENTS = (
    Kind(("CREATE", "RESOURCE"), create_resource_monitor, create, creates(_KIND)),
    Kind(("ALTER", "RESOURCE"), alter_resource_monitor, alter, needs(_KIND, "MODIFY")),
    Kind(("DROP", "RESOURCE"), statements.drop("RESOURCE", "MONITOR"), drop, drops(_KIND)),
    Kind(("SHOW", "RESOURCE"), statements.show("RESOURCE", "MONITORS"), show, lists(_KIND, "name")),
)
