"""SHOW TERSE: the few columns of a listing that name its objects.

https://docs.snowflake.com/en/sql-reference/sql/show-tables and the pages of its siblings
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from flocon.core import errors
from flocon.core.result import Result

_COLUMNS = ("created_on", "name", "kind", "database_name", "schema_name")
# Each kind of listing: its terse columns by the full listing's names. Those that the full listing
# has not are NULL.
_LISTINGS: dict[str, dict[str, str]] = {
    noun: {name: name for name in _COLUMNS}
    for noun in ("DATABASES", "OBJECTS", "SCHEMAS", "TABLES", "VIEWS")
}
_LISTINGS["STREAMS"] = {name: name for name in _COLUMNS} | {"kind": "type", "tableOn": "table_name"}
_LISTINGS["ALERTS"] = {name: name for name in (*_COLUMNS, "schedule", "state")}
_LISTINGS["TASKS"] = {name: name for name in (*_COLUMNS, "schedule")}

# These listings have no kind of their own.
_KINDS = {"ALERTS": "ALERT", "VIEWS": "VIEW"}


def check(noun: str) -> None:
    """Raises 000002 where there is no terse listing of these."""
    if noun not in _LISTINGS:
        raise errors.unsupported(f"SHOW TERSE {noun}")


def cut(full: Result, noun: str) -> Result:
    """The terse listing, given the full one."""
    columns, kind = _LISTINGS[noun], _KINDS.get(noun)
    arrays: list[Any] = []
    types: list[str] = []
    for column in columns.values():
        known = column in full.names
        value = kind if column == "kind" else None
        missing = pa.array([value] * full.table.num_rows, pa.string())
        arrays.append(full.table.column(column) if known else missing)
        types.append(full.types[full.names.index(column)] if known else "VARCHAR")
    return Result(pa.table(arrays, names=list(columns)), types, full.statement_type)
