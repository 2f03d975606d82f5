"""Functions that Snowpark's local testing session leaves to its users, as far as the transforms
need them. Each does what Snowflake's reference says of the function."""

from __future__ import annotations

import re
from typing import Any

from snowflake.snowpark.mock import ColumnEmulator, ColumnType, patch
from snowflake.snowpark.types import StringType


def _text(column: ColumnEmulator, values: list[Any]) -> ColumnEmulator:
    return ColumnEmulator(
        values, sf_type=ColumnType(StringType(), True), dtype=object, index=column.index
    )


def _kind(value: Any) -> str | None:
    if value is None:
        return None
    name = type(value).__name__
    if name.startswith("bool"):
        return "BOOLEAN"
    if name.startswith("int"):
        return "INTEGER"
    if name.startswith("float"):
        return "DECIMAL"
    return {"str": "VARCHAR", "dict": "OBJECT", "list": "ARRAY"}[name]


@patch("typeof")
def typeof(column: ColumnEmulator) -> ColumnEmulator:
    return _text(column, [_kind(value) for value in column])


@patch("replace")
def replace(
    column: ColumnEmulator, pattern: ColumnEmulator, replacement: ColumnEmulator
) -> ColumnEmulator:
    return _text(
        column,
        [
            None if text is None else text.replace(old, new)
            for text, old, new in zip(column, pattern, replacement, strict=True)
        ],
    )


@patch("regexp_replace")
def regexp_replace(
    column: ColumnEmulator, pattern: ColumnEmulator, replacement: ColumnEmulator, *_: Any
) -> ColumnEmulator:
    return _text(
        column,
        [
            None if text is None else re.sub(old, new, text)
            for text, old, new in zip(column, pattern, replacement, strict=True)
        ],
    )


@patch("trim")
def trim(column: ColumnEmulator, *_: Any) -> ColumnEmulator:
    return _text(column, [None if text is None else text.strip(" ") for text in column])


@patch("repeat")
def repeat(column: ColumnEmulator, times: ColumnEmulator) -> ColumnEmulator:
    pairs = zip(column, times, strict=True)
    return _text(column, [None if text is None else text * int(n or 0) for text, n in pairs])


@patch("substring")
def substring(
    column: ColumnEmulator, start: ColumnEmulator, length: ColumnEmulator
) -> ColumnEmulator:
    """As the session's own, which wants its numbers to be Python's integers."""
    cuts = zip(column, start, length, strict=True)
    return _text(
        column,
        [
            None if text is None else text[int(first) - 1 :][: max(int(count), 0)]
            for text, first, count in cuts
        ],
    )
