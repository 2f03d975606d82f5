"""Resource monitors are stored, shown and set on warehouses. A warehouse costs no credits here, so
that a monitor shows 0 used credits and never suspends a warehouse.

https://docs.snowflake.com/en/user-guide/resource-monitors
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from flocon.access.demands import creates, drops, lists, needs
from flocon.core import errors, result
from flocon.core.clock import utc_now
from flocon.core.result import Result
from flocon.engine import StoredObjects
from flocon.objects import warehouses
from flocon.session.context import Context
from flocon.session.statements import Kind
from flocon.sql import statements
from flocon.sql.resource_monitors import (
    ResourceMonitor,
    alter_resource_monitor,
    create_resource_monitor,
)
from flocon.sql.statements import Named, Show


@dataclass(frozen=True)
class Monitor:
    """properties: by Snowflake's names, only those that were set. triggers: percentages of the
    quota, and what is done there."""

    name: str
    properties: Mapping[str, str] = field(default_factory=dict)
    triggers: Sequence[Sequence[Any]] = ()
    created_on: datetime = field(default_factory=utc_now)


STORED = StoredObjects("RESOURCE MONITOR", lambda fields: Monitor(**fields))


def create(context: Context, statement: ResourceMonitor) -> Result:
    _check_users(context, statement)
    context.transactions.commit_for_ddl()
    own = context.account.own
    with context.account.lock:
        if STORED.find(own, statement.name):
            if statement.if_exists:
                return result.already_exists(statement.name)
            if not statement.replace:
                raise errors.already_exists(statement.name)
        STORED.put(own, _changed(Monitor(statement.name), statement))
    return result.status(f"Resource monitor {statement.name} successfully created.")


def alter(context: Context, statement: ResourceMonitor) -> Result:
    _check_users(context, statement)
    context.transactions.commit_for_ddl()
    own = context.account.own
    with context.account.lock:
        known = STORED.find(own, statement.name)
        if known is not None:
            STORED.put(own, _changed(known, statement))
        elif not statement.if_exists:
            raise errors.does_not_exist("Resource monitor", statement.name)
    return result.done()


def _check_users(context: Context, statement: ResourceMonitor) -> None:
    """Raises 002003 for one to notify who is not there."""
    for name in filter(None, statement.properties.get("NOTIFY_USERS", "").split(", ")):
        if name != context.user and context.account.users.find(name) is None:
            raise errors.does_not_exist("User", name)


def _changed(monitor: Monitor, statement: ResourceMonitor) -> Monitor:
    triggers = monitor.triggers if statement.triggers is None else statement.triggers
    properties = {**monitor.properties, **statement.properties}
    return replace(monitor, properties=properties, triggers=triggers)


def drop(context: Context, statement: Named) -> Result:
    name, if_exists, own = statement.name.name, statement.if_exists, context.account.own
    context.transactions.commit_for_ddl()
    with context.account.lock:
        if not STORED.delete(own, name):
            if not if_exists:
                raise errors.does_not_exist("Resource monitor", name)
            return result.already_dropped(name)
        for warehouse in warehouses.STORED.all(own):
            if warehouse.resource_monitor == name:
                warehouses.STORED.put(own, replace(warehouse, resource_monitor=None))
    return result.dropped(name)


_SHOWN = result.columns(
    "name", "credit_quota", "used_credits", "remaining_credits", "level", "frequency",
    "start_time", "end_time", "notify_at", "suspend_at", "suspend_immediately_at", "created_on",
    "owner", "comment", "notify_users",
)  # fmt: skip


def show(context: Context, statement: Show) -> Result:
    """SHOW RESOURCE MONITORS.
    https://docs.snowflake.com/en/sql-reference/sql/show-resource-monitors"""
    own = context.account.own
    watching = {warehouse.resource_monitor for warehouse in warehouses.STORED.all(own)}
    found = statement.scope.chosen(STORED.all(own))
    rows = (_shown(monitor, monitor.name in watching) for monitor in found)
    return result.listing(_SHOWN, rows, result.SHOW)


def _shown(monitor: Monitor, watches: bool) -> dict[str, Any]:
    properties = monitor.properties
    quota = properties.get("CREDIT_QUOTA")
    credits = f"{float(quota):.2f}" if quota else None
    return {
        "name": monitor.name,
        "credit_quota": credits,
        "used_credits": "0.00",
        "remaining_credits": credits,
        "level": "WAREHOUSE" if watches else None,
        "frequency": properties.get("FREQUENCY", "MONTHLY"),
        "start_time": properties.get("START_TIMESTAMP"),
        "end_time": properties.get("END_TIMESTAMP"),
        "notify_at": _percentages(monitor, "NOTIFY"),
        "suspend_at": _percentages(monitor, "SUSPEND"),
        "suspend_immediately_at": _percentages(monitor, "SUSPEND_IMMEDIATE"),
        "created_on": monitor.created_on,
        "owner": "ACCOUNTADMIN",
        "comment": "",
        "notify_users": properties.get("NOTIFY_USERS"),
    }


def _percentages(monitor: Monitor, action: str) -> str | None:
    """75%,90%"""
    found = sorted(percent for percent, does in monitor.triggers if does == action)
    return ",".join(f"{percent}%" for percent in found) or None


_KIND = STORED.kind

STATEMENTS = (
    Kind(("CREATE", "RESOURCE"), create_resource_monitor, create, creates(_KIND)),
    Kind(("ALTER", "RESOURCE"), alter_resource_monitor, alter, needs(_KIND, "MODIFY")),
    Kind(("DROP", "RESOURCE"), statements.drop("RESOURCE", "MONITOR"), drop, drops(_KIND)),
    Kind(("SHOW", "RESOURCE"), statements.show("RESOURCE", "MONITORS"), show, lists(_KIND, "name")),
)
