"""The rows of a FLATTEN that goes into what it has found (RECURSIVE), or into objects or arrays
alone (MODE).

https://docs.snowflake.com/en/sql-reference/functions/flatten
"""

import re
from collections.abc import Iterator
from typing import Any

import duckdb
from duckdb.func import FunctionNullHandling

from flocon.core import errors
from flocon.core.variant_marks import UNDEFINED
from flocon.core.variant_text import Node, key_text, one_line, read

_OF_SCALARS = "FLATTEN with OUTER and RECURSIVE of what is no array and no object"
_ROWS = "STRUCT(k VARCHAR, p VARCHAR, i BIGINT, v VARCHAR, t VARCHAR)[]"
Row = dict[str, Any]


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Let a rewrite call `flat`."""
    connection.create_function(
        "_account_flat",
        flat,
        ["VARCHAR", "VARCHAR", "VARCHAR", "BOOLEAN", "BOOLEAN"],
        _ROWS,
        null_handling=FunctionNullHandling.SPECIAL,
    )


def flat(document: str | None, path: str, mode: str, deep: bool, outer: bool) -> list[Row]:
    """The members and elements of JSON that stands at a path, each one before its own, but for
    elements that are NULL. outer: one row where there are none, of NULLs but for the array or
    object and its place."""
    kinds = {"OBJECT": (dict,), "ARRAY": (list,)}.get(mode, (dict, list))
    whole = read(document) if document else ""
    rows = list(_rows(whole, path, kinds, deep=deep))
    if rows or not outer:
        return rows
    if deep and isinstance(whole, str) and whole not in ("", "null"):
        # The page says NULL, and Snowpark's tests that Snowflake answers the value.
        raise ValueError(errors.unsupported(_OF_SCALARS).message)
    holds = isinstance(whole, dict | list)
    at, this = (path, document) if holds else (None, None)
    return [{"k": None, "p": at, "i": None, "v": None, "t": this}]


def _below(path: str, key: str) -> str:
    """As the macro `_account_below`."""
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_$]*", key):
        escaped = key.replace("\\", "\\\\").replace("'", "\\'")
        return f"{path}['{escaped}']"
    return f"{path}.{key}" if path else key


def _rows(node: Node, path: str, kinds: tuple[type, ...], *, deep: bool) -> Iterator[Row]:
    if isinstance(node, str) or not isinstance(node, kinds):
        return
    whole = "".join(one_line(node))
    for place, each in enumerate(node):
        key = key_text(each) if isinstance(node, dict) else None
        below = f"{path}[{place}]" if key is None else _below(path, key)
        value = node[each] if isinstance(node, dict) else each
        if value == UNDEFINED:
            continue
        index = place if key is None else None
        yield {"k": key, "p": below, "i": index, "v": "".join(one_line(value)), "t": whole}
        if deep:
            yield from _rows(value, below, kinds, deep=True)
