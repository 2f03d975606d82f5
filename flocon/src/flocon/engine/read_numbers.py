"""Texts as numbers by a format model: TO_NUMBER(text, '9,999.99').

What is left out is refused: `%`, FM, FX, exponents, TM, TME and TM9(…), AUTO, `_`, literals, and
signs among the digits.

https://docs.snowflake.com/en/sql-reference/sql-format-models
"""

import re
from decimal import Decimal
from functools import lru_cache

import duckdb
from duckdb.func import FunctionNullHandling
from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine.objects import call
from flocon.engine.types import TEXT_TYPES

_FORMAT = re.compile(
    r"""(?P<minimal>TM9)
    |(?P<hexadecimal>0*X[0X]*)
    |(?P<first>S|MI)?(?P<dollar>\$)?(?P<blank>B)?
    (?P<whole>[09](?:[09]*[,G][09]+)*[09]*)(?:[.D](?P<fraction>[09]+))?
    (?P<last_dollar>\$)?(?P<last>S|MI)?""",
    re.VERBOSE | re.IGNORECASE,
)
_SIGNS = {"S": "[+-]", "MI": "-?", "": ""}


def register(connection: duckdb.DuckDBPyConnection) -> None:
    """Let rewrites call it."""
    special = FunctionNullHandling.SPECIAL
    connection.create_function("_account_number_read", read, ["VARCHAR"] * 2, "VARCHAR")
    connection.create_function(
        "_account_number_tried", _tried, ["VARCHAR"] * 2, "VARCHAR", null_handling=special
    )


def digits(node: exp.ToNumber) -> Expr:
    """What TO_NUMBER with a format makes a number of. Raises 000002 for what is not carried out."""
    text, model = node.this, node.args["format"]
    is_text = text.is_string or isinstance(text.unnest(), exp.Null)
    is_text = is_text or (text.type is not None and text.type.this in TEXT_TYPES)
    if not model.is_string or not is_text:
        raise errors.unsupported(f"TO_NUMBER with a format: {node.sql('snowflake')[:100]}")
    _patterns(model.name)
    name = "_account_number_tried" if node.args.get("safe") else "_account_number_read"
    return call(name, exp.cast(text, "VARCHAR", dialect="duckdb"), model)


def read(text: str, model: str) -> str:
    """A number's digits. Raises ValueError for a text that is not of the format."""
    for pattern in _patterns(model):
        if found := pattern.fullmatch(text):
            parts = found.groupdict(default="")
            if hexadecimal := parts.get("hexadecimal"):
                return str(int(hexadecimal, 16))
            sign = parts["first"] + parts.get("last", "")
            return f"{Decimal(sign + parts['digits'].replace(',', '')):f}"
    raise ValueError(f"Can't parse '{text}' as number with format '{model}'")


def _tried(text: str | None, model: str) -> str | None:
    """The same; None for a text that is not of the format."""
    try:
        return None if text is None else read(text, model)
    except ValueError:
        return None


@lru_cache
def _patterns(model: str) -> list[re.Pattern[str]]:
    """What the texts of a format are, any one of several. Raises 000002 for what is not carried
    out."""
    return [_pattern(each) for each in model.split("|")]


def _pattern(model: str) -> re.Pattern[str]:
    found = _FORMAT.fullmatch(model)
    parts = {key: (part or "").upper() for key, part in found.groupdict().items()} if found else {}
    if not found or (parts["first"] and parts["last"]):
        raise errors.unsupported(f"TO_NUMBER with the format '{model[:100]}'")
    if places := parts["hexadecimal"]:
        least = _least(places, 1)
        return re.compile(f" *(?P<hexadecimal>[0-9A-Fa-f]{{{least},{len(places)}}}) *")
    if parts["minimal"]:
        return re.compile(" *(?P<first>[+-]?) *(?P<digits>[0-9]+([.][0-9]+)?|[.][0-9]+) *")
    first = "[+-]?" if not parts["first"] + parts["last"] else _SIGNS[parts["first"]]
    dollar, last_dollar = (r"\$ *" if parts["dollar"] else ""), (r"\$" * bool(parts["last_dollar"]))
    whole = _whole(parts["whole"].replace("G", ","), 0 if parts["blank"] else 1)
    number = f"(?P<digits>{whole}{_fraction(parts['fraction'])})"
    last = f"(?P<last>{_SIGNS[parts['last']]})"
    return re.compile(f" *(?P<first>{first}) *{dollar}{number}{last_dollar}{last} *")


def _whole(places: str, least: int) -> str:
    """Of digits before the point: with all separators or without."""
    groups = [len(group) for group in places.split(",")]
    least = _least(places.replace(",", ""), least)
    ways = [f"[0-9]{{{least},{sum(groups)}}}"]
    for place, size in enumerate(groups[:-1]):
        further = groups[place + 1 :]
        if (fewest := max(1, least - sum(further))) <= size:
            ways.append(f"[0-9]{{{fewest},{size}}}" + "".join(f",[0-9]{{{n}}}" for n in further))
    return f"(?:{'|'.join(ways)})"


def _fraction(places: str) -> str:
    """Of the point and what is behind it."""
    if not places:
        return ""
    least = len(places.rstrip("9"))
    return f"[.][0-9]{{{least},{len(places)}}}" if least else f"(?:[.][0-9]{{1,{len(places)}}})?"


def _least(places: str, least: int) -> int:
    """How many digits there are at least, of which each `0` is one."""
    return max(least, len(places) - places.find("0")) if "0" in places else least
