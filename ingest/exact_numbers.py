"""Numbers that a VARIANT would not keep as they were sent.

Snowflake keeps a number of up to 38 digits exactly, and one with an exponent, or with more digits,
as a binary float: 6E+2 becomes 600.0, and what 1.00000000000000000001E1 said is lost. Such a number
goes to RAW as a text of the characters that were sent. A field of an event may be a number or its
text, so it means the same, and the transforms see every digit.
(https://docs.snowflake.com/en/sql-reference/functions/parse_json)
"""

import re
from collections.abc import Iterable
from typing import Any

from ingest.strict_json import Number

# What readers of JSON that know only binary floats keep of a decimal fraction.
_EXACT_DIGITS = 15
_EXACT_WHOLE_DIGITS = 38
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]|-?[0-9][0-9.eE+-]*')


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
