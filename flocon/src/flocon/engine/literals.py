"""Numbers as they are written: 1.5e2 is the fixed-point number 150, and 1.50 is 1.5.

https://docs.snowflake.com/en/sql-reference/functions/system_typeof
"""

import re
from decimal import Decimal
from typing import Any

from sqlglot import Expr, exp

# With an exponent, or a point behind which nothing or a last 0 is.
_OTHERWISE = re.compile(r"\d[eE][+-]?\d|\.\d*0(?!\d)|\d\.(?!\d)")
_MOST_DIGITS = 38
# UNIFORM goes by how its bounds are written, and a column's default is shown so.
_AS_WRITTEN = (exp.Uniform, exp.DefaultColumnConstraint)


def has_spellings(sql: str) -> bool:
    """May a statement have a number that is written otherwise than as `spelled`?"""
    return _OTHERWISE.search(sql) is not None


def spelled(number: str) -> str:
    """The number's digits: 1.5 of 1.50, 150 of 1.5e2, 100 of `100.`; as it is written where they
    are more than 38."""
    if not _OTHERWISE.search(number):
        return number
    digits = f"{Decimal(number):f}"
    shown = digits.rstrip("0").rstrip(".") if "." in digits else digits
    return shown if len(shown) <= _MOST_DIGITS else number


def operand_type(value: Any) -> str | None:
    """What a value of Python's is where it is divided: NUMBER(38, 1) of Decimal("1.50"); None of
    what is no number and no text."""
    if isinstance(value, Decimal) and value.is_finite():
        exponent = Decimal(spelled(f"{value:f}")).as_tuple().exponent
        return f"NUMBER({_MOST_DIGITS}, {max(0, -int(exponent))})"
    return _OPERANDS.get(type(value))


_OPERANDS = {int: f"NUMBER({_MOST_DIGITS}, 0)", float: "FLOAT", str: "VARCHAR"}


def spell(literal: exp.Literal) -> None:
    """Let a number of a statement be its digits, in place."""
    if not isinstance(_signed(literal).parent, _AS_WRITTEN):
        literal.set("this", spelled(literal.name))


def _signed(literal: Expr) -> Expr:
    parent = literal.parent
    return _signed(parent) if isinstance(parent, exp.Neg | exp.Paren) else literal
