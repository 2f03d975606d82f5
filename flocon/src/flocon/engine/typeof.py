"""SYSTEM$TYPEOF: the type of an expression, and in brackets how wide its values are stored.

The width of a fixed-point number is that of the values that it may have: of a constant that of its
value, of a table's column that of the least and the greatest one, of what Snowflake knows no
bounds of that of its digits. Of other calculations Snowflake keeps bounds that the account does not
know: they are refused.

https://docs.snowflake.com/en/sql-reference/functions/system_typeof
"""

import re
from collections.abc import Callable, Sequence
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import NamedTuple

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine import described, lengths, moments
from flocon.engine.described import Number
from flocon.engine.types import JSON_TYPES, TEXT_TYPES

NAME = "SYSTEM$TYPEOF"
# The table that a column is of; None where it is of a view or of another query.
Owner = Callable[[exp.Column], exp.Table | None]

_BYTES = (1, 2, 4, 8)
_OF_DIGITS = ((2, "SB1"), (4, "SB2"), (9, "SB4"), (18, "SB8"), (described.MOST_DIGITS, "SB16"))
_FIXED: dict[type[Expr], str] = {exp.Rand: "SB8", exp.Seq4: "SB4", exp.Seq8: "SB8"}
# What Snowflake knows no bounds of.
_WITHOUT_BOUNDS = (
    exp.ArraySize, exp.Ceil, exp.DateDiff, exp.Length, exp.Levenshtein, exp.Round, exp.Trunc,
)  # fmt: skip
_COUNTING = (exp.Count, exp.DenseRank, exp.Rank, exp.RowNumber)
_FLOATS = (
    exp.Acos, exp.Asin, exp.Atan, exp.Cos, exp.Degrees, exp.Exp, exp.Ln, exp.Log, exp.Pow,
    exp.Radians, exp.Sin, exp.Sqrt, exp.Tan,
)  # fmt: skip
_CALCULATED = (exp.Add, exp.Div, exp.Mod, exp.Mul, exp.Neg, exp.Sub)
_COMPARISONS = (
    exp.Between, exp.EQ, exp.GT, exp.GTE, exp.ILike, exp.In, exp.Is, exp.Like, exp.LT, exp.LTE,
    exp.NEQ,
)  # fmt: skip
_DATES = (exp.CurrentDate, exp.TsOrDsToDate)
_CALCULATIONS: dict[type[Expr], Callable[[Decimal, Decimal], Decimal]] = {
    exp.Add: lambda one, other: one + other,
    exp.Sub: lambda one, other: one - other,
    exp.Mul: lambda one, other: one * other,
}
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,2})?", re.ASCII | re.IGNORECASE)
_DIGITS = 200


def answer(call: Expr, owner: Owner) -> Expr:
    """What a call answers, whose argument has its types."""
    (value,) = call.expressions
    bare = value.unnest()
    if any(not isinstance(each.parent, exp.Window) for each in bare.find_all(exp.AggFunc)):
        raise errors.unsupported(f"{NAME} of an aggregate: make a table of it, and ask its column")
    said = described.of(bare)
    if isinstance(said, described.Text):
        length = said.length
        return _constant("NULL[LOB]" if length == 0 else f"{said}[LOB]")
    if isinstance(said, Number):
        return _of_number(bare, said, owner)
    if kind := _of_others(bare):
        return _constant(kind)
    raise errors.unsupported(f"{NAME} of an expression of which this is not known: cast it")


def _constant(text: str) -> Expr:
    made = exp.Cast(this=exp.Literal.string(text), to=exp.DataType.build("TEXT"))
    made.type = made.to
    return made


def _of_number(value: Expr, number: Number, owner: Owner) -> Expr:
    if isinstance(value, exp.Column):
        if (table := owner(value)) is None:
            raise errors.unsupported(
                f"{NAME} of a number that is no column of a table: make a table of it"
            )
        return _of_column(value, number, table)
    if tag := _tag(value, number):
        return _constant(f"{number}[{tag}]")
    raise errors.unsupported(
        f"{NAME} of a calculated number: make a table of it, and ask its column"
    )


def _tag(value: Expr, number: Number) -> str:
    """'' where it is not known."""
    if (held := _held(value)) is not None:
        return _width(held, number.scale)
    function = value.this if isinstance(value, exp.Window) else value
    if type(function) in _FIXED:
        return _FIXED[type(function)]
    if isinstance(function, exp.Anonymous) and function.name.upper() == "HASH":
        return "SB8"
    known = _WITHOUT_BOUNDS if function is value else _COUNTING
    if isinstance(function, known) and not function.find(exp.Null):
        return _by_digits(number)
    if isinstance(value, exp.Cast | exp.ToNumber) and _has_no_bounds(value.this.unnest()):
        return _by_digits(number)
    return ""


def _has_no_bounds(source: Expr) -> bool:
    """Is it a column of texts, floats or VARIANTs?"""
    kinds = (*TEXT_TYPES, *JSON_TYPES, *exp.DataType.FLOAT_TYPES)
    return isinstance(source, exp.Column) and source.type is not None and source.type.this in kinds


def _by_digits(number: Number) -> str:
    return next(tag for most, tag in _OF_DIGITS if number.precision <= most)


class _Held(NamedTuple):
    """The value of an expression of constants; None of NULL."""

    value: Decimal | None


def _held(expression: Expr) -> _Held | None:
    """None of what is no constant."""
    bare = expression.unnest()
    if isinstance(bare, exp.Null):
        return _Held(None)
    if isinstance(bare, exp.Literal):
        text = bare.name.strip()
        return _Held(Decimal(text)) if _NUMBER.fullmatch(text) else None
    if isinstance(bare, exp.Neg):
        held = _held(bare.this)
        return held and _Held(None if held.value is None else -held.value)
    if isinstance(bare, exp.Cast | exp.ToNumber):
        held, to = _held(bare.this), described.of(bare)
        return _rounded(held, to.scale) if held and isinstance(to, Number) else None
    if isinstance(bare, exp.Coalesce):
        return _first([bare.this, *bare.expressions])
    if (calculate := _CALCULATIONS.get(type(bare))) is None:
        return None
    one, other = _held(bare.this), _held(bare.expression)
    if one is None or other is None or one.value is None or other.value is None:
        return None
    return _Held(calculate(one.value, other.value))


def _first(values: Sequence[Expr]) -> _Held | None:
    """The first constant that is not NULL, whatever is behind it."""
    for value in values:
        held = _held(value)
        if held is None or held.value is not None:
            return held
    return _Held(None)


def _rounded(held: _Held, scale: int) -> _Held:
    if held.value is None:
        return held
    with localcontext(prec=_DIGITS):
        return _Held(held.value.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP))


def _width(held: _Held, scale: int) -> str:
    """How wide a number is stored: without its point."""
    with localcontext(prec=_DIGITS):
        whole = int((_rounded(held, scale).value or Decimal(0)).scaleb(scale))
    for size in _BYTES:
        if -(1 << (8 * size - 1)) <= whole < 1 << (8 * size - 1):
            return f"SB{size}"
    return "SB16"


def _of_column(column: Expr, number: Number, table: exp.Table) -> Expr:
    """Of a table's column: an expression that looks for its least and its greatest value."""
    named = exp.column(column.this.copy())
    case = exp.Case()
    for size in _BYTES:
        most = Decimal((1 << (8 * size - 1)) - 1).scaleb(-number.scale)
        least = Decimal(-(1 << (8 * size - 1))).scaleb(-number.scale)
        fits = exp.and_(
            exp.GTE(this=exp.Min(this=named.copy()), expression=_number(least)),
            exp.LTE(this=exp.Max(this=named.copy()), expression=_number(most)),
        )
        case = case.when(fits, _constant(f"{number}[SB{size}]"))
    is_empty = exp.Is(this=exp.Max(this=named.copy()), expression=exp.Null())
    case = case.when(is_empty, _constant(f"{number}[SB1]"))
    case = case.else_(_constant(f"{number}[SB16]"))
    source = table.copy()
    for key in ("alias", "joins", "pivots", "sample"):
        source.set(key, None)
    return exp.Subquery(this=exp.select(case).from_(source))


def _number(value: Decimal) -> Expr:
    made = exp.Literal.number(f"{abs(value):f}")
    return exp.Neg(this=made) if value < 0 else made


def _of_others(value: Expr) -> str:
    """Of what is neither a number nor a text; '' where it is not known."""
    if isinstance(value, exp.Boolean):
        return "BOOLEAN[SB1]"
    if isinstance(value, exp.And | exp.Or):
        sides = {_of_others(side.unnest()) for side in (value.this, value.expression)}
        return sides.pop() if len(sides) == 1 else ""
    if isinstance(value, exp.Not):
        return _of_others(value.this.unnest())
    if isinstance(value, _COMPARISONS):
        return "BOOLEAN[ROWINDEX]"
    kind = value.type.this if value.type else None
    calculated = isinstance(value, _CALCULATED) and kind in exp.DataType.FLOAT_TYPES
    if isinstance(value, _FLOATS) or calculated:
        return "FLOAT[DOUBLE]"
    if kind in JSON_TYPES or kind == exp.DType.STRUCT:
        name = str(value.type.meta.get("declared", "")) if value.type else ""
        named = {exp.DType.ARRAY: "ARRAY", exp.DType.OBJECT: "OBJECT", exp.DType.STRUCT: "OBJECT"}
        return f"{name or named.get(kind, 'VARIANT')}[LOB]"
    if isinstance(value, _DATES):
        return "DATE[SB4]"
    if not isinstance(value, exp.Cast | exp.Column | exp.CurrentTimestamp | exp.CurrentTime):
        return ""
    if kind in moments.KINDS and value.type is not None:
        return _of_moment(str(value.type.meta.get("declared", "")) or moments.name(value.type))
    if kind in (exp.DType.BINARY, exp.DType.VARBINARY):
        said = lengths.declared(value.to) if isinstance(value, exp.Cast) else ""
        said = said or (str(value.type.meta.get("declared", "")) if value.type else "")
        return f"{said or 'BINARY'}[LOB]" if said or isinstance(value, exp.Cast) else ""
    if kind in exp.DataType.FLOAT_TYPES:
        return "FLOAT[DOUBLE]"
    if kind == exp.DType.BOOLEAN:
        return "BOOLEAN[SB1]"
    return "DATE[SB4]" if kind == exp.DType.DATE else ""


def _of_moment(said: str) -> str:
    """A moment is as wide as its units since 1970 are, a TIME as those of a day."""
    name, digits = moments.read(said) or ("", moments.ALL_DIGITS)
    if name == "TIME":
        return f"{said}[{'SB4' if digits <= _OF_SMALL_TIME else 'SB8'}]"
    return f"{said}[{'SB8' if digits <= _OF_SMALL_TIMESTAMP else 'SB16'}]"


_OF_SMALL_TIME, _OF_SMALL_TIMESTAMP = 4, 7
