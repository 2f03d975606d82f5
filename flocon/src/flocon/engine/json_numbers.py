"""Numbers in JSON as they were written: DuckDB reads those with a point as 64-bit floats.

Snowflake keeps a number of up to 38 digits as it is, and what has more digits or an exponent as a
DOUBLE. https://docs.snowflake.com/en/sql-reference/data-types-semistructured
"""

import json
import re
from decimal import Decimal
from functools import lru_cache
from typing import Any

import duckdb
from duckdb.func import FunctionNullHandling

from flocon.core.variant_text import compact

_MAX_DIGITS = 38
_STEP = re.compile(r'\."((?:[^"\\]|\\.)*)"|\[(\d+)\]')
_EXACT = re.compile(r"(-?)(\d+)(?:\.(\d+))?")


class _Number(str):
    """A number's own text."""


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Let macros ask for a number's exact text, and for its type, by document and path."""
    connection.create_function("_account_canonical", canonical, ["VARCHAR"], "VARCHAR")
    connection.create_function("_account_compact", compact, ["VARCHAR"], "VARCHAR")
    for name, function in (("_account_exact", exact), ("_account_kind", kind)):
        connection.create_function(
            name,
            function,
            ["VARCHAR", "VARCHAR"],
            "VARCHAR",
            null_handling=FunctionNullHandling.SPECIAL,
        )


def exact(document: str | None, path: str) -> str | None:
    """The decimal at a path, without zeros at its end; None for everything else."""
    parts = _decimal(document, path)
    if parts is None:
        return None
    sign, whole, decimals = parts
    return f"{sign}{whole}.{decimals}" if decimals else f"{sign}{whole}"


def kind(document: str | None, path: str) -> str | None:
    """What TYPEOF says of the number at a path; None for everything else."""
    if not isinstance(_value(document, path), _Number):
        return None
    parts = _decimal(document, path)
    if parts is None:
        return "DOUBLE"
    return "DECIMAL" if parts[2] else "INTEGER"


def canonical(document: str) -> str:
    """The text that all spellings of a value share: sorted keys, numbers by their value."""
    try:
        value = json.loads(document, parse_float=Decimal, parse_int=Decimal)
    except (ValueError, RecursionError):
        return document
    return _canonical(value)


def _canonical(value: Any) -> str:
    if isinstance(value, dict):
        members = (f"{json.dumps(key)}:{_canonical(value[key])}" for key in sorted(value))
        return f"{{{','.join(members)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(_canonical, value))}]"
    if isinstance(value, Decimal) and value == value.to_integral_value() and abs(value) < 10**38:
        return str(int(value))
    if isinstance(value, Decimal):
        return str(value.normalize())
    return json.dumps(value, ensure_ascii=False)


def _decimal(document: str | None, path: str) -> tuple[str, str, str] | None:
    """Sign, whole part and decimals of a number that fits 38 digits."""
    value = _value(document, path)
    match = _EXACT.fullmatch(value) if isinstance(value, _Number) else None
    if match is None:
        return None
    whole, decimals = match[2], (match[3] or "")
    digits = len((whole + decimals).lstrip("0"))
    return None if digits > _MAX_DIGITS else (match[1], whole, decimals.rstrip("0"))


def _value(document: str | None, path: str) -> Any:
    value = None if document is None else _parsed(document)
    for key, index in _STEP.findall(path):
        if index:
            value = (
                value[int(index)] if isinstance(value, list) and int(index) < len(value) else None
            )
        else:
            name = key.replace('\\"', '"')
            value = value.get(name) if isinstance(value, dict) else None
    return value


@lru_cache(maxsize=64)
def _parsed(document: str) -> Any:
    try:
        return json.loads(document, parse_float=_Number, parse_int=_Number)
    except (ValueError, RecursionError):
        return None
