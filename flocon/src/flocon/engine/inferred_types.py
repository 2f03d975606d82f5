"""What the columns of staged files are, by the values in them: INFER_SCHEMA of CSV and JSON.

https://docs.snowflake.com/en/sql-reference/functions/infer_schema
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

_WHOLE = re.compile(r"[+-]?(\d+)")
_DECIMAL = re.compile(r"[+-]?(\d*)\.(\d+)")
_FLOAT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)[eE][+-]?\d+")
_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_TIME = re.compile(r"([01]?\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?")
_MOST_DIGITS = 38
_STRUCTURES = ("OBJECT", "ARRAY")


@dataclass(frozen=True)
class Kind:
    """A type: of a NUMBER the digits before and after the point."""

    name: str
    whole: int = 0
    decimals: int = 0

    def __str__(self) -> str:
        if self.name != "NUMBER":
            return self.name
        return f"NUMBER({max(1, self.whole + self.decimals)}, {self.decimals})"


def of_text(text: str) -> Kind:
    """The type of a field of a file of CSV."""
    if match := _WHOLE.fullmatch(text):
        return _number(len(match[1]), 0)
    if match := _DECIMAL.fullmatch(text):
        return _number(len(match[1].lstrip("0")), len(match[2]))
    if _FLOAT.fullmatch(text):
        return Kind("REAL")
    if text.lower() in ("true", "false"):
        return Kind("BOOLEAN")
    return _of_moment(text)


def of_value(value: Any) -> Kind | None:
    """The type of a member of a document, whose numbers are texts of their own; None of a null."""
    if value is None:
        return None
    if isinstance(value, bool):
        return Kind("BOOLEAN")
    if isinstance(value, dict | list):
        return Kind("OBJECT" if isinstance(value, dict) else "ARRAY")
    return of_text(str(value)) if isinstance(value, _Number) else _of_moment(value)


class _Number(str):
    """A number as it is written."""


def members(document: str) -> dict[str, Any]:
    """The members of a document, in the order of their names; none of what is no object."""
    found = json.loads(document, parse_int=_Number, parse_float=_Number, strict=False)
    return dict(sorted(found.items())) if isinstance(found, dict) else {}


def merged(kinds: Iterable[Kind | None]) -> Kind:
    """The type that takes the values of all of these."""
    known: Kind | None = None
    for kind in kinds:
        if kind is not None:
            known = kind if known is None else _common(known, kind)
    return known or Kind("TEXT")


def _number(whole: int, decimals: int) -> Kind:
    if whole + decimals > _MOST_DIGITS:
        return Kind("REAL")
    return Kind("NUMBER", whole, decimals)


def _of_moment(text: str) -> Kind:
    if _DATE.fullmatch(text):
        return Kind("DATE")
    if _TIME.fullmatch(text):
        return Kind("TIME")
    day, _, time = text.replace("T", " ", 1).partition(" ")
    if _DATE.fullmatch(day) and _TIME.fullmatch(time):
        return Kind("TIMESTAMP_NTZ")
    return Kind("TEXT")


def _common(left: Kind, right: Kind) -> Kind:
    if left == right:
        return left
    names = {left.name, right.name}
    if names == {"NUMBER"}:
        return _number(max(left.whole, right.whole), max(left.decimals, right.decimals))
    if names == {"NUMBER", "REAL"}:
        return Kind("REAL")
    if names == {"DATE", "TIMESTAMP_NTZ"}:
        return Kind("TIMESTAMP_NTZ")
    return Kind("VARIANT" if names & {*_STRUCTURES, "VARIANT"} else "TEXT")
