"""Rows as texts, for clients whose session asks for JSON instead of Arrow.

Source of the formats: snowflake-connector-python (converter.py).
"""

import math
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from flocon.core.result import Result
from flocon.core.variant_text import indented

_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)

Row = list[str | None]


def rowset(answer: Result, columns: Sequence[dict[str, Any]]) -> list[Row]:
    """A result's rows; columns: what `arrow.row_type` says of them."""
    texts = [
        [None if value is None else write(value) for value in column.to_pylist()]
        for column, write in zip(answer.table.columns, map(_writer, columns), strict=True)
    ]
    return [list(row) for row in zip(*texts, strict=True)]


def _writer(column: dict[str, Any]) -> Callable[[Any], str]:
    if write := _MOMENTS.get(column["type"]):
        return partial(write, digits=column["scale"])
    return _WRITERS.get(column["type"], str)


def _number(value: int | Decimal) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _real(value: float) -> str:
    return repr(value) if math.isfinite(value) else str(value).replace("nan", "NaN")


def _seconds(since: timedelta, digits: int) -> str:
    """Seconds with so many decimals, exact."""
    microseconds = since // _MICROSECOND
    sign = "-" if microseconds < 0 else ""
    seconds, rest = divmod(abs(microseconds), 1_000_000)
    return f"{sign}{seconds}.{rest:06d}000"[: digits - 9 or None].rstrip(".")


def _timestamp(value: datetime, digits: int) -> str:
    """A wall clock's; of an instant, that in UTC."""
    offset = value.utcoffset() or timedelta()
    return _seconds(value.replace(tzinfo=None) - offset - _EPOCH, digits)


def _zoned(value: datetime, digits: int) -> str:
    minutes = (value.utcoffset() or timedelta()) // timedelta(minutes=1)
    return f"{_timestamp(value, digits)} {minutes + 1440}"


def _time(value: time, digits: int) -> str:
    return _seconds(datetime.combine(_EPOCH, value) - _EPOCH, digits)


def _days(value: date) -> str:
    return str((value - _EPOCH.date()).days)


_MOMENTS: dict[str, Callable[..., str]] = {
    "time": _time,
    "timestamp_ntz": _timestamp,
    "timestamp_ltz": _timestamp,
    "timestamp_tz": _zoned,
}
_WRITERS: dict[str, Callable[[Any], str]] = {
    "fixed": _number,
    "real": _real,
    "boolean": lambda value: "1" if value else "0",
    "date": _days,
    "binary": lambda value: value.hex().upper(),
    "variant": indented,
    "object": indented,
    "array": indented,
}
