"""Which code answers which statement, put together from what the objects' modules list.

A module may have
STATEMENTS        the kinds of statements that it answers
TREES             handlers of what SQLGlot reads, by the kind of tree
FUNCTIONS         by name; NAMESPACED by full name, such as SNOWFLAKE.ALERT.SCHEDULED_TIME
TABLE_FUNCTIONS   of INFORMATION_SCHEMA
PROCEDURES        Snowflake's own
VIEWS             of INFORMATION_SCHEMA, or by full names; as queries
USER_FUNCTIONS    how calls of functions that users have made are found and run
DIRECTORY_TABLE   the rows of a stage's directory table
DDL, ACCOUNT_DDL  its metadata tables, in each database or in the account
STORED            the objects of a kind that it stores
EXISTS, IN_SCHEMA its part of the directory, for other kinds of objects
OWNER_CHANGED     what keeps its owner itself, by kinds
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from types import ModuleType
from typing import Any, Protocol

from sqlglot import Expr

from flocon.access.securables import Securable
from flocon.core import errors
from flocon.core.result import Result
from flocon.engine import Binds, StoredObjects, parsing
from flocon.session import terse
from flocon.session.context import Context
from flocon.session.statements import Kind, Statement, Worded
from flocon.session.trees import Tree
from flocon.sql.statements import Show
from flocon.sql.tokens import Tokens

Function = Callable[[Context, list[Any]], Any]
TableFunction = Callable[[Context, str, dict[str, Any]], Result]
DirectoryTable = Callable[[Context, str], Result]

# Words between CREATE and the kind of object.
_MODIFIERS = (
    ("OR", "REPLACE"),
    ("OR", "ALTER"),
    ("TEMPORARY",),
    ("TEMP",),
    ("TRANSIENT",),
    ("SECURE",),
)


class UserFunctions(Protocol):
    """A kind of functions that users make, in statements' trees."""

    def are_in(self, context: Context, tree: Expr) -> bool:
        """Are any of them called there?"""
        ...

    def name_fully(self, context: Context, tree: Expr) -> None:
        """Make their names mean the same everywhere, in place."""
        ...

    def evaluated(self, context: Context, tree: Expr, binds: Binds) -> AbstractContextManager[None]:
        """Inside, the tree has what the engine can run in the place of the calls."""
        ...


class Registry:
    def __init__(self, modules: Sequence[ModuleType]) -> None:
        def merged(name: str) -> dict[Any, Any]:
            return {k: v for module in modules for k, v in getattr(module, name, {}).items()}

        def listed(name: str) -> list[Any]:
            return [getattr(module, name) for module in modules if hasattr(module, name)]

        self._kinds = {kind.words: kind for kinds in listed("STATEMENTS") for kind in kinds}
        self.trees: dict[type[Expr], Callable[[Context, Expr, Binds], Result]] = merged("TREES")
        self.functions: dict[str, Function] = merged("FUNCTIONS")
        self.namespaced: dict[str, Function] = merged("NAMESPACED")
        self.table_functions: dict[str, TableFunction] = merged("TABLE_FUNCTIONS")
        self.procedures: dict[str, Callable[[Context, Sequence[Any]], Any]] = merged("PROCEDURES")
        self.views: dict[str, str] = merged("VIEWS")
        self.user_functions: list[UserFunctions] = listed("USER_FUNCTIONS")
        self.directory_tables: list[DirectoryTable] = listed("DIRECTORY_TABLE")
        self.exists: dict[str, Callable[[Context, Securable], bool]] = merged("EXISTS")
        self.in_schema: dict[str, Callable[[Context, str, str], Iterable[str]]] = merged(
            "IN_SCHEMA"
        )
        self.owner_changed: dict[str, Callable[[Context, Securable, str], None]] = merged(
            "OWNER_CHANGED"
        )
        self.hidden_tables: list[str] = listed("DDL")
        self.account_tables: list[str] = listed("ACCOUNT_DDL")
        self.stored: dict[str, StoredObjects[Any]] = {each.kind: each for each in listed("STORED")}

    def read(self, text: str) -> Statement:
        """The statement of a text. Raises where the text alone shows that it is not a statement."""

        tokens = Tokens(text)
        if tokens.done:
            raise errors.compilation(errors.SYNTAX, "Empty SQL statement.")
        if kind := self._kind(tokens):
            tokens.rewind()
            content = kind.read(tokens)
            tokens.check_one()
            if isinstance(content, Show) and content.terse:
                terse.check(kind.words[1])
            return Worded(text, kind, content)
        tokens.rewind()
        return Tree(text, self.trees, parsing.parse(text))

    def _kind(self, tokens: Tokens) -> Kind | None:
        """By its first words; None where it is SQLGlot's to read."""
        first = tokens.word()
        first = "DESCRIBE" if first == "DESC" else first
        if first == "CREATE":
            while any(tokens.accept(*words) for words in _MODIFIERS):
                continue
        if first == "SHOW":
            tokens.accept("TERSE")
        if first == "COMMENT":
            tokens.accept("IF", "EXISTS")
            tokens.accept("ON")
        if first == "WITH" and not _defines_procedure(tokens):
            return None
        if (first,) in self._kinds:
            return self._kinds[(first,)]
        if tokens.done or not tokens.current.text:
            return None
        return self._kinds.get((first, tokens.current.text.upper()))


def _defines_procedure(tokens: Tokens) -> bool:
    """Does WITH, which has been read, begin a procedure instead of a query?"""
    if not tokens.done:
        tokens.next()
    return tokens.peek("AS", "PROCEDURE")
