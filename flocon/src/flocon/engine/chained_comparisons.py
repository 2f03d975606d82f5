"""Comparisons beside one another. On Snowflake they, IN and BETWEEN are read from the left, and IS
binds closer: `1 = 1 IN (TRUE)` is `(1 = 1) IN (TRUE)`, `a < b = TRUE` is `(a < b) = TRUE`. SQLGlot
lets IN, BETWEEN and `<` bind closer than `=`, and the engine takes no two comparisons in a row.

https://docs.snowflake.com/en/sql-reference/operators-comparison
"""

from sqlglot import Expr, exp

from flocon.core import errors

COMPARISONS = frozenset((exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE))
_FROM_THE_LEFT = COMPARISONS | {exp.Between, exp.In}
_CLOSER = frozenset((exp.Is, exp.NullSafeEQ, exp.NullSafeNEQ))
# What has `=` in it and compares nothing.
_ASSIGNING = (exp.SetItem, exp.Update)


def see(comparison: Expr) -> None:
    """Let a comparison be read as on Snowflake, in which the others are already."""
    left, right = comparison.this, comparison.expression
    if isinstance(comparison.parent, _ASSIGNING):
        return
    if type(left) in COMPARISONS or type(left) in _CLOSER:
        comparison.set("this", exp.Paren(this=left))
    if type(right) in _CLOSER:
        comparison.set("expression", exp.Paren(this=right))
    elif type(right) in _FROM_THE_LEFT:
        _turn(comparison, right)
    elif type(right) is exp.Not and type(right.this) in _FROM_THE_LEFT:
        raise errors.unsupported(
            "a comparison beside NOT, NOT IN or NOT BETWEEN: write parentheses"
        )


def _turn(comparison: Expr, right: Expr) -> None:
    """`a = (b IN (c))` becomes `(a = b) IN (c)`."""
    first = right
    while type(first.this) in _FROM_THE_LEFT:
        first = first.this
    operand = first.this
    comparison.replace(right)
    comparison.set("expression", operand)
    first.set("this", exp.Paren(this=comparison))
