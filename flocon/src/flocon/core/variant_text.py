"""A VARIANT's text as answers have it: keys in their order, indented by two blanks, numbers
without idle zeros, texts without escapes that they do not need.

https://docs.snowflake.com/en/sql-reference/data-types-semistructured
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from flocon.core import variant_marks as marks

_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"]+)')
_DECIMAL = re.compile(r"(-?\d+)(?:\.(\d+))?([eE][+-]?\d+)?")


def indented(variant: str, indent: int = 2) -> str:
    """JSON's text on one line, as Snowflake's clients get it. indent: blanks for each level; 0 for
    a text on one line."""
    if not variant.startswith(("{", "[")):
        return _scalar(variant)
    return "".join(_indented(read(variant), " " * indent, 0))


def compact(variant: str | None) -> str | None:
    """What an object, an array or a number is as a VARCHAR; None for undefined."""
    if variant is None or variant == marks.UNDEFINED:
        return None
    if variant.startswith(("{", "[")):
        return indented(variant, 0)
    value = marks.float_of(variant)
    return _digits(variant) if value is None else float_text(value)


def _digits(token: str) -> str:
    """Of a fixed-point number that is marked."""
    return marks.digits_of(token).removesuffix(".0")


def float_text(value: float) -> str:
    """A FLOAT as a VARCHAR: with nine digits behind the point or ten in all, which of these are
    more, and with fifteen at most.

    https://docs.snowflake.com/en/sql-reference/functions/to_char
    """
    if not math.isfinite(value):
        return str(value).replace("nan", "NaN")
    size = abs(value)
    digits = min(15, 10 + math.floor(math.log10(size))) if size >= 10 else 10
    return f"{value:.{digits}g}"


# What is between braces or brackets: members by their keys, or elements. A scalar is its token.
Node = str | dict[str, Any] | list[Any]


def read(variant: str) -> Node:
    """An object's keys are sorted, as Snowflake keeps them; of equal ones the last one counts."""
    open_nodes: list[Any] = [[]]
    keys: list[str] = []
    key = None
    for token in _TOKEN.findall(variant):
        if token in "{[":
            open_nodes.append({} if token == "{" else [])
            keys.append(key or "")
            key = None
            continue
        if token in ",:":
            continue
        whole: Any = token
        if token in "}]":
            whole, key = open_nodes.pop(), keys.pop()
            if isinstance(whole, dict):
                whole = dict(sorted(whole.items(), key=lambda member: key_text(member[0])))
        elif key is None and isinstance(open_nodes[-1], dict):
            key = token
            continue
        into = open_nodes[-1]
        if isinstance(into, dict):
            into[key] = whole
        else:
            into.append(whole)
        key = None
    (node,) = open_nodes[0]
    return node


def key_text(token: str) -> str:
    return json.loads(token, strict=False) if "\\" in token else token[1:-1]


def one_line(node: Node) -> Iterator[str]:
    """JSON as the engine has it."""
    if isinstance(node, str):
        yield node
        return
    yield "{" if isinstance(node, dict) else "["
    for place, each in enumerate(node):
        yield "," if place else ""
        if isinstance(node, dict):
            yield f"{each}:"
        yield from one_line(node[each] if isinstance(node, dict) else each)
    yield "}" if isinstance(node, dict) else "]"


def _indented(node: Node, indent: str, depth: int) -> Iterator[str]:
    if isinstance(node, str):
        yield _scalar(node)
        return
    yield "{" if isinstance(node, dict) else "["
    before = f"\n{indent * (depth + 1)}" if indent else ""
    for place, each in enumerate(node):
        yield f",{before}" if place else before
        if isinstance(node, dict):
            yield f"{_scalar(each)}: " if indent else f"{_scalar(each)}:"
        yield from _indented(node[each] if isinstance(node, dict) else each, indent, depth + 1)
    if node and indent:
        yield f"\n{indent * depth}"
    yield "}" if isinstance(node, dict) else "]"


def _scalar(token: str) -> str:
    """A text or a number in Snowflake's spelling; anything else as it is."""
    if token.startswith('"'):
        return _text(token) if "\\" in token else token
    if marks.SIGN in token:
        marked = marks.float_of(token)
        if token == marks.UNDEFINED:
            return "undefined"
        is_fixed = marked is None or marks.is_shown_whole(token)
        return _digits(token) if is_fixed else f"{marked:.15e}"
    match = _DECIMAL.fullmatch(token)
    if match is None or not (match[2] or match[3]):
        return token
    if match[3] is None:
        decimals = match[2].rstrip("0")
        return f"{match[1]}.{decimals}" if decimals else match[1]
    value = float(token)
    if math.isinf(value):
        return token
    return f"{value:.15e}"


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
