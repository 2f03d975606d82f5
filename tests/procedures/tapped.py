"""A connection of the real connector whose statements a test can see, spoil or lose.

Snowpark is given the connection, so whatever a procedure sends comes by here: a statement that is
added tomorrow is tested tomorrow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import snowflake.connector
from snowflake.connector import SnowflakeConnection
from snowflake.connector.cursor import SnowflakeCursor
from snowflake.snowpark import Session

# What a statement is replaced with to fail in the account, inside the transaction that it is in.
FAILING = "SELECT 1 / 0"


class Fault(snowflake.connector.errors.OperationalError):
    """The connection broke: the client does not know what became of its statement."""


@dataclass
class Tap:
    """What happens to the statements; the default is nothing."""

    before: Callable[[int, str], str] = lambda _, sql: sql
    after: Callable[[int, str], None] = lambda _, __: None
    seen: list[str] = field(default_factory=list)


class TappedCursor(SnowflakeCursor):
    def execute(self, command: str, *args: Any, **kwargs: Any) -> Any:
        """Describing a statement is no statement: it changes nothing and is left alone."""
        tap = self.connection.tap
        if tap is None or kwargs.get("_describe_only"):
            return super().execute(command, *args, **kwargs)
        index = len(tap.seen)
        tap.seen.append(command)
        answer = super().execute(tap.before(index, command), *args, **kwargs)
        tap.after(index, command)
        return answer


class TappedConnection(SnowflakeConnection):
    tap: Tap | None = None

    def cursor(self, cursor_class: type[SnowflakeCursor] = TappedCursor) -> SnowflakeCursor:
        tapped = TappedCursor if cursor_class is SnowflakeCursor else cursor_class
        return super().cursor(tapped)


@contextmanager
def tapped_session(parameters: dict[str, Any]) -> Iterator[Session]:
    """A Snowpark session on a connection of its own that can be tapped."""
    with TappedConnection(paramstyle="qmark", login_timeout=20, **parameters) as connection:
        yield Session.builder.configs({"connection": connection}).create()


@contextmanager
def tap(session: Session, tapped: Tap) -> Iterator[Tap]:
    session.connection.tap = tapped
    try:
        yield tapped
    finally:
        session.connection.tap = None


def failing(nth: int) -> Tap:
    """The nth statement fails in the account."""
    return Tap(before=lambda index, sql: FAILING if index == nth else sql)


def losing(nth: int) -> Tap:
    """The nth statement takes effect, but its answer never comes."""

    def lose(index: int, sql: str) -> None:
        if index == nth:
            raise Fault(f"the answer was lost of: {sql[:80]}")

    return Tap(after=lose)


def breaking(nth: int) -> Tap:
    """The connection is gone from the nth statement on, the ROLLBACK included."""

    def gone(index: int, sql: str) -> str:
        if index >= nth:
            raise Fault(f"no connection for: {sql[:80]}")
        return sql

    return Tap(before=gone)


def during(nth: int, other: Callable[[], None]) -> Tap:
    """Something else happens right before the nth statement."""

    def first(index: int, sql: str) -> str:
        if index == nth:
            other()
        return sql

    return Tap(before=first)
