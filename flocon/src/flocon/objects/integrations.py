"""Notification integrations: where messages may go. They belong to the account.

https://docs.snowflake.com/en/sql-reference/sql/create-notification-integration-email
https://docs.snowflake.com/en/sql-reference/sql/create-notification-integration-webhooks
https://docs.snowflake.com/en/sql-reference/sql/alter-notification-integration
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from flocon.access.demands import creates, drops, lists, needs, owns
from flocon.core import errors, result
from flocon.core.clock import utc_now
from flocon.core.result import Result
from flocon.engine import StoredObjects
from flocon.objects.account_objects import AccountObjects
from flocon.session.context import Context
from flocon.session.statements import Kind
from flocon.sql import definitions
from flocon.sql.definitions import Definition, missing_property
from flocon.sql.show import ShowScope
from flocon.sql.statements import Named, Show
from flocon.sql.tokens import Tokens


@dataclass(frozen=True)
class Integration:
    """kind is EMAIL or WEBHOOK; properties by Snowflake's names, only those that were set."""

    name: str
    kind: str
    properties: Mapping[str, Any]
    created_on: datetime = field(default_factory=utc_now)


STORED = StoredObjects("INTEGRATION", lambda fields: Integration(**fields))


# --- what statements say -------------------------------------------------------------------------


def _url(tokens: Tokens) -> str:
    url = tokens.string()
    if not url.startswith("https://"):
        raise errors.compilation(
            errors.INVALID_PROPERTY, f"invalid value ['{url}'] for WEBHOOK_URL: it must be https"
        )
    return url


def _headers(tokens: Tokens) -> dict[str, str]:
    """('…'='…', '…'='…')"""

    def header(tokens: Tokens) -> tuple[str, str]:
        name = tokens.string()
        tokens.expect("=")
        return name, tokens.string()

    return dict(tokens.listed(header))


def _texts(tokens: Tokens) -> list[str]:
    return list(tokens.listed(Tokens.string))


_PROPERTIES: Mapping[str, Mapping[str, definitions.Reader]] = {
    "EMAIL": {
        "ENABLED": Tokens.boolean,
        "ALLOWED_RECIPIENTS": _texts,
        "DEFAULT_RECIPIENTS": _texts,
        "DEFAULT_SUBJECT": Tokens.string,
        "COMMENT": Tokens.string,
    },
    "WEBHOOK": {
        "ENABLED": Tokens.boolean,
        "WEBHOOK_URL": _url,
        "WEBHOOK_BODY_TEMPLATE": Tokens.string,
        "WEBHOOK_HEADERS": _headers,
        "COMMENT": Tokens.string,
    },
}


def _unknown(kind: str) -> Callable[[str], errors.SnowflakeError]:
    def error(name: str) -> errors.SnowflakeError:
        if name == "WEBHOOK_SECRET":
            return errors.unsupported("NOTIFICATION INTEGRATION … WEBHOOK_SECRET")
        return errors.compilation(
            errors.INVALID_PROPERTY, f"invalid property '{name}' for '{kind} INTEGRATION'"
        )

    return error


def _read_create(tokens: Tokens) -> Definition:
    """CREATE [OR REPLACE] NOTIFICATION INTEGRATION [IF NOT EXISTS] n TYPE = … property = value …"""
    head = definitions.created(tokens, "NOTIFICATION", "INTEGRATION")
    tokens.expect("TYPE")
    tokens.accept("=")
    kind = tokens.value().upper()
    if kind not in _PROPERTIES:
        raise errors.unsupported(f"NOTIFICATION INTEGRATION … TYPE = {kind}")
    properties = definitions.properties(tokens, _PROPERTIES[kind], _unknown(kind), needs_sign=False)
    if "ENABLED" not in properties:
        raise missing_property("ENABLED")
    if kind == "WEBHOOK" and "WEBHOOK_URL" not in properties:
        raise missing_property("WEBHOOK_URL")
    return replace(head, properties={"TYPE": kind, **properties})


def _read_alter(tokens: Tokens) -> Definition:
    """ALTER [NOTIFICATION] INTEGRATION [IF EXISTS] name SET property = value …"""
    noun = ("NOTIFICATION", "INTEGRATION")
    head = definitions.altered(tokens, *noun[not tokens.peek("ALTER", "NOTIFICATION") :])
    if not tokens.accept("SET"):
        raise errors.unsupported(f"ALTER INTEGRATION … {tokens.rest()}")
    readers = {**_PROPERTIES["EMAIL"], **_PROPERTIES["WEBHOOK"]}
    properties = definitions.properties(tokens, readers, _unknown("NOTIFICATION"), needs_sign=False)
    return replace(head, properties=properties)


def _read_named(tokens: Tokens) -> Named:
    """DROP or DESCRIBE [NOTIFICATION] INTEGRATION [IF EXISTS] name"""
    tokens.next()
    tokens.accept("NOTIFICATION")
    tokens.expect("INTEGRATION")
    if_exists = tokens.accept("IF", "EXISTS")
    name = tokens.name()
    tokens.end()
    return Named(name, if_exists)


def _read_show(tokens: Tokens) -> Show:
    """SHOW [NOTIFICATION] INTEGRATIONS [LIKE '…']"""
    tokens.expect("SHOW")
    tokens.accept("NOTIFICATION")
    tokens.expect("INTEGRATIONS")
    pattern = tokens.string() if tokens.accept("LIKE") else None
    tokens.end()
    return Show(ShowScope(pattern))


# --- what they do --------------------------------------------------------------------------------

_DIRECTION = "OUTBOUND"


class _Integrations(AccountObjects[Integration]):
    noun = "Integration"
    store = STORED
    shown = result.columns("name", "type", "category", "enabled", "comment", "created_on")

    def made(self, context: Context, statement: Definition) -> Integration:
        properties = dict(statement.properties)
        return Integration(statement.name.name, properties.pop("TYPE"), properties)

    def changed(self, current: Integration, statement: Definition) -> Integration:
        for name in statement.properties:
            if name not in _PROPERTIES[current.kind]:
                raise _unknown(current.kind)(name)
        return replace(current, properties={**current.properties, **statement.properties})

    def row(self, context: Context, item: Integration) -> dict[str, Any]:
        return {
            "name": item.name,
            "type": item.kind,
            "category": "NOTIFICATION",
            "enabled": _text(item.properties["ENABLED"]),
            "comment": item.properties.get("COMMENT"),
            "created_on": item.created_on,
            "direction": _DIRECTION,
        }

    def describe(self, context: Context, statement: Named) -> Result:
        """https://docs.snowflake.com/en/sql-reference/sql/desc-notification-integration"""
        item = self.get(context.account, statement.name.name)
        properties = {"DIRECTION": _DIRECTION, **item.properties}
        columns = ("property", "property_type", "property_value", "property_default")
        rows = [[key, _kind(value), _text(value), None] for key, value in properties.items()]
        return result.of(result.columns(*columns), rows, result.DESCRIBE)


class _NotificationIntegrations(_Integrations):
    """As SHOW NOTIFICATION INTEGRATIONS has them.
    https://docs.snowflake.com/en/sql-reference/sql/show-notification-integrations"""

    shown = result.columns(*_Integrations.shown, "direction")


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


INTEGRATIONS = _Integrations()

_KIND = STORED.kind
_SHOW_NOTIFICATION = _NotificationIntegrations().show
_LISTED = lists(_KIND, "name")

STATEMENTS = (
    Kind(("CREATE", "NOTIFICATION"), _read_create, INTEGRATIONS.create, creates(_KIND)),
    Kind(("SHOW", "INTEGRATIONS"), _read_show, INTEGRATIONS.show, _LISTED),
    Kind(("SHOW", "NOTIFICATION"), _read_show, _SHOW_NOTIFICATION, _LISTED),
    *(
        kind
        for word in ("NOTIFICATION", "INTEGRATION")
        for kind in (
            Kind(("ALTER", word), _read_alter, INTEGRATIONS.alter, owns(_KIND)),
            Kind(("DROP", word), _read_named, INTEGRATIONS.drop, drops(_KIND)),
            Kind(("DESCRIBE", word), _read_named, INTEGRATIONS.describe, needs(_KIND)),
        )
    ),
)
