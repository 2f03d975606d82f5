"""Trees as DuckDB's SQL, and the binds that it has marks for."""

import re
from collections.abc import Mapping
from typing import Any

import duckdb
from sqlglot import Expr
from sqlglot.dialects import DuckDB
from sqlglot.errors import ErrorLevel, UnsupportedError

from flocon.core import errors
from flocon.core.timestamp_tz import ENGINE_TYPE, TimestampTz, engine_text
from flocon.engine.clock import NOW, now

Binds = Mapping[str, Any]

# As Engine sets it, and Snowflake has it. SQLGlot assumes DuckDB's own default, and would leave out
# the NULLS LAST of a descending order.
# https://docs.snowflake.com/en/sql-reference/constructs/order-by
DuckDB.NULL_ORDERING = "nulls_are_large"


def render(tree: Expr) -> str:
    """DuckDB's SQL; what sqlglot cannot say in it is an error, never left out. The tree is used
    up: SQLGlot puts what it needs in its place."""
    try:
        return tree.sql("duckdb", identify=True, unsupported_level=ErrorLevel.RAISE, copy=False)
    except UnsupportedError as error:
        raise errors.unsupported(_named(str(error))) from error


def _named(said: str) -> str:
    """What SQLGlot cannot say, by Snowflake's name of it."""
    found = _UNSAID.search(said)
    return found[1] if found else said.partition(" when targeting")[0]


_UNSAID = re.compile(r"^(?:DuckDB does not support the )?([A-Z][A-Z_0-9]+)\b")


def used(sql: str, binds: Binds) -> dict[str, Any]:
    """The binds that a statement has marks for, the clock's included; DuckDB refuses others."""
    marks = set(re.findall(r"\$(b\d+)\b", sql))
    chosen = {name: _bound(value) for name, value in binds.items() if name in marks}
    if f"${NOW}" in sql:
        chosen[NOW] = binds.get(NOW) or now()
    return chosen


def _bound(value: Any) -> Any:
    """A bind as the engine takes it: of a datetime it would keep the instant alone."""
    if not isinstance(value, TimestampTz):
        return value
    return duckdb.Value(engine_text(value), ENGINE_TYPE)  # type: ignore[arg-type]  # takes names, too
