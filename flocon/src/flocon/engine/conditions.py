"""Conditions: a BOOLEAN, and within AND, OR, NOT and functions a VARIANT that holds one.

https://docs.snowflake.com/en/sql-reference/data-types-logical
"""

from collections.abc import Iterator

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine import writable_types
from flocon.engine.types import JSON_TYPES, TEXT_TYPES

# Where a condition stands alone.
CLAUSES: dict[type[Expr], str] = {
    exp.Having: "this", exp.Join: "on", exp.Merge: "on", exp.Qualify: "this", exp.Where: "this",
}  # fmt: skip
# What takes conditions as its operands.
OPERATORS: dict[type[Expr], tuple[str, ...]] = {
    exp.And: ("this", "expression"),
    exp.CountIf: ("this",),
    exp.If: ("this",),
    exp.Is: ("this",),
    exp.LogicalAnd: ("this",),
    exp.LogicalOr: ("this",),
    exp.Not: ("this",),
    exp.Or: ("this", "expression"),
}
_NEVER = frozenset((
    *exp.DataType.TEMPORAL_TYPES, *JSON_TYPES, exp.DType.BINARY, exp.DType.STRUCT,
    exp.DType.VARBINARY,
))  # fmt: skip
_PLAIN = frozenset((*exp.DataType.NUMERIC_TYPES, *TEXT_TYPES))
_NEVER_TRUE = _NEVER - frozenset(JSON_TYPES)
_CALCULATED = (exp.Add, exp.Div, exp.Mod, exp.Mul, exp.Neg, exp.Sub)
# What has the type that is said of it.
_KNOWN = (exp.Column, exp.Literal, exp.Window)


def check(clause: Expr) -> None:
    """Of one of `CLAUSES`: raises 000002, with Snowflake's text, for what is no BOOLEAN."""
    condition = clause.args.get(CLAUSES[type(clause)])
    if condition is None or condition.type is None:
        return
    bare, kind = condition.unnest(), condition.type.this
    is_known = isinstance(bare, _KNOWN) or type(bare) is exp.Cast
    if kind in _NEVER or (is_known and kind in _PLAIN):
        name = writable_types.shown(bare) or "VARIANT"
        text = f"[{name}] for predicate [{bare.sql('snowflake')}]"
        raise errors.compilation(errors.UNSUPPORTED, f"Invalid data type {text}")


def check_branch(branch: exp.If) -> None:
    """Raises 001038 for a condition of a CASE that is no BOOLEAN; IFF makes one of it.

    https://docs.snowflake.com/en/sql-reference/functions/case
    """
    case, condition = branch.parent, branch.this
    if type(case) is not exp.Case or case.this or condition.type is None:
        return
    bare, kind = condition.unnest(), condition.type.this
    is_known = isinstance(bare, (*_KNOWN, *_CALCULATED)) or type(bare) is exp.Cast
    if kind in _NEVER_TRUE or (is_known and kind in _PLAIN):
        name = writable_types.shown(bare) or "VARIANT"
        text = f"'{bare.sql('snowflake')}' of type [{name}] into expected type [BOOLEAN]"
        raise errors.compilation(errors.PARAMETER_TYPE, f"Can not convert parameter {text}")


def variants(node: Expr) -> Iterator[Expr]:
    """The VARIANTs that one of `OPERATORS` makes BOOLEANs of."""
    if isinstance(node, exp.Is) and not isinstance(node.expression, exp.Boolean):
        return
    if isinstance(node, exp.If) and isinstance(node.parent, exp.Case) and node.parent.this:
        return
    for key in OPERATORS[type(node)]:
        value = node.args[key]
        value = value.expressions[0] if isinstance(value, exp.Distinct) else value
        if value.type is not None and value.type.this in (exp.DType.VARIANT, exp.DType.JSON):
            yield value
