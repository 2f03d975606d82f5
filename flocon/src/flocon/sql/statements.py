"""Statements that kinds of objects have alike: DROP, DESCRIBE and EXECUTE of one, SHOW of all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from flocon.sql.show import ShowScope, show_scope
from flocon.sql.tokens import Name, Tokens


@dataclass(frozen=True)
class Named:
    """A statement that says no more than an object's name. if_exists: it may be missing."""

    name: Name
    if_exists: bool = False


@dataclass(frozen=True)
class Show:
    scope: ShowScope
    terse: bool = False

    def without_limit(self) -> tuple[Show, int | None, str | None]:
        """The same without LIMIT … FROM, and what stood there."""
        every = replace(self.scope, limit=None, start_from=None)
        return replace(self, scope=every), self.scope.limit, self.scope.start_from


def drop(*noun: str) -> Callable[[Tokens], Named]:
    """DROP noun [IF EXISTS] name"""

    def read(tokens: Tokens) -> Named:
        tokens.expect("DROP", *noun)
        if_exists = tokens.accept("IF", "EXISTS")
        name = tokens.name()
        tokens.end()
        return Named(name, if_exists)

    return read


def describe(*noun: str) -> Callable[[Tokens], Named]:
    """{DESCRIBE | DESC} noun name"""

    def read(tokens: Tokens) -> Named:
        tokens.next()
        tokens.expect(*noun)
        name = tokens.name()
        tokens.end()
        return Named(name)

    return read


def show(*nouns: str, root_only: bool = False) -> Callable[[Tokens], Show]:
    """SHOW [TERSE] nouns [LIKE '…'] [IN …] [STARTS WITH '…'] [ROOT ONLY] [LIMIT n [FROM '…']]"""

    def read(tokens: Tokens) -> Show:
        tokens.expect("SHOW")
        terse = tokens.accept("TERSE")
        tokens.expect(*nouns)
        return Show(show_scope(tokens, of_tasks=root_only), terse)

    return read
