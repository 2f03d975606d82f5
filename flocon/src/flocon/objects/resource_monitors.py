"""Resource monitors are stored, shown and set on warehouses. A warehouse costs no credits here, so
that a monitor shows 0 used credits and never suspends a warehouse.

https://docs.snowflake.com/en/user-guide/resource-monitors
https://docs.snowflake.com/en/sql-reference/sql/create-resource-monitor
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from flocon.access.demands import creates, drops, lists, needs
from flocon.core import errors, result
from flocon.core.clock import utc_now
from flocon.engine import StoredObjects
from flocon.objects import warehouses
from flocon.objects.account_objects import AccountObjects
from flocon.session.context import Context
from flocon.session.statements import Kind
from flocon.sql import definitions, statements
from flocon.sql.definitions import Definition, one_of
from flocon.sql.tokens import Tokens

_TRIGGERS = "TRIGGERS"


@dataclass(frozen=True)
class Monitor:
    """properties: by Snowflake's names, only those that were set. triggers: percentages of the
    quota, and what is done there."""

    name: str
    properties: Mapping[str, str] = field(default_factory=dict)
    triggers: Sequence[Sequence[Any]] = ()
    created_on: datetime = field(default_factory=utc_now)


STORED = StoredObjects("RESOURCE MONITOR", lambda fields: Monitor(**fields))


# --- what statements say -------------------------------------------------------------------------

_ACTIONS = ("NOTIFY", "SUSPEND", "SUSPEND_IMMEDIATE")
_PROPERTIES: Mapping[str, definitions.Reader] = {
    "CREDIT_QUOTA": lambda tokens: str(tokens.number()),
    "FREQUENCY": one_of("FREQUENCY", "MONTHLY", "DAILY", "WEEKLY", "YEARLY", "NEVER"),
    "START_TIMESTAMP": Tokens.value,
    "END_TIMESTAMP": Tokens.value,
    "NOTIFY_USERS": lambda tokens: ", ".join(tokens.listed(lambda each: each.name().name)),
}


def _read_create(tokens: Tokens) -> Definition:
    """CREATE [OR REPLACE] RESOURCE MONITOR [IF NOT EXISTS] n [WITH] name = value … [TRIGGERS …]"""
    head = definitions.created(tokens, "RESOURCE", "MONITOR")
    tokens.accept("WITH")
    return replace(head, properties=_settings(tokens))


def _read_alter(tokens: Tokens) -> Definition:
    """ALTER RESOURCE MONITOR [IF EXISTS] n [SET property = value …] [TRIGGERS …]"""
    head = definitions.altered(tokens, "RESOURCE", "MONITOR")
    tokens.accept("SET")
    return replace(head, properties=_settings(tokens))


def _settings(tokens: Tokens) -> dict[str, Any]:
    """The properties, and what is said behind TRIGGERS under that name."""
    found: dict[str, Any] = {}
    while not tokens.done:
        if tokens.accept(_TRIGGERS):
            found[_TRIGGERS] = _triggers(tokens)
        else:
            found |= definitions.properties(tokens, _PROPERTIES, until=_TRIGGERS)
    return found


def _triggers(tokens: Tokens) -> tuple[tuple[int, str], ...]:
    """ON n PERCENT DO action …: at most five that notify, one of each that suspends.
    https://docs.snowflake.com/en/user-guide/resource-monitors"""
    found: list[tuple[int, str]] = []
    while tokens.accept("ON"):
        percent = tokens.number()
        tokens.expect("PERCENT", "DO")
        action = tokens.word()
        if action not in _ACTIONS:
            raise errors.syntax(0, action)
        found.append((percent, action))
    actions = [action for _, action in found]
    if actions.count("NOTIFY") > 5 or any(actions.count(each) > 1 for each in _ACTIONS[1:]):
        raise errors.compilation(
            errors.PROPERTY_VALUE, "A resource monitor has too many triggers of a kind."
        )
    return tuple(found)


# --- what they do --------------------------------------------------------------------------------


class _Monitors(AccountObjects[Monitor]):
    noun = "Resource monitor"
    store = STORED
    shown = result.columns(
        "name", "credit_quota", "used_credits", "remaining_credits", "level", "frequency",
        "start_time", "end_time", "notify_at", "suspend_at", "suspend_immediately_at", "created_on",
        "owner", "comment", "notify_users",
    )  # fmt: skip

    def check(self, context: Context, statement: Definition) -> None:
        """Raises 002003 for a user to notify who does not exist."""
        for name in filter(None, statement.properties.get("NOTIFY_USERS", "").split(", ")):
            if name != context.user and context.account.users.find(name) is None:
                raise errors.does_not_exist("User", name)

    def made(self, context: Context, statement: Definition) -> Monitor:
        return self.changed(Monitor(statement.name.name), statement)

    def changed(self, current: Monitor, statement: Definition) -> Monitor:
        properties = {**current.properties, **statement.properties}
        triggers = properties.pop(_TRIGGERS, current.triggers)
        return replace(current, properties=properties, triggers=triggers)

    def gone(self, context: Context, name: str) -> None:
        own = context.account.own
        for warehouse in warehouses.STORED.all(own):
            if warehouse.resource_monitor == name:
                warehouses.STORED.put(own, replace(warehouse, resource_monitor=None))

    def row(self, context: Context, item: Monitor) -> dict[str, Any]:
        properties, quota = item.properties, item.properties.get("CREDIT_QUOTA")
        credits = f"{float(quota):.2f}" if quota else None
        set_on = {each.resource_monitor for each in warehouses.STORED.all(context.account.own)}
        return {
            "name": item.name,
            "credit_quota": credits,
            "used_credits": "0.00",
            "remaining_credits": credits,
            "level": "WAREHOUSE" if item.name in set_on else None,
            "frequency": properties.get("FREQUENCY", "MONTHLY"),
            "start_time": properties.get("START_TIMESTAMP"),
            "end_time": properties.get("END_TIMESTAMP"),
            "notify_at": _percentages(item, "NOTIFY"),
            "suspend_at": _percentages(item, "SUSPEND"),
            "suspend_immediately_at": _percentages(item, "SUSPEND_IMMEDIATE"),
            "created_on": item.created_on,
            "owner": "ACCOUNTADMIN",
            "comment": "",
            "notify_users": properties.get("NOTIFY_USERS"),
        }


def _percentages(monitor: Monitor, action: str) -> str | None:
    """75%,90%"""
    found = sorted(percent for percent, does in monitor.triggers if does == action)
    return ",".join(f"{percent}%" for percent in found) or None


_KIND = STORED.kind
_MONITORS = _Monitors()
_SHOW = statements.show("RESOURCE", "MONITORS")

STATEMENTS = (
    Kind(("CREATE", "RESOURCE"), _read_create, _MONITORS.create, creates(_KIND)),
    Kind(("ALTER", "RESOURCE"), _read_alter, _MONITORS.alter, needs(_KIND, "MODIFY")),
    Kind(
        ("DROP", "RESOURCE"), statements.drop("RESOURCE", "MONITOR"), _MONITORS.drop, drops(_KIND)
    ),
    Kind(("SHOW", "RESOURCE"), _SHOW, _MONITORS.show, lists(_KIND, "name")),
)
