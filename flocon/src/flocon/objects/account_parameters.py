"""ALTER ACCOUNT SET and SHOW PARAMETERS IN ACCOUNT, of the account's own parameters.

https://docs.snowflake.com/en/sql-reference/sql/alter-account
https://docs.snowflake.com/en/sql-reference/parameters
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from flocon.access.demands import nothing, on_account
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.session import parameters
from flocon.session.context import Context
from flocon.session.statements import Kind
from flocon.sql import definitions
from flocon.sql.show import ShowScope
from flocon.sql.statements import Show
from flocon.sql.tokens import Tokens
from flocon.stores import notes
from flocon.stores.stores import Stores

DEFAULT_STREAMLIT_COMPUTE_POOL = "DEFAULT_STREAMLIT_COMPUTE_POOL"


class _Parameter(NamedTuple):
    default: str
    type: str
    description: str


_KNOWN = {
    # There is no query history here that could show them.
    "ALLOW_BIND_VALUES_ACCESS": _Parameter(
        "true", "BOOLEAN", "Whether the values of bind variables can be retrieved"
    ),
    DEFAULT_STREAMLIT_COMPUTE_POOL: _Parameter(
        "SYSTEM_COMPUTE_POOL_CPU", "STRING", "The compute pool of apps that do not name one"
    ),
}


def value_of(account: Stores, name: str) -> str:
    """The value that is in force."""
    return _set(account).get(name, _KNOWN[name].default)


def _set(account: Stores) -> Mapping[str, str]:
    note = notes.find(account.own, "ACCOUNT", "LOCAL")
    return note.properties if note else {}


@dataclass(frozen=True)
class AlterAccount:
    """changes: parameters by name; None for those to unset."""

    changes: dict[str, str | None]


def _boolean(name: str) -> definitions.Reader:
    def read(tokens: Tokens) -> str:
        value = tokens.value().lower()
        if value not in ("true", "false"):
            raise errors.invalid_value(name, value)
        return value

    return read


_READERS: dict[str, definitions.Reader] = {
    name: _boolean(name) if known.type == "BOOLEAN" else lambda tokens: tokens.value().upper()
    for name, known in _KNOWN.items()
}


def _read_alter(tokens: Tokens) -> AlterAccount:
    """ALTER ACCOUNT {SET name = value … | UNSET name …}"""

    def unknown(name: str = "") -> errors.SnowflakeError:
        return errors.unsupported(tokens.text.strip()[:200])

    tokens.expect("ALTER", "ACCOUNT")
    if tokens.accept("UNSET"):
        return AlterAccount(definitions.unset(tokens, _KNOWN, unknown))
    if not tokens.accept("SET"):
        raise unknown()
    if tokens.done:
        raise tokens.unexpected()
    return AlterAccount(definitions.properties(tokens, _READERS, unknown))


def alter(context: Context, statement: AlterAccount) -> Result:
    context.transactions.commit_for_ddl()
    with context.account.lock:
        changes = {name: value or "" for name, value in statement.changes.items()}
        notes.altered(context.account.own, "ACCOUNT", "LOCAL", properties=changes)
    return result.done()


_SHOWN = result.columns("key", "value", "default", "level", "description", "type")


def _read_show(tokens: Tokens) -> Show:
    """SHOW PARAMETERS [LIKE '…'] [{IN | FOR} {SESSION | ACCOUNT}]"""
    tokens.expect("SHOW", "PARAMETERS")
    pattern = tokens.string() if tokens.accept("LIKE") else None
    kind = tokens.word() if tokens.accept("IN") or tokens.accept("FOR") else "SESSION"
    if kind not in ("ACCOUNT", "SESSION"):
        raise errors.unsupported(f"{tokens.text.strip()}: only those of SESSION and ACCOUNT")
    tokens.end()
    return Show(ShowScope(pattern, kind))


def show(context: Context, statement: Show) -> Result:
    """https://docs.snowflake.com/en/sql-reference/sql/show-parameters"""
    if statement.scope.kind != "ACCOUNT":
        session = parameters.session_parameters(context.parameters)
        told = [
            [name, value, default, level, "", kind]
            for name, value, default, level, kind in session
            if statement.scope.admits(name)
        ]
        return result.of(_SHOWN, told, result.SHOW)
    given = _set(context.account)
    rows = [
        [
            name,
            given.get(name, known.default),
            known.default,
            "ACCOUNT" if name in given else "",
            known.description,
            known.type,
        ]
        for name, known in _KNOWN.items()
        if statement.scope.admits(name)
    ]
    return result.of(_SHOWN, rows, result.SHOW)


STATEMENTS = (
    Kind(("ALTER", "ACCOUNT"), _read_alter, alter, on_account),
    Kind(("SHOW", "PARAMETERS"), _read_show, show, nothing),
)
