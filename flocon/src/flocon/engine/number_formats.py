"""Numbers as texts by a format model: TO_CHAR(number, '999,999.00').

What is left out is refused: `%`, FX, exponents, TM and TM9(…), `|`, literals among the digits.

https://docs.snowflake.com/en/sql-reference/sql-format-models
"""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

import duckdb
from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine.objects import call

_FORMAT = re.compile(
    r"""(?P<fm>FM)?_*(?P<before>(?:"(?:[^"]|"")*"|[;:=/()-])*)
    (?:(?P<minimal>S?TM[9E])
    |(?P<first>(?:S|MI|\$|B)*)
    (?P<whole>[09X](?:[09X,G]*[09X])?)(?:(?P<point>[.D])(?P<fraction>[09]*))?
    (?P<last>S|MI)?)
    (?P<after>(?:"(?:[^"]|"")*"|[;:=/()-])*)_*""",
    re.VERBOSE | re.IGNORECASE,
)
_LITERAL = re.compile(r'"((?:[^"]|"")*)"|(.)')


@dataclass(frozen=True)
class Format:
    """A format model's parts, in upper case but for its literals and `x`."""

    before: str
    first: str
    whole: str
    point: str
    fraction: str
    last: str
    after: str
    minimal: str
    is_compact: bool


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Let rewrites call it."""
    connection.create_function("_account_number_written", written, ["VARCHAR"] * 2, "VARCHAR")


def text(value: Expr, model: Expr) -> Expr:
    """TO_CHAR of a number with a format. Raises 000002 for one that is not carried out."""
    if not model.is_string:
        raise errors.unsupported("TO_CHAR of a number with a format that is no constant")
    is_float = value.type is not None and value.type.this in exp.DataType.FLOAT_TYPES
    if read(model.name).minimal and is_float and not isinstance(value.unnest(), exp.Literal):
        raise errors.unsupported(f"TO_CHAR of a FLOAT with the format {model.name}")
    plain = exp.cast(value, "VARCHAR", dialect="duckdb")
    return call("_account_number_written", plain, model)


@lru_cache
def read(model: str) -> Format:
    """Raises 000002 for what is no format, or one that is not carried out."""
    found = _FORMAT.fullmatch(model)
    first = (found["first"] or "").upper() if found else ""
    whole = (found["whole"] or "") if found else ""
    is_hex = "X" in whole.upper()
    signs = first.count("S") + first.count("M") + bool(found and found["last"])
    if (
        not found
        or signs > 1
        or any(first.count(each) > 1 for each in "$B")
        or (is_hex and (found["point"] or re.search("[9,Gg$B]", first + whole)))
        or ("x" in whole and "X" in whole)
        or (found["minimal"] and found["fm"])
    ):
        raise errors.unsupported(f"TO_CHAR of a number with the format '{model[:100]}'")
    return Format(
        before=_literals(found["before"]),
        first=first,
        whole=whole.replace("G", ",").replace("g", ","),
        point=found["point"] or "",
        fraction=found["fraction"] or "",
        last=(found["last"] or "").upper(),
        after=_literals(found["after"]),
        minimal=(found["minimal"] or ""),
        is_compact=bool(found["fm"]),
    )


def _literals(text: str) -> str:
    return "".join(quoted.replace('""', '"') + bare for quoted, bare in _LITERAL.findall(text))


def written(number: str, model: str) -> str:
    """A number's text by a format. Raises ValueError for what Snowflake's page leaves open."""
    form, value = read(model), Decimal(number)
    if not value.is_finite():
        raise ValueError("Unsupported feature 'TO_CHAR of infinity with a format'.")
    shown = _minimal(number, value, form) if form.minimal else _placed(value, form)
    return form.before + shown + form.after


def _minimal(number: str, value: Decimal, form: Format) -> str:
    sign = "+" if form.minimal[0] in "Ss" and value >= 0 else ""
    if form.minimal.endswith("9"):
        return sign + number
    letter = "E" if "T" in form.minimal else "e"
    bare = value.normalize()
    digits = "".join(map(str, bare.as_tuple().digits))
    sign += "-" if value < 0 else ""
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{fraction}{letter}{bare.adjusted() if value else 0}"


def _placed(value: Decimal, form: Format) -> str:
    """With digits in their places."""
    unit = Decimal(1).scaleb(-len(form.fraction))
    rounded = value.quantize(unit, ROUND_HALF_UP)
    if value < 0 and not rounded:
        raise ValueError("Unsupported feature 'TO_CHAR of a negative number that rounds to zero'.")
    if "X" in form.whole.upper():
        whole = _hexadecimal(int(rounded), form)
        return _signed(whole, "", rounded < 0, form)
    digits, _, decimals = f"{abs(rounded):f}".partition(".")
    if form.first.count("B") and digits == "0":
        digits = ""
    whole = _in_places(digits if digits != "0" else "", form, "" if "B" in form.first else "0")
    if not whole:
        whole, decimals = re.sub("[09]", "#", form.whole), "#" * len(decimals)
        return _signed(whole, form.point and f".{decimals}", rounded < 0, form)
    kept = len(form.fraction.rpartition("0")[0]) + ("0" in form.fraction)
    ending = decimals[:kept] + decimals[kept:].rstrip("0")
    fraction = f".{ending.ljust(len(decimals))}" if form.point else ""
    return _signed(whole, fraction, rounded < 0, form)


def _in_places(digits: str, form: Format, zero: str) -> str:
    """The digits of a whole number in the format's places, '' where they are too many."""
    places = form.whole.replace(",", "")
    if len(digits) > len(places):
        return ""
    kept = len(places) - places.find("0") if "0" in places else 0
    digits = digits.rjust(max(kept, len(zero)), "0")
    shown, rest = "", list(digits.rjust(len(places)))
    for place in form.whole:
        each = rest.pop(0) if place != "," else ("," if shown.strip() else " ")
        shown += each
    return shown


def _hexadecimal(value: int, form: Format) -> str:
    places = len(form.whole)
    has_sign = form.last or re.search("S|MI", form.first)
    if value < 0 and not has_sign:
        if value < -(16**places) // 2:
            raise ValueError("Unsupported feature 'TO_CHAR of a negative number of more digits'.")
        value += 16**places
    digits = f"{abs(value):x}" if "x" in form.whole else f"{abs(value):X}"
    if len(digits) > places:
        return "#" * places
    return digits.rjust(places - form.whole.find("0") if "0" in form.whole else 1, "0").rjust(
        places
    )


def _signed(whole: str, fraction: str, is_negative: bool, form: Format) -> str:
    """The digits with their sign and `$`, which stand before the first of them."""
    bare = whole.lstrip(" ")
    blanks = " " * (len(whole) - len(bare))
    sign = "-" if is_negative else "+"
    dollar = "$" if "$" in form.first else ""
    placed = sign if is_negative else " "
    if form.last:
        shown = f"{blanks}{dollar}{bare}{fraction}{sign if form.last == 'S' else placed}"
    elif "MI" in form.first:
        shown = f"{placed}{blanks}{dollar}{bare}{fraction}"
    elif "S" in form.first:
        shown = f"{blanks}{sign}{dollar}{bare}{fraction}"
    elif "X" in form.whole.upper():
        shown = whole
    else:
        shown = f"{blanks}{placed}{dollar}{bare}{fraction}"
    return shown.replace(" ", "") if form.is_compact else shown
