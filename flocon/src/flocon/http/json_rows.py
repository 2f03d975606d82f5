"""Rows as texts, for clients whose session asks for JSON instead of Arrow.

Source of the formats: snowflake-connector-python (converter.py).
"""

import json
import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

import pyarrow as pa

from flocon.core import timestamp_tz
from flocon.core.result import Result
from flocon.core.variant_text import indented
from flocon.http import instants

Row = list[str | None]


def rowset(answer: Result, columns: Sequence[dict[str, Any]], indent: int = 2) -> list[Row]:
    """A result's rows; columns: what `arrow.row_type` says of them. indent: of JSON."""
    texts = [_texts(*pair, indent) for pair in zip(answer.table.columns, columns, strict=True)]
    return [list(row) for row in zip(*texts, strict=True)]


def part(rows: Sequence[Row]) -> bytes:
    """Rows as a client fetches them, between the brackets that it puts around them."""
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))[1:-1].encode()


def _texts(column: pa.ChunkedArray, kind: dict[str, Any], indent: int) -> list[str | None]:
    """A column's values; moments as numbers, which may lie beyond Python's."""
    if timestamp_tz.is_column(column.type):
        whole = pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)
        texts = _moments(timestamp_tz.instants(whole), kind["scale"])
        days = timestamp_tz.days(whole).to_pylist()
        return [text and f"{text} {ahead}" for text, ahead in zip(texts, days, strict=True)]
    if pa.types.is_timestamp(column.type) or pa.types.is_time(column.type):
        return _moments(column, kind["scale"])
    if pa.types.is_date(column.type):
        column = column.cast(pa.date32()).cast(pa.int32())
    write = _WRITERS.get(kind["type"], str)
    if kind["type"] in _SEMI_STRUCTURED:
        write = partial(indented, indent=indent)
    return [None if value is None else write(value) for value in column.to_pylist()]


def _moments(column: pa.ChunkedArray | pa.Array, digits: int) -> list[str | None]:
    micros = instants.micros(column).to_pylist()
    return [None if each is None else _seconds(each, digits) for each in micros]


def _number(value: int | Decimal) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _real(value: float) -> str:
    return repr(value) if math.isfinite(value) else str(value).replace("nan", "NaN")


def _seconds(microseconds: int, digits: int) -> str:
    """Seconds with so many decimals, exact."""
    sign = "-" if microseconds < 0 else ""
    seconds, rest = divmod(abs(microseconds), 1_000_000)
    return f"{sign}{seconds}.{rest:06d}000"[: digits - 9 or None].rstrip(".")


_WRITERS: dict[str, Callable[[Any], str]] = {
    "fixed": _number,
    "real": _real,
    "boolean": lambda value: "1" if value else "0",
    "binary": lambda value: value.hex().upper(),
}
_SEMI_STRUCTURED = ("variant", "object", "array")
