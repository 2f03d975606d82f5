"""Binds that are dates, times and timestamps, but a TIMESTAMP_LTZ: of these types, as Snowflake
knows.

https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example
"""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

import pyarrow as pa
from sqlglot import Expr, exp

from flocon.core import timestamp_tz
from flocon.core.timestamp_tz import TimestampTz

# Names of binds, and the types of their values.
Kinds = tuple[tuple[str, str], ...]


def kinds(binds: Mapping[str, Any]) -> Kinds:
    """Those of a statement's binds."""
    found = ((name, _kind(value)) for name, value in binds.items())
    return tuple((name, kind) for name, kind in found if kind)


def _kind(value: Any) -> str | None:
    if isinstance(value, TimestampTz):
        return "TIMESTAMP_TZ"
    if isinstance(value, datetime):
        return "TIMESTAMP_NTZ" if value.tzinfo is None else None
    if isinstance(value, date):
        return "DATE"
    return "TIME" if isinstance(value, time) and value.tzinfo is None else None


def cast(tree: Expr, known: Kinds) -> None:
    """Say so in a tree, in place: what a value becomes goes by its type."""
    types = dict(known)
    for mark in list(tree.find_all(exp.Placeholder)) if types else ():
        if kind := types.get(str(mark.this)):
            mark.replace(exp.cast(mark.copy(), kind, dialect="snowflake"))


def columns(rows: pa.Table) -> list[tuple[str, str]]:
    """Those of many rows' columns that are such, and DuckDB's types of them."""
    found = ((field.name, _type(field.type)) for field in rows.schema)
    return [(name, kind) for name, kind in found if kind]


def _type(kind: pa.DataType) -> str | None:
    if timestamp_tz.is_column(kind):
        return timestamp_tz.ENGINE_TYPE
    if pa.types.is_timestamp(kind):
        return "TIMESTAMP" if kind.tz is None else None
    if pa.types.is_date(kind):
        return "DATE"
    return "TIME" if pa.types.is_time(kind) else None
