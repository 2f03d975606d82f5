"""A VARIANT's text as answers have it: indented by two blanks, numbers without idle zeros, texts
without escapes that they do not need.

https://docs.snowflake.com/en/sql-reference/data-types-semistructured
"""

import json
import math
import re
from collections.abc import Iterator

_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+)')
_DECIMAL = re.compile(r"(-?\d+)(?:\.(\d+))?([eE][+-]?\d+)?")
# Whole numbers up to here are written without an exponent.
_LARGEST = 10**15


def indented(variant: str) -> str:
    """JSON's text on one line, as Snowflake's clients get it."""
    if not variant.startswith(("{", "[")):
        return _scalar(variant)
    return "".join(_indented(variant))


def _indented(variant: str) -> Iterator[str]:
    depth, before = 0, ""
    for token in _TOKEN.findall(variant):
        if token in "}]":
            depth -= 1
            if before not in "{[":
                yield "\n" + "  " * depth
        elif before and before in "{[,":
            yield "\n" + "  " * depth
        if token == ":":
            yield ": "
        else:
            yield token if token[0] in "{}[]," else _scalar(token)
        depth += token in "{["
        before = token


def _scalar(token: str) -> str:
    """A text or a number in Snowflake's spelling; anything else as it is."""
    if token.startswith('"'):
        return _text(token) if "\\" in token else token
    match = _DECIMAL.fullmatch(token)
    if match is None or not (match[2] or match[3]):
        return token
    if match[3] is None:
        decimals = match[2].rstrip("0")
        return f"{match[1]}.{decimals}" if decimals else match[1]
    value = float(token)
    if math.isinf(value):
        return token
    return str(int(value)) if value.is_integer() and abs(value) < _LARGEST else f"{value:.15e}"


def _text(token: str) -> str:
    """A text is kept as it was written; `\\u00e9` is shown as the letter. Half a surrogate pair
    has no letter."""
    found = json.dumps(json.loads(token, strict=False), ensure_ascii=False)
    return found if found.isascii() or _encodes(found) else token


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
