"""JSON that every reader understands alike: what RFC 8259 leaves open is refused here.

Python's own parser takes NaN and Infinity, keeps the last of two equal keys and lets lone
surrogates through; the warehouse takes none of the three.
"""

import json
import re
from typing import Any, NoReturn

_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


class NotJson(ValueError):
    """The text is not strict JSON; the message says why, in plain ASCII."""


class Number(str):
    """A JSON number as it was written: 1.10 stays 1.10, and no length is too long."""

    __slots__ = ()


def parse(text: str) -> Any:
    """The value of a JSON text, numbers as `Number`. Raises NotJson."""
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise NotJson(f"{error.msg} (character {error.pos})") from None
    except RecursionError:
        raise NotJson("nested too deeply") from None
    if _SURROGATE_ESCAPE.search(text) and _holds_lone_surrogate(value):
        raise NotJson("a lone surrogate in a string")
    return value


def _holds_lone_surrogate(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in value if keys.count(key) > 1)
        raise NotJson(f"the key {twice!a} comes twice in one object")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise NotJson(f"{name} is not a JSON number")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_without_duplicates,
    parse_constant=_refuse_constant,
    parse_float=Number,
    parse_int=Number,
)
