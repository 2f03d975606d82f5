"""A text beside a number is the number that it spells: NUMBER(18, 5) beside a fixed-point one, a
constant with its own decimals, and floating point beside anything else.

https://docs.snowflake.com/en/sql-reference/data-type-conversion
"""

import re
from collections.abc import Sequence
from decimal import Decimal

from sqlglot import Expr, exp

from flocon.engine import choices, literals
from flocon.engine.types import JSON_TYPES, TEXT_TYPES

_SIDES = ("this", "expression")
_FIXED = (*exp.DataType.INTEGER_TYPES, exp.DType.DECIMAL)
_DIGITS, _MOST, _DECIMALS = 18, 38, 5
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)
# Of these the first sides are compared, or all.
COMPARISONS = frozenset((
    exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.EqualNull, exp.NullSafeEQ,
    exp.NullSafeNEQ, exp.In, exp.Between, exp.Case, exp.DecodeCase,
))  # fmt: skip
# NULLIF compares its values, and answers the first.
CHOICES = frozenset((*choices.CHOICES, exp.DecodeCase)) - {exp.Nullif}


def calculated(node: Expr) -> None:
    """Let texts in arithmetic be numbers."""
    sides = [node.args[key] for key in _SIDES if isinstance(node.args.get(key), Expr)]
    texts = list(filter(_is_text, sides))
    if not texts:
        return
    others = [side for side in sides if not _is_text(side)]
    if not all(_is_fixed(each) or _is_float(each) for each in others):
        return
    is_sum = isinstance(node, exp.Add | exp.Sub)
    is_exact = bool(others) and all(map(_is_fixed, others))
    for text in texts:
        text.replace(_exact(text, others, is_wide=is_sum) if is_exact else _float(text))
    node.type = exp.DataType.build("DECIMAL" if is_exact else "DOUBLE")


def compared(node: Expr) -> None:
    """Let texts that are compared with fixed-point numbers be such. Beside a floating-point number
    the engine reads them so."""
    values = _compared(node)
    if any(map(_is_text, values)) and any(map(_is_fixed, values)):
        others = [each for each in values if not _is_text(each)]
        if not all(map(_is_fixed, others)):
            return
        for text in filter(_is_text, values):
            text.replace(_whole(text) or _exact(text, others, is_wide=True))


def nullif(node: exp.Nullif) -> Expr | None:
    """Its first value as it is, where a text is compared with a number; None elsewhere."""
    sides = (node.this, node.expression)
    if not (any(map(_is_text, sides)) and any(map(_is_fixed, sides))):
        return None
    equal = exp.EQ(this=node.this.copy(), expression=node.expression)
    compared(equal)
    made = exp.Case(ifs=[exp.If(this=equal, true=exp.Null())], default=node.this)
    made.type = node.type
    return made


def chosen(node: Expr) -> None:
    """Let what is one of several values be of one type, where some are numbers and some texts."""
    if isinstance(node, exp.If) and isinstance(node.parent, exp.Case):
        return  # the CASE is asked itself
    values = [each for each in choices.chosen(node) if not isinstance(each.unnest(), exp.Null)]
    texts = [each for each in values if _is_text(each)]
    others = [each for each in values if not _is_text(each)]
    if not texts or not others or not all(_is_fixed(each) or _is_float(each) for each in others):
        return
    is_exact = all(map(_is_fixed, others))
    for text in texts:
        text.replace(_exact(text, others, is_wide=True) if is_exact else _float(text))
    node.type = exp.DataType.build("DECIMAL" if is_exact else "DOUBLE")


def _compared(node: Expr) -> Sequence[Expr]:
    values: list[Expr | None] = [node.this, *(node.args.get(key) for key in ("low", "high"))]
    if isinstance(node, exp.DecodeCase):
        asked, *pairs = node.expressions
        values = [asked, *pairs[: len(pairs) // 2 * 2 : 2]]
    elif isinstance(node, exp.Case):
        values = [node.this, *(each.this for each in node.args["ifs"])] if node.this else []
    elif isinstance(node, exp.In):
        query = node.args.get("query")
        rows = query.unnest() if query is not None else None
        columns = [each.unalias() for each in rows.selects] if isinstance(rows, exp.Select) else []
        values = [node.this, *node.expressions, *columns]
    elif not isinstance(node, exp.Between):
        values = [node.this, node.expression]
    return [each for each in values if isinstance(each, Expr)]


def _kind(value: Expr) -> exp.DType | None:
    return value.type.this if value.type else None


def _is_text(value: Expr) -> bool:
    return _kind(value) in TEXT_TYPES


def _is_fixed(value: Expr) -> bool:
    """Is it a fixed-point number? SQLGlot takes 1.5 for a float."""
    bare = value.unnest()
    bare = bare.this.unnest() if isinstance(bare, exp.Neg) else bare
    if isinstance(bare, exp.Literal) and not bare.is_string:
        return "e" not in bare.name.lower()
    return _kind(value) in _FIXED


def _is_float(value: Expr) -> bool:
    kinds = (*exp.DataType.FLOAT_TYPES, *JSON_TYPES, exp.DType.NULL)
    return _kind(value) in kinds or isinstance(value.unnest(), exp.Null)


def _float(text: Expr) -> Expr:
    return _cast(text, "DOUBLE")


def _whole(text: Expr) -> Expr | None:
    """A constant that is a whole number: the engine need not cast what it is compared with."""
    bare = text.unnest()
    if not (isinstance(bare, exp.Literal) and _NUMBER.fullmatch(bare.name)):
        return None
    value = Decimal(bare.name)
    if value != value.to_integral_value() or value < 0 or abs(value) >= 10**_DIGITS:
        return None
    made = exp.Literal.number(f"{value:.0f}")
    made.type = exp.DataType.build("BIGINT")
    return made


def _exact(text: Expr, others: Sequence[Expr], *, is_wide: bool) -> Expr:
    """is_wide: are there as many digits as the numbers have that it meets?"""
    bare, scale = text.unnest(), _DECIMALS
    if isinstance(bare, exp.Literal) and _NUMBER.fullmatch(bare.name):
        exponent = Decimal(literals.spelled(bare.name)).as_tuple().exponent
        scale = max(0, -exponent) if isinstance(exponent, int) else 0
    digits = _MOST if is_wide and any(map(_has_many_digits, others)) else _DIGITS
    if scale > digits:
        digits = _MOST
    return _cast(text, f"DECIMAL({digits}, {min(scale, _MOST)})")


def _has_many_digits(value: Expr) -> bool:
    kind = value.type
    if isinstance(value.unnest(), exp.Literal | exp.Neg) or kind is None:
        return False
    return kind.this != exp.DType.DECIMAL or [each.name for each in kind.expressions][:1] in (
        [],
        [str(_MOST)],
    )


def _cast(value: Expr, kind: str) -> Expr:
    cast = exp.Cast(this=value.copy(), to=exp.DataType.build(kind, dialect="snowflake"))
    cast.type = cast.to
    return cast
