"""Notification integrations: CREATE, ALTER, DROP, DESCRIBE and SHOW as dataclasses.

https://docs.snowflake.com/en/sql-reference/sql/create-notification-integration-email
https://docs.snowflake.com/en/sql-reference/sql/create-notification-integration-webhooks
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flocon.core import errors
from flocon.sql.show import ShowScope
from flocon.sql.statements import Named, Show
from flocon.sql.tokens import Tokens


@dataclass(frozen=True)
class CreateIntegration:
    """kind is EMAIL or WEBHOOK, and None where the statement only alters one."""

    name: str
    replace: bool
    if_not_exists: bool
    kind: str | None
    properties: dict[str, Any]


def create_integration(tokens: Tokens) -> CreateIntegration:
    tokens.expect("CREATE")
    replace = tokens.accept("OR", "REPLACE")
    tokens.expect("NOTIFICATION", "INTEGRATION")
    if_not_exists = tokens.accept("IF", "NOT", "EXISTS")
    name = tokens.name().name
    tokens.expect("TYPE")
    tokens.accept("=")
    kind = tokens.value().upper()
    if kind not in _PROPERTIES:
        raise errors.unsupported(f"NOTIFICATION INTEGRATION … TYPE = {kind}")
    properties = _properties(tokens, kind)
    if "ENABLED" not in properties:
        raise _missing("ENABLED")
    if kind == "WEBHOOK" and "WEBHOOK_URL" not in properties:
        raise _missing("WEBHOOK_URL")
    return CreateIntegration(name, replace, if_not_exists, kind, properties)


@dataclass(frozen=True)
class AlterIntegration:
    """ALTER … SET; the properties are read once its kind is known."""

    name: str
    if_exists: bool
    tokens: Tokens

    def properties(self, kind: str) -> dict[str, Any]:
        return _properties(self.tokens, kind)


def alter_integration(tokens: Tokens) -> AlterIntegration:
    tokens.expect("ALTER")
    tokens.accept("NOTIFICATION")
    tokens.expect("INTEGRATION")
    if_exists = tokens.accept("IF", "EXISTS")
    name = tokens.name().name
    if not tokens.accept("SET"):
        raise errors.unsupported(f"ALTER INTEGRATION … {tokens.rest()}")
    return AlterIntegration(name, if_exists, tokens)


def named_integration(tokens: Tokens) -> Named:
    """DROP or DESCRIBE [NOTIFICATION] INTEGRATION: which, and whether it may be missing."""
    tokens.next()
    tokens.accept("NOTIFICATION")
    tokens.expect("INTEGRATION")
    if_exists = tokens.accept("IF", "EXISTS")
    name = tokens.name()
    tokens.end()
    return Named(name, if_exists)


def show_integrations(tokens: Tokens) -> Show:
    """SHOW [NOTIFICATION] INTEGRATIONS [LIKE '…']"""
    tokens.expect("SHOW")
    tokens.accept("NOTIFICATION")
    tokens.expect("INTEGRATIONS")
    pattern = tokens.string() if tokens.accept("LIKE") else None
    tokens.end()
    return Show(ShowScope(pattern))


def _properties(tokens: Tokens, kind: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while not tokens.done:
        name = tokens.word()
        if name == "WEBHOOK_SECRET":
            raise errors.unsupported("NOTIFICATION INTEGRATION … WEBHOOK_SECRET")
        if name not in _PROPERTIES[kind]:
            raise errors.compilation(
                errors.INVALID_PROPERTY, f"invalid property '{name}' for '{kind} INTEGRATION'"
            )
        tokens.accept("=")
        found[name] = _PROPERTIES[kind][name](tokens)
        tokens.accept(",")
    return found


def _texts(tokens: Tokens) -> list[str]:
    """('…', '…')"""
    tokens.expect("(")
    texts = []
    while not tokens.accept(")"):
        texts.append(tokens.string())
        tokens.accept(",")
    return texts


def _headers(tokens: Tokens) -> dict[str, str]:
    """('…'='…', '…'='…')"""
    tokens.expect("(")
    headers = {}
    while not tokens.accept(")"):
        name = tokens.string()
        tokens.expect("=")
        headers[name] = tokens.string()
        tokens.accept(",")
    return headers


def _url(tokens: Tokens) -> str:
    url = tokens.string()
    if not url.startswith("https://"):
        raise errors.compilation(
            errors.INVALID_PROPERTY, f"invalid value ['{url}'] for WEBHOOK_URL: it must be https"
        )
    return url


def _missing(name: str) -> errors.SnowflakeError:
    return errors.compilation(errors.INVALID_PROPERTY, f"Missing option(s): [{name}]")


_PROPERTIES: Mapping[str, Mapping[str, Callable[[Tokens], Any]]] = {
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
