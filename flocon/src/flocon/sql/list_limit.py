"""Snowflake's limit on how many expressions a list in a statement's text may have."""

import re

from flocon.core import errors

MOST = 200_000
_SIGN = re.compile(
    r"'(?:[^'\\]|\\.|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/|\$\$.*?\$\$|[(),]", re.DOTALL
)


def check(sql: str) -> None:
    """Raises 001795 for a list that is too long, before anybody reads the statement: a list of
    VALUES, of IN, of a function's arguments."""
    counts = [1]
    for found in _SIGN.finditer(sql):
        sign = found[0]
        if sign == "(":
            counts.append(1)
        elif sign == ")" and len(counts) > 1:
            counts.pop()
        elif sign == ",":
            counts[-1] += 1
            if counts[-1] > MOST:
                raise errors.compilation(
                    errors.TOO_MANY_EXPRESSIONS,
                    f"maximum number of expressions in a list exceeded, expected at most {MOST:,}",
                )
