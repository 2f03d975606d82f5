"""Trees as DuckDB's SQL, kept by the text that they were read from."""

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlglot import Expr
from sqlglot.errors import ErrorLevel, UnsupportedError

from local import errors
from local.engine.clock import NOW

Binds = Mapping[str, Any]

# A statement's text with the names that it was read under (`TEXT` in a tree's meta) → DuckDB's SQL.
TEXT = "text"
_RENDERED: OrderedDict[Any, str] = OrderedDict()
_RENDERED_LOCK = threading.Lock()
_KEPT_STATEMENTS = 512


def render(tree: Expr) -> str:
    """DuckDB's SQL; what sqlglot cannot say in it is an error, never left out."""
    try:
        return tree.sql(dialect="duckdb", identify=True, unsupported_level=ErrorLevel.RAISE)
    except UnsupportedError as error:
        raise errors.unsupported(f"{error} in {tree.sql(dialect='snowflake')[:200]}") from error


def rendered(purpose: str, tree: Expr, rewritten: Callable[[], Expr]) -> str:
    """DuckDB's SQL for a tree; where its text has been rewritten before, that is taken again."""
    text = tree.meta.get(TEXT)
    if text is None:
        return render(rewritten())
    key = (purpose, text)
    with _RENDERED_LOCK:
        if key in _RENDERED:
            _RENDERED.move_to_end(key)
            return _RENDERED[key]
    sql = render(rewritten())
    with _RENDERED_LOCK:
        _RENDERED[key] = sql
        while len(_RENDERED) > _KEPT_STATEMENTS:
            _RENDERED.popitem(last=False)
    return sql


def used(sql: str, binds: Binds) -> dict[str, Any]:
    """The binds that a statement has marks for, the clock's included; DuckDB refuses others."""
    marks = set(re.findall(r"\$(b\d+)\b", sql))
    chosen = {name: value for name, value in binds.items() if name in marks}
    if f"${NOW}" in sql:
        chosen[NOW] = datetime.now(UTC)
    return chosen
