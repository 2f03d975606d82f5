"""Texts that a function would make longer than there are any: REPEAT, SPACE, LPAD and RPAD say how
long their text gets, and fail before they make it. Nothing is asked where the statement itself
shows that the text is short enough.

https://docs.snowflake.com/en/sql-reference/data-types-text
"""

from __future__ import annotations

from sqlglot import Expr, exp

from flocon.engine.declared_types import LONGEST_COLUMN
from flocon.engine.lengths import REPEATABLE, SHOWN

_LONGEST = 134217728
# As `lengths` lets a text be an error.
_ERROR = (
    f"CAST('String ''' || left(repeat(x, {SHOWN}), {SHOWN})"
    " || '...'' is too long and would be truncated' AS TINYINT)"
)
MACROS = (
    f"_account_times(n, x) AS CASE WHEN CAST(n AS BIGINT) * length(x) > {_LONGEST}"
    f" THEN {_ERROR} ELSE n END",
    "_account_repeated(x, n) AS"
    " list_transform([x], lambda each: repeat(each, _account_times(n, each)))[1]",
)
CONCERNED = (exp.Pad, exp.Repeat, exp.Space)


def held(node: Expr) -> Expr:
    """One of these, its count a whole number of the engine's already."""
    if isinstance(node, exp.Repeat):
        return _repeat(node)
    name = "expression" if isinstance(node, exp.Pad) else "this"
    count = node.args[name]
    if not _is_at_most(count, _LONGEST):
        # A filling that is NULL makes a NULL, whatever it is to fill.
        one = exp.Literal.string(" ")
        node.set(name, exp.Anonymous(this="_account_times", expressions=[count, one]))
    return node


def _repeat(node: exp.Repeat) -> Expr:
    text, times = node.this, node.args["times"]
    longest = len(text.name) if text.is_string else LONGEST_COLUMN
    if not longest or _is_at_most(times, _LONGEST // longest):
        return node
    if all(isinstance(part, REPEATABLE) for each in (text, times) for part in each.walk()):
        times = exp.Anonymous(this="_account_times", expressions=[times, text.copy()])
        node.set("times", times)
        return node
    if node.find_ancestor(exp.Having):
        # It takes no lambda.
        return node
    return exp.Anonymous(this="_account_repeated", expressions=[text, times])


def _is_at_most(count: Expr, most: int) -> bool:
    bare = count.this if isinstance(count, exp.Neg) else count
    return isinstance(bare, exp.Literal) and bare.is_int and int(bare.name) <= most
