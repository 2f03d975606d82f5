"""JSON that every reader understands alike: what RFC 8259 leaves open is refused here.

Python's own parser takes NaN and Infinity, keeps the last of two equal keys and lets lone
surrogates through; the warehouse takes none of the three.

A number stays as it was sent. Snowflake stores one of up to 38 digits exactly, and one with an
exponent, or with more digits, as a binary float: 6E+2 becomes 600.0, and what
1.00000000000000000001E1 said is lost. Such a number goes to RAW as a text of the characters that
were sent. A field of an event may be a number or its text, so it means the same, and the transforms
see every digit. (https://docs.snowflake.com/en/sql-reference/functions/parse_json)
"""

import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any, NoReturn

# Far beyond any event, and far below where this parser or the warehouse's would give up.
MAX_DEPTH = 100
# As much of somebody else's text as a reason shows.
ABBREVIATED = 60
BYTE_ORDER_MARK = "\ufeff"

# What the parser says, in the words of somebody who has never seen it.
_FINDINGS = {
    "Expecting value": "a value is missing, or is nothing that JSON knows,",
    "Expecting ',' delimiter": "a comma or a closing bracket is missing",
    "Expecting ':' delimiter": "a colon is missing",
    "Expecting property name enclosed in double quotes": "a field's name in quotes is missing",
    "Invalid control character at": "a line break or another control character stands in a text",
    "Invalid \\escape": "a backslash stands before a character that needs none",
    "Invalid \\uXXXX escape": "\\u is not followed by four hexadecimal digits",
    "Extra data": "something follows the end of the object",
}
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")

# What readers of JSON that know only binary floats keep of a decimal fraction.
_EXACT_DIGITS = 15
_EXACT_WHOLE_DIGITS = 38
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]|-?[0-9][0-9.eE+-]*')


_TOO_DEEP = f"nested more than {MAX_DEPTH} levels deep"


class NotJson(ValueError):
    """The text is not strict JSON; the message says why."""


class Number(str):
    """A JSON number as it was written: 1.10 stays 1.10, and no length is too long."""

    __slots__ = ()


def parse(text: str) -> Any:
    """The value of a JSON text, numbers as `Number`. Raises NotJson."""
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise NotJson(_in_plain_words(error, text)) from None
    except RecursionError:
        raise NotJson(_TOO_DEEP) from None
    if text.count("[") + text.count("{") > MAX_DEPTH and _is_too_deep(value):
        raise NotJson(_TOO_DEEP)
    if _SURROGATE_ESCAPE.search(text) and _holds_lone_surrogate(value):
        raise NotJson("half a character (a lone surrogate, \\ud800 to \\udfff) in a text")
    return value


def abbreviated(text: str) -> str:
    """A text of somebody else's as Python's literal, and only its start if it is long."""
    return repr(text) if len(text) <= ABBREVIATED else f"{text[:ABBREVIATED]!r}..."


def _in_plain_words(error: json.JSONDecodeError, text: str) -> str:
    if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string"):
        return f"cut off after {len(text)} characters"
    if text.startswith(BYTE_ORDER_MARK):
        return "a byte order mark stands before the object"
    finding = _FINDINGS.get(error.msg.rstrip(": "), error.msg)
    return f"{finding} at character {error.pos + 1}"


def _is_too_deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _inside(outer)]
    return any(isinstance(each, dict | list) for each in level)


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


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
        twice = next(key for key, times in Counter(keys).items() if times > 1)
        raise NotJson(f"the field {abbreviated(twice)} comes twice in one object")
    return value


def refuse_constant(name: str) -> NoReturn:
    raise NotJson(f"{name} is not a JSON number")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_without_duplicates,
    parse_constant=refuse_constant,
    parse_float=Number,
    parse_int=Number,
)


def with_exact_numbers(text: str, values: Iterable[Any]) -> str:
    """A JSON object's text, with quotes around those numbers of its own fields that a VARIANT would
    not keep; `values` are the fields'. What is nested deeper stays as it is.

    >>> with_exact_numbers('{"a": 6E+2, "b": [6E+2], "c": 6}', [Number("6E+2"), [], Number("6")])
    '{"a": "6E+2", "b": [6E+2], "c": 6}'
    """
    if not any(type(value) is Number and not is_kept(value) for value in values):
        return text
    depth = 0

    def quoted(found: re.Match[str]) -> str:
        nonlocal depth
        token = found[0]
        depth += (token in "{[") - (token in "}]")
        is_own_number = depth == 1 and token[0] in "-0123456789"
        return f'"{token}"' if is_own_number and not is_kept(token) else token

    return _TOKEN.sub(quoted, text)


def is_kept(number: str) -> bool:
    """Does a VARIANT keep this number's every digit?"""
    if len(number) <= _EXACT_DIGITS:
        return "e" not in number and "E" not in number
    if "e" in number or "E" in number:
        return False
    digits = len(number.lstrip("-").replace(".", "", 1))
    return digits <= (_EXACT_DIGITS if "." in number else _EXACT_WHOLE_DIGITS)


def plain_number(number: str) -> str:
    """A number as the text of its VARIANT: 7.0 and 7 are one id, and -0 is 0.

    >>> [plain_number(each) for each in ("7.0", "7", "1.10", "-0.0", "6E+2")]
    ['7', '7', '1.1', '0', '6E+2']
    """
    if not is_kept(number):
        return str(number)
    plain = number.rstrip("0").rstrip(".") if "." in number else str(number)
    return "0" if plain == "-0" else plain
