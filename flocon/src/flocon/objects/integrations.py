"""Notification integrations: where messages may go. They belong to the account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from flocon.access.demands import creates, drops, lists, needs, owns
from flocon.core import errors, result
from flocon.core.clock import utc_now
from flocon.core.result import Result
from flocon.engine import StoredObjects
from flocon.session.context import Context
from flocon.session.statements import Kind
from flocon.sql import integrations as parser
from flocon.sql.statements import Named, Show
from flocon.stores.stores import Stores


@dataclass(frozen=True)
class Integration:
    """kind is EMAIL or WEBHOOK; properties by Snowflake's names, only those that were set."""

    name: str
    kind: str
    properties: Mapping[str, Any]
    created_on: datetime = field(default_factory=utc_now)


STORED = StoredObjects("INTEGRATION", lambda fields: Integration(**fields))


def found(account: Stores, name: str) -> Integration:
    """The integration, or Snowflake's error."""
    integration = STORED.find(account.own, name)
    if integration is None:
        raise errors.does_not_exist("Integration", name)
    return integration


def create_integration(context: Context, statement: parser.CreateIntegration) -> Result:
    context.transactions.commit_for_ddl()
    own = context.account.own
    with context.account.lock:
        if STORED.find(own, statement.name):
            if statement.if_not_exists:
                return result.already_exists(statement.name)
            if not statement.replace:
                raise errors.already_exists(statement.name)
        STORED.put(own, Integration(statement.name, statement.kind or "", statement.properties))
    return result.status(f"Integration {statement.name} successfully created.")


def alter_integration(context: Context, statement: parser.AlterIntegration) -> Result:
    """SET only. https://docs.snowflake.com/en/sql-reference/sql/alter-notification-integration"""
    context.transactions.commit_for_ddl()
    own = context.account.own
    with context.account.lock:
        if not (statement.if_exists and STORED.find(own, statement.name) is None):
            integration = found(context.account, statement.name)
            changed = {**integration.properties, **statement.properties(integration.kind)}
            STORED.put(own, replace(integration, properties=changed))
    return result.done()


def drop_integration(context: Context, statement: Named) -> Result:
    name, if_exists = statement.name.name, statement.if_exists
    context.transactions.commit_for_ddl()
    if STORED.delete(context.account.own, name):
        return result.dropped(name)
    if not if_exists:
        raise errors.does_not_exist("Integration", name)
    return result.already_dropped(name)


_SHOWN = result.columns("name", "type", "category", "enabled", "comment", "created_on")


def show_integrations(context: Context, statement: Show) -> Result:
    return _listing(context, statement, _SHOWN)


def show_notification_integrations(context: Context, statement: Show) -> Result:
    """The same with the direction.
    https://docs.snowflake.com/en/sql-reference/sql/show-notification-integrations
    """
    return _listing(context, statement, _SHOWN | {"direction": "VARCHAR"})


def _listing(context: Context, statement: Show, columns: dict[str, str]) -> Result:
    rows = [
        [
            each.name,
            each.kind,
            "NOTIFICATION",
            _text(each.properties["ENABLED"]),
            each.properties.get("COMMENT"),
            each.created_on,
            "OUTBOUND",
        ][: len(columns)]
        for each in STORED.all(context.account.own)
        if statement.scope.admits(each.name)
    ]
    return result.of(columns, rows, result.SHOW)


def describe_integration(context: Context, statement: Named) -> Result:
    """https://docs.snowflake.com/en/sql-reference/sql/desc-notification-integration"""
    integration = found(context.account, statement.name.name)
    properties = {"DIRECTION": "OUTBOUND", **integration.properties}
    columns = ("property", "property_type", "property_value", "property_default")
    rows = [[key, _kind(value), _text(value), None] for key, value in properties.items()]
    return result.of(dict.fromkeys(columns, "VARCHAR"), rows, result.DESCRIBE)


def _kind(value: Any) -> str:
    return {bool: "Boolean", list: "List", dict: "Map"}.get(type(value), "String")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(value)
    if isinstance(value, dict):
        return ",".join(f"{name}={text}" for name, text in value.items())
    return str(value)


_OF_INTEGRATIONS = lists("INTEGRATION", "name")

STATEMENTS = (
    Kind(
        ("CREATE", "NOTIFICATION"),
        parser.create_integration,
        create_integration,
        creates("INTEGRATION"),
    ),
    Kind(("SHOW", "INTEGRATIONS"), parser.show_integrations, show_integrations, _OF_INTEGRATIONS),
    Kind(
        ("SHOW", "NOTIFICATION"),
        parser.show_integrations,
        show_notification_integrations,
        _OF_INTEGRATIONS,
    ),
    *(
        kind
        for word in ("NOTIFICATION", "INTEGRATION")
        for kind in (
            Kind(("ALTER", word), parser.alter_integration, alter_integration, owns("INTEGRATION")),
            Kind(("DROP", word), parser.named_integration, drop_integration, drops("INTEGRATION")),
            Kind(
                ("DESCRIBE", word),
                parser.named_integration,
                describe_integration,
                needs("INTEGRATION"),
            ),
        )
    ),
)
