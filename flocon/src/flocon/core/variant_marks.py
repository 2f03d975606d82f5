"""What a VARIANT holds and JSON does not tell, as numbers that no double holds.

The engine keeps a VARIANT as JSON. It takes a number with a point or an exponent for a double, and
forgets how it was written; a number that is too large for a double it passes on as it is. So what
would be lost has an exponent that makes it one of those:

    1e9990      a SQL NULL among an array's elements, shown as undefined
    1e9991      zero as a floating-point number
    2.5e9998    the fixed-point number 2.5, if it had more digits than a double tells
    2.0e9998    the whole number 2 of a type that has decimals
    1e9992      zero of such a type
    2.5e9999    the floating-point number 2.5
    100e9997    the same of one that was written as 1e2, and is shown as 100
    1e9993      zero of this kind

`marked` writes them where JSON is parsed. A text that has one of its own is refused; other numbers
beyond a double's stay as they are written.

https://docs.snowflake.com/en/sql-reference/data-types-semistructured
"""

import json
import math
import re
from decimal import Decimal, InvalidOperation

from flocon.core import errors

# In all of them.
SIGN = "e999"
UNDEFINED = "1e9990"
_ZERO, _FIXED_ZERO, _FIXED, _FLOAT = "1e9991", "1e9992", "e9998", "e9999"
_WRITTEN_ZERO, _WRITTEN = "1e9993", "e9997"
_MAX_DIGITS = 38
# Whole numbers up to here are shown as INTEGERs, with whatever exponent they are written.
_LARGEST = 10**15
# A double tells so many digits, and the engine writes it without an exponent down to this.
_TOLD_DIGITS, _LEAST = 15, Decimal("0.00001")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|,(?=\s*\])|[^\s{}\[\]:,"]+', re.DOTALL)
_NUMBER = re.compile(r"(-?)(0|[1-9]\d*)(?:\.(\d+))?([eE][+-]?\d+)?")
_NO_NUMBER = re.compile(r"[+-]?(nan|inf|infinity)", re.IGNORECASE)


def marked(text: str) -> str:
    """JSON as PARSE_JSON reads it. Raises ValueError for NaN and infinities."""
    return _TOKEN.sub(_marked_token, text)


def strict(text: str) -> str:
    """What Snowflake also takes for JSON as JSON: texts in single quotes, keys without quotes,
    nothing between two commas of an array, and NULL alone for null."""
    return "null" if text == "NULL" else _LENIENT.sub(_strict_token, text)


# A key without quotes is an identifier.
_LENIENT = re.compile(
    r'"(?:[^"\\]|\\.)*"|\'((?:[^\'\\]|\\.)*)\'|(?<=[{,\s])([A-Za-z_$][\w$]*)(?=\s*:)'
    r"|(?<=[\[,])\s*(?=,)",
    re.DOTALL,
)


def _strict_token(match: re.Match[str]) -> str:
    text, key = match.groups()
    if not match[0].strip():
        return "undefined"
    if key is not None:
        return f'"{key}"'
    if text is None:
        return match[0]
    inner = re.sub(r"\\(.)|\"", _requoted, text, flags=re.DOTALL)
    return f'"{inner}"'


def _requoted(match: re.Match[str]) -> str:
    """An escape or a quote of a text whose quotes become double ones."""
    if match[0] == '"':
        return r"\""
    return match[1] if match[1] == "'" else match[0]


def spelled(text: str) -> str:
    """JSON with its texts as the engine writes them: `\\u0041` is A."""
    return _ESCAPE.sub(_spelled, text) if "\\u" in text or "\\/" in text else text


_ESCAPE = re.compile(
    r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))",
    re.DOTALL,
)


def _spelled(match: re.Match[str]) -> str:
    high, low, code, sign = match.groups()
    if sign:
        return sign if sign == "/" else match[0]
    if high:
        return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00)
    letter = chr(int(code, 16))
    # Half a pair is no letter, and what JSON cannot have as it is stays escaped.
    is_half = "\ud800" <= letter <= "\udfff"
    return match[0] if is_half else json.dumps(letter, ensure_ascii=False)[1:-1]


def of_float(value: float) -> str:
    """A finite floating-point number."""
    if not value:
        return _ZERO
    digits = f"{Decimal(repr(value)):f}"
    return f"{_without_zeros(digits)}{_FLOAT}"


def float_of(token: str) -> float | None:
    """The floating-point number that a token is marked as."""
    if token in (_ZERO, _WRITTEN_ZERO):
        return 0.0
    return float(token[: -len(_FLOAT)]) if token.endswith((_FLOAT, _WRITTEN)) else None


def is_shown_whole(token: str) -> bool:
    """Is it a floating-point number that is shown as an INTEGER?"""
    return token == _WRITTEN_ZERO or token.endswith(_WRITTEN)


def digits_of(token: str) -> str:
    """A number's digits, whatever it is marked as."""
    if token in (_ZERO, _FIXED_ZERO, _WRITTEN_ZERO):
        return "0"
    return token.removesuffix(_FLOAT).removesuffix(_FIXED).removesuffix(_WRITTEN)


def plain(text: str) -> str:
    """JSON that any program reads, without marks. Raises 000002 for an element that is NULL, which
    Snowflake's pages do not say what it is to a program."""
    return _TOKEN.sub(_plain_token, text) if SIGN in text else text


def _plain_token(match: re.Match[str]) -> str:
    token = match[0]
    if token == UNDEFINED:
        raise errors.unsupported("a NULL in an array that a Python handler gets")
    if token[0] == '"' or SIGN not in token:
        return token
    value = float_of(token)
    return digits_of(token) if value is None else repr(value)


def _marked_token(match: re.Match[str]) -> str:
    token = match[0]
    if token[0] == '"':
        return token
    if token == ",":
        return f",{UNDEFINED}"
    if token == "undefined" and _is_element(match.string, match.start()):
        return UNDEFINED
    if _NO_NUMBER.fullmatch(token):
        raise ValueError(f"Unsupported feature '{token} in JSON'.")
    number = _NUMBER.fullmatch(token)
    return _marked_number(token, number) if number else token


def _is_element(text: str, place: int) -> bool:
    """Is what begins there an element of an array, if anything?"""
    while place and text[place - 1].isspace():
        place -= 1
    return text[place - 1 : place] in ("[", ",")


def _marked_number(token: str, number: re.Match[str]) -> str:
    sign, whole, decimals, exponent = number.groups(default="")
    decimals = decimals.rstrip("0")
    digits = len((whole + decimals).lstrip("0"))
    if exponent or digits > _MAX_DIGITS:
        value = float(token)
        if math.isinf(value):
            # What looks like a mark is made no JSON at all: an error, NULL of TRY_PARSE_JSON.
            return f"{token}!" if SIGN in token.lower() else token
        if abs(value) < _LARGEST and _is_whole(token):
            return f"{int(value)}{_WRITTEN}" if value else _WRITTEN_ZERO
        return of_float(value)
    if not decimals:
        return f"{sign}{whole}"
    if digits <= _TOLD_DIGITS and abs(Decimal(token)) >= _LEAST:
        return token
    return f"{sign}{whole}.{decimals}{_FIXED}"


def _is_whole(token: str) -> bool:
    try:
        return Decimal(token) == Decimal(token).to_integral_value()
    except InvalidOperation:  # An exponent of twenty digits, of a number that a double has as 0.
        return False


def _without_zeros(digits: str) -> str:
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
