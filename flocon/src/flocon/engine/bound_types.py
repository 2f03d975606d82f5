"""Binds that are dates, times and timestamps, but a TIMESTAMP_LTZ: of these types, as Snowflake
knows; operands of divisions; and texts that the engine alone takes for numbers: as texts, which are
looked at where they become one.

https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import Expr, exp

from flocon.core import timestamp_tz
from flocon.core.timestamp_tz import TimestampTz
from flocon.engine import literals

# Names of binds, and the types of their values.
Kinds = tuple[tuple[str, str], ...]


def kinds(binds: Mapping[str, Any]) -> Kinds:
    """Those of a statement's binds."""
    found = ((name, _kind(value)) for name, value in binds.items())
    return tuple((name, kind) for name, kind in found if kind)


# How a text begins that the engine may read as a number, and Snowflake does not.
_NO_NUMBER = r"^\s*[+-]?(0[xXbB]|[0-9.][0-9.eE+-]*_)"


def _kind(value: Any) -> str | None:
    if isinstance(value, str):
        return "VARCHAR" if re.match(_NO_NUMBER, value) else None
    if isinstance(value, TimestampTz):
        return "TIMESTAMP_TZ"
    if isinstance(value, datetime):
        return "TIMESTAMP_NTZ" if value.tzinfo is None else None
    if isinstance(value, date):
        return "DATE"
    return "TIME" if isinstance(value, time) and value.tzinfo is None else None


def divided(tree: Expr, binds: Mapping[str, Any]) -> Kinds:
    """The numbers and texts among the binds of a statement that divides, or asks for means."""
    operands = [(name, literals.operand_type(value)) for name, value in binds.items()]
    known = tuple((name, kind) for name, kind in operands if kind)
    if known and _DIVIDES not in tree.meta:
        tree.meta[_DIVIDES] = tree.find(*_DIVIDING) is not None
    return known if known and tree.meta[_DIVIDES] else ()


# What goes by the scale of its numbers.
_DIVIDING = (exp.Div, exp.Avg, exp.Median, exp.Stddev, exp.Variance)
_DIVIDES = "divides"


def cast(tree: Expr, known: Kinds, divided: Kinds = ()) -> None:
    """Say so in a tree, in place: what a value becomes goes by its type."""
    types, numbers = dict(known), dict(divided)
    for mark in list(tree.find_all(exp.Placeholder)) if types or numbers else ():
        kind = types.get(str(mark.this))
        if kind is None and mark.find_ancestor(*_DIVIDING):
            kind = numbers.get(str(mark.this))
        if kind:
            mark.replace(exp.cast(mark.copy(), kind, dialect="snowflake"))


def columns(rows: pa.Table) -> list[tuple[str, str]]:
    """Those of many rows' columns that are such, and DuckDB's types of them."""
    found = ((field.name, _type(field.type)) for field in rows.schema)
    known = [(name, kind) for name, kind in found if kind]
    texts = (field.name for field in rows.schema if pa.types.is_string(field.type))
    return [*known, *((name, "VARCHAR") for name in texts if _has_no_numbers(rows[name]))]


def _has_no_numbers(texts: pa.ChunkedArray) -> bool:
    return bool(pc.any(pc.match_substring_regex(texts, _NO_NUMBER)).as_py())


def _type(kind: pa.DataType) -> str | None:
    if timestamp_tz.is_column(kind):
        return timestamp_tz.ENGINE_TYPE
    if pa.types.is_timestamp(kind):
        return "TIMESTAMP" if kind.tz is None else None
    if pa.types.is_date(kind):
        return "DATE"
    return "TIME" if pa.types.is_time(kind) else None
