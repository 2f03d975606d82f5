"""Long INSERT … VALUES of nothing but constants, as the rows that they are.

A tree of 200,000 rows takes a minute to make, in which no other statement of the account gets on;
as rows they go the way of executemany's.
"""

import re
from decimal import Context, Decimal
from typing import Any, NamedTuple

from flocon.engine import literals

_NAME = r'(?:"[^"]+"|[A-Za-z_][\w$]*)'
_HEAD = re.compile(
    rf"\s*INSERT\s+INTO\s+{_NAME}(?:\.{_NAME}){{0,2}}\s*"
    rf"(?:\(\s*{_NAME}(?:\s*,\s*{_NAME})*\s*\)\s*)?VALUES\s*(?=\()",
    re.IGNORECASE,
)
_CONSTANT = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|'')*')|(?P<number>[+-]?\d{1,38}(?:\.\d{1,37})?)"
    r"|(?P<word>NULL|TRUE|FALSE))\s*(?P<end>[,)])",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"\s*(?P<sign>[,(])|\s*;?\s*\Z")
_OPENING = re.compile(r"\s*\(")
_WORDS = {"NULL": None, "TRUE": True, "FALSE": False}
_LARGEST = 2**63
_ALL_DIGITS = Context(prec=80)


class LiteralRows(NamedTuple):
    """statement: the same INSERT with one row of marks."""

    statement: str
    rows: list[tuple[Any, ...]]


def read(sql: str) -> LiteralRows | None:
    """None for any other statement, and where the constants of a column are not of one kind: then
    it is what they all can be cast to that decides, and the engine knows that."""
    head = _HEAD.match(sql)
    if head is None:
        return None
    rows: list[tuple[Any, ...]] = []
    place = head.end()
    while True:
        row: list[Any] = []
        place += 1  # the opening parenthesis
        while True:
            found = _CONSTANT.match(sql, place)
            if found is None:
                return None
            row.append(_value(found))
            place = found.end()
            if found["end"] == ")":
                break
        rows.append(tuple(row))
        between = _BETWEEN.match(sql, place)
        if between is None or between["sign"] == "(":
            return None
        if between["sign"] is None:
            break
        place = between.end()
        following = _OPENING.match(sql, place)
        if following is None:
            return None
        place = following.end() - 1
    if not _are_alike(rows):
        return None
    marks = ", ".join("?" * len(rows[0]))
    return LiteralRows(f"{head[0]}({marks})", _spelled(rows))


def _value(found: re.Match[str]) -> Any:
    if (text := found["text"]) is not None:
        return text[1:-1].replace("''", "'")
    if (number := found["number"]) is not None:
        return Decimal(number) if "." in number else int(number)
    return _WORDS[found["word"].upper()]


def _spelled(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """With no more decimals than a column of such constants has: none of 1.50 and 2.00 ends in
    two."""
    columns = list(zip(*rows, strict=True))
    for place, column in enumerate(columns):
        decimals = [value for value in column if isinstance(value, Decimal)]
        if decimals and all(str(value).endswith("0") for value in decimals):
            needed = [
                Decimal(literals.spelled(str(value))).as_tuple().exponent for value in decimals
            ]
            unit = Decimal(1).scaleb(min(int(exponent) for exponent in needed))
            columns[place] = tuple(
                value if value is None else value.quantize(unit, context=_ALL_DIGITS)
                for value in column
            )
    return list(zip(*columns, strict=True))


def _are_alike(rows: list[tuple[Any, ...]]) -> bool:
    width = len(rows[0])
    if any(len(row) != width for row in rows):
        return False
    for column in zip(*rows, strict=True):
        # As texts, numbers of different scales would all get the largest one.
        kinds = {
            (type(value), value.as_tuple().exponent if isinstance(value, Decimal) else 0)
            for value in column
            if value is not None
        }
        if len(kinds) != 1:
            return False
        if kinds == {(int, 0)} and not all(
            -_LARGEST <= value < _LARGEST for value in column if value is not None
        ):
            return False
    return True
