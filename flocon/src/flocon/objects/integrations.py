"""Notification integrations: where messages may go. They belong to the account."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flocon.access.demands import creates, drops, lists, needs, owns
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.session.context import Context
from flocon.session.statements import Kind
from flocon.sql import integrations as parser
from flocon.sql.statements import Named, Show
from flocon.stores.stores import Stores

ACCOUNT_DDL = """
CREATE TABLE IF NOT EXISTS _account_integrations (
    name VARCHAR, kind VARCHAR, properties VARCHAR, created_on TIMESTAMP
);
"""


@dataclass(frozen=True)
class Integration:
    """kind is EMAIL or WEBHOOK; properties by Snowflake's names, only those that were set."""

    name: str
    kind: str
    properties: Mapping[str, Any]
    created_on: datetime


def all_integrations(account: Stores) -> dict[str, Integration]:
    rows = account.own_rows("SELECT * FROM _account_integrations ORDER BY name")
    return {
        row["name"]: Integration(
            row["name"], row["kind"], json.loads(row["properties"]), row["created_on"]
        )
        for row in rows
    }


def found(account: Stores, name: str) -> Integration:
    """The integration, or Snowflake's error."""
    integration = all_integrations(account).get(name)
    if integration is None:
        raise errors.does_not_exist("Integration", name)
    return integration


def create_integration(context: Context, statement: parser.CreateIntegration) -> Result:
    context.transactions.commit_for_ddl()
    account = context.account
    with account.lock:
        if statement.name in all_integrations(account):
            if statement.if_not_exists:
                return result.status(f"{statement.name} already exists, statement succeeded.")
            if not statement.replace:
                raise errors.already_exists(statement.name)
            _delete(account, statement.name)
        account.own_write(
            "INSERT INTO _account_integrations VALUES (?, ?, ?, ?)",
            [
                statement.name,
                statement.kind,
                json.dumps(statement.properties),
                datetime.now(UTC).replace(tzinfo=None),
            ],
        )
    return result.status(f"Integration {statement.name} successfully created.")


def alter_integration(context: Context, statement: parser.AlterIntegration) -> Result:
    """SET only. https://docs.snowflake.com/en/sql-reference/sql/alter-notification-integration"""
    context.transactions.commit_for_ddl()
    account = context.account
    with account.lock:
        if not (statement.if_exists and statement.name not in all_integrations(account)):
            integration = found(account, statement.name)
            changed = {**integration.properties, **statement.properties(integration.kind)}
            account.own_write(
                "UPDATE _account_integrations SET properties = ? WHERE name = ?",
                [json.dumps(changed), statement.name],
            )
    return result.status("Statement executed successfully.")


def drop_integration(context: Context, statement: Named) -> Result:
    name, if_exists = statement.name.name, statement.if_exists
    context.transactions.commit_for_ddl()
    if _delete(context.account, name):
        return result.status(f"{name} successfully dropped.")
    if not if_exists:
        raise errors.does_not_exist("Integration", name)
    return result.status(f"Drop statement executed successfully ({name} already dropped).")


def _delete(account: Stores, name: str) -> int:
    return account.own_write("DELETE FROM _account_integrations WHERE name = ?", [name])


_SHOWN = {
    "name": "VARCHAR",
    "type": "VARCHAR",
    "category": "VARCHAR",
    "enabled": "VARCHAR",
    "comment": "VARCHAR",
    "created_on": "TIMESTAMP WITH TIME ZONE",
}


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
        for each in all_integrations(context.account).values()
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
EXISTS = {"INTEGRATION": lambda context, what: what.name in all_integrations(context.account)}
