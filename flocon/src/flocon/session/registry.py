"""Which code answers which statement, put together from what the objects' modules list.

A module may have ROUTES (by first words, or the kind of SQLGlot's trees: TREES), FUNCTIONS (by
name), NAMESPACED (by full names: SNOWFLAKE.ALERT.SCHEDULED_TIME), TABLE_FUNCTIONS, PROCEDURES
(Snowflake's own), VIEWS (of INFORMATION_SCHEMA, or by full names; as queries), DDL and ACCOUNT_DDL
(its metadata tables), OF_SCHEMA (the table and column by which its metadata goes with a schema),
and its part of the directory: EXISTS, IN_SCHEMA, OWNER_CHANGED.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from types import ModuleType
from typing import Any

from sqlglot import Expr

from flocon.access.securables import Securable
from flocon.core.result import Result
from flocon.engine import Binds
from flocon.session import terse
from flocon.session.context import Context
from flocon.sql.tokens import Tokens

Handler = Callable[[Context, Tokens, Sequence[Any]], Result]
Function = Callable[[Context, list[Any]], Any]
TableFunction = Callable[[Context, str, dict[str, Any]], Result]

# Words between CREATE and the kind of object.
_MODIFIERS = (
    ("OR", "REPLACE"),
    ("OR", "ALTER"),
    ("TEMPORARY",),
    ("TEMP",),
    ("TRANSIENT",),
    ("SECURE",),
)


class Registry:
    def __init__(self, modules: Sequence[ModuleType]) -> None:
        def merged(name: str) -> dict[Any, Any]:
            return {k: v for module in modules for k, v in getattr(module, name, {}).items()}

        def listed(name: str) -> list[Any]:
            return [getattr(module, name) for module in modules if hasattr(module, name)]

        self.routes: dict[tuple[str, ...], Handler] = merged("ROUTES")
        self.trees: dict[type[Expr], Callable[[Context, Expr, Binds], Result]] = merged("TREES")
        self.functions: dict[str, Function] = merged("FUNCTIONS")
        self.namespaced: dict[str, Function] = merged("NAMESPACED")
        self.table_functions: dict[str, TableFunction] = merged("TABLE_FUNCTIONS")
        self.procedures: dict[str, Callable[[Context, Sequence[Any]], Any]] = merged("PROCEDURES")
        self.views: dict[str, str] = merged("VIEWS")
        self.exists: dict[str, Callable[[Context, Securable], bool]] = merged("EXISTS")
        self.in_schema: dict[str, Callable[[Context, str, str], Iterable[str]]] = merged(
            "IN_SCHEMA"
        )
        self.owner_changed: dict[str, Callable[[Context, Securable, str], None]] = merged(
            "OWNER_CHANGED"
        )
        self.hidden_tables: list[str] = listed("DDL")
        self.account_tables: list[str] = listed("ACCOUNT_DDL")
        self.of_schemas: list[tuple[str, str]] = listed("OF_SCHEMA")

    def route(self, tokens: Tokens) -> Handler | None:
        """The handler of a statement by its first words; None where it is sqlglot's to read."""
        ahead = Tokens(tokens.text)
        first = ahead.word()
        first = "DESCRIBE" if first == "DESC" else first
        if first == "CREATE":
            while any(ahead.accept(*words) for words in _MODIFIERS):
                continue
        is_terse = first == "SHOW" and ahead.accept("TERSE")
        if first == "COMMENT":
            ahead.accept("IF", "EXISTS")
            ahead.accept("ON")
        if (first,) in self.routes:
            return self.routes[(first,)]
        if ahead.done or not ahead.current.text:
            return None
        noun = ahead.current.text.upper()
        handler = self.routes.get((first, noun))
        return terse.shortened(noun, handler) if is_terse and handler else handler
