"""`$name` in a statement's text, where it means a session variable.

https://docs.snowflake.com/en/sql-reference/session-variables
"""

from __future__ import annotations

import re
from collections.abc import Callable

_USE = re.compile(r"(?<![\w$\"])\$[A-Za-z_]")
_PARTS = re.compile(
    r"""(?P<opaque> '(?:[^'\\]|''|\\.)*' | "(?:[^"]|"")*" | \$\$.*?\$\$ | --[^\n]* | //[^\n]*
        | /\*.*?\*/ | \s+ )
    | (?<![\w$"]) \$ (?P<variable> [A-Za-z_]\w*)
    | (?P<word> [\w$]+) | .""",
    re.S | re.X,
)
# What ends the list of a SELECT's columns.
_ENDS = ("FROM", "WHERE", "GROUP", "HAVING", "QUALIFY", "ORDER", "LIMIT", "UNION", "INTO")
_OPENING, _CLOSING = "([{", ")]}"


def are_in(text: str) -> bool:
    """May there be any?"""
    return _USE.search(text) is not None


def replaced(text: str, literal: Callable[[str], str]) -> str:
    """The text with the variables' values in their places. literal: the value of one, by its name
    in upper case. A column that is a variable alone is named after it."""
    parts = list(_PARTS.finditer(text))
    written = []
    depth, in_columns = 0, False
    for index, part in enumerate(parts):
        sign, name = part[0], part["variable"]
        if name:
            value = literal(name.upper())
            whole = in_columns and not depth and _stands_alone(parts, index)
            written.append(f'{value} AS "${name.upper()}"' if whole else value)
            continue
        written.append(sign)
        if sign in _OPENING:
            depth += 1
        elif sign in _CLOSING:
            depth -= 1
        elif part["word"] and not depth:
            word = sign.upper()
            in_columns = word == "SELECT" or (in_columns and word not in _ENDS)
    return "".join(written)


def _stands_alone(parts: list[re.Match[str]], index: int) -> bool:
    around = [part for part in parts if not part["opaque"] or part[0][0] in "'\"$"]
    place = around.index(parts[index])
    before = around[place - 1][0].upper() if place else ""
    after = around[place + 1][0].upper() if place + 1 < len(around) else ""
    return before in ("SELECT", ",") and after in ("", ",", ";", *_ENDS)
