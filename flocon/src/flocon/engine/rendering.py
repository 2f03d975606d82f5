"""Trees as DuckDB's SQL, kept by the text that they were read from."""

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from sqlglot import Expr
from sqlglot.errors import ErrorLevel, UnsupportedError

from flocon.core import errors
from flocon.engine.clock import NOW

Binds = Mapping[str, Any]
T = TypeVar("T")

# In a tree's meta: the statement's text, with the names and the shapes of tables that it was read
# under. Statements for which that is the same are the same.
TEXT = "text"
_KEPT_STATEMENTS = 512


def render(tree: Expr) -> str:
    """DuckDB's SQL; what sqlglot cannot say in it is an error, never left out."""
    try:
        return tree.sql(dialect="duckdb", identify=True, unsupported_level=ErrorLevel.RAISE)
    except UnsupportedError as error:
        raise errors.unsupported(f"{error} in {tree.sql(dialect='snowflake')[:200]}") from error


class Kept:
    """What has been found out about an account's latest statements, by their texts. Thread-safe.

    Two accounts may well have the same texts, and other tables behind them.
    """

    def __init__(self) -> None:
        self._found: OrderedDict[Any, Any] = OrderedDict()
        self._lock = threading.Lock()

    def once(self, purpose: Hashable, tree: Expr, find_out: Callable[[], T]) -> T:
        """What has been found out about a tree; where its text has come before, that is taken
        again. Nobody changes what is kept."""
        text = tree.meta.get(TEXT)
        if text is None:
            return find_out()
        key = (purpose, text)
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
                return self._found[key]
        found = find_out()
        with self._lock:
            self._found[key] = found
            while len(self._found) > _KEPT_STATEMENTS:
                self._found.popitem(last=False)
        return found


def used(sql: str, binds: Binds) -> dict[str, Any]:
    """The binds that a statement has marks for, the clock's included; DuckDB refuses others."""
    marks = set(re.findall(r"\$(b\d+)\b", sql))
    chosen = {name: value for name, value in binds.items() if name in marks}
    if f"${NOW}" in sql:
        chosen[NOW] = binds.get(NOW) or datetime.now(UTC)
    return chosen
