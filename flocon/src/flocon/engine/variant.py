"""VARIANT: paths into it, and where its text, its number or itself is meant."""

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine.types import JSON_TYPES


def paths(tree: Expr) -> Expr:
    """Chains of v:a.b, v['a'] and v[0] become one extraction; a cast takes the value's text.

    https://docs.snowflake.com/en/user-guide/querying-semistructured
    """

    def fold(node: Expr) -> Expr:
        if _is_computed(node):
            key = node.expressions[0].transform(fold, copy=False)
            base = node.this.transform(fold, copy=False)
            return exp.Anonymous(this="_account_get", expressions=[base, key])
        if not _is_path(node):
            return node
        _refuse_variant(node)
        base, path = _path(node)
        base = base.transform(fold, copy=False)
        wanted = _wants_text(node)
        part = "_account_element_at" if path.endswith("]") else "json_extract"
        reads = {"": part, "text": "_account_json_text"}.get(wanted, "_account_json_digits")
        value = exp.Anonymous(
            this=reads,
            expressions=[base, exp.Literal.string("$" + path)],
        )
        kind = _NUMBERS.get(wanted)
        return exp.cast(value, kind, dialect="duckdb") if kind else value

    return tree.transform(fold, copy=False)


_NUMBERS = {"number": "DOUBLE", "whole": "DECIMAL(38, 0)"}


def _is_computed(node: Expr) -> bool:
    """Is it an element whose place, or a member whose name, is an expression?"""
    return (
        isinstance(node, exp.Bracket)
        and len(node.expressions) == 1
        and not isinstance(node.expressions[0], exp.Literal | exp.Slice)
    )


def _is_path(node: Expr) -> bool:
    if isinstance(node, exp.JSONExtract):
        return isinstance(node.expression, exp.JSONPath)
    return (
        isinstance(node, exp.Bracket)
        and len(node.expressions) == 1
        and isinstance(node.expressions[0], exp.Literal)
    )


def _path(node: Expr) -> tuple[Expr, str]:
    """The value that a chain starts from, and the chain as a DuckDB JSON path."""
    base, path = node, ""
    while _is_path(base):
        if isinstance(base, exp.JSONExtract):
            path = "".join(_step(part) for part in base.expression.expressions) + path
        else:
            path = _key(base.expressions[0]) + path
        base = base.this
        while isinstance(base, exp.Paren) and _is_path(base.this):
            base = base.this
    return base, path


def _step(part: Expr) -> str:
    if isinstance(part, exp.JSONPathSubscript):
        key = part.this
        return f"[{key}]" if isinstance(key, int) else _quoted(str(key))
    return _quoted(part.this) if isinstance(part, exp.JSONPathKey) else ""


def _key(literal: Expr) -> str:
    return _quoted(literal.this) if literal.is_string else f"[{literal.this}]"


def _quoted(key: str) -> str:
    return '."' + key.replace('"', '\\"') + '"'


_ORDERINGS = (exp.LT, exp.LTE, exp.GT, exp.GTE)

_COMPARISONS = (*_ORDERINGS, exp.EQ, exp.NEQ, exp.NullSafeEQ, exp.NullSafeNEQ)
_OF_BITS = (
    exp.BitwiseAnd, exp.BitwiseLeftShift, exp.BitwiseOr, exp.BitwiseRightShift, exp.BitwiseXor,
)  # fmt: skip


def _refuse_variant(path: Expr) -> None:
    """A VARIANT has to be cast where its order or its type decides: JSON's text would lie."""
    parent = _context(path)
    if isinstance(parent, exp.TryCast) or (
        isinstance(parent, exp.ToNumber | exp.Anonymous)
        and (parent.args.get("safe") or parent.name.upper().startswith("TRY_TO_"))
    ):
        name = "TRY_CAST" if isinstance(parent, exp.TryCast) else "TRY_TO_…"
        raise errors.compilation(
            errors.ARGUMENT_TYPES, f"Function {name} cannot be used with arguments of types VARIANT"
        )
    both = isinstance(parent, _ORDERINGS) and all(
        _is_path(side.unnest()) for side in (parent.this, parent.expression)
    )
    if both or isinstance(parent, exp.Max | exp.Min | exp.Ordered):
        text = path.sql(dialect="snowflake")
        raise errors.unsupported(f"ordering the VARIANT {text}: cast it first, as in {text}::INT")


def _context(node: Expr) -> Expr | None:
    parent = node.parent
    while isinstance(parent, exp.Paren):
        parent = parent.parent
    return parent


def _wants_text(node: Expr) -> str:
    """'text' where the value's text is meant (a cast, a comparison, a text function), 'digits'
    where that is cast to a number, 'number' or 'whole' where its number is, '' where a VARIANT
    is."""
    parent = _context(node)
    if isinstance(parent, exp.Cast | exp.TryCast):
        if parent.to.this in exp.DataType.NUMERIC_TYPES:
            return "digits"
        return "text" if parent.to.this not in JSON_TYPES else ""
    if isinstance(parent, exp.ToNumber | exp.ToDouble):
        return "digits"
    if isinstance(
        parent,
        exp.Upper | exp.Lower | exp.Trim | exp.Like | exp.ILike | exp.DPipe | exp.Concat,
    ):
        return "text"
    if isinstance(parent, _COMPARISONS):
        sides = [side.unnest() for side in (parent.this, parent.expression)]
        if any(isinstance(side, exp.Literal) and not side.is_string for side in sides):
            return "number"
        return "" if all(_is_path(side) for side in sides) else "text"
    if isinstance(parent, exp.Add | exp.Sub | exp.Mul | exp.Div | exp.Neg | exp.Mod):
        return "number"
    if isinstance(parent, _OF_BITS):
        return "whole"
    if isinstance(parent, exp.RegexpLike):
        return "text"
    return "text" if isinstance(parent, exp.In) and node.arg_key == "this" else ""


def array_contains(node: Expr) -> Expr:
    """ARRAY_CONTAINS(x::VARIANT, array): the value among the array's own, not deeper.

    https://docs.snowflake.com/en/sql-reference/functions/array_contains
    """
    if not isinstance(node, exp.ArrayContains):
        return node
    value = node.expression
    if isinstance(value, exp.Cast) and value.to.this in JSON_TYPES:
        value = value.this
    return exp.Anonymous(this="_account_array_contains", expressions=[value, node.this])
