"""Expressions that answer one of several values: all of these have one type.

https://docs.snowflake.com/en/sql-reference/expressions-conditional
"""

from collections.abc import Iterator

from sqlglot import Expr, exp

from flocon.engine.types import DECLARED, NTZ_TYPES, TEXT_TYPES

CHOICES = (exp.Case, exp.Coalesce, exp.Greatest, exp.If, exp.Least, exp.Nullif, exp.Nvl2)
_CHOSEN: dict[type[Expr], tuple[str, ...]] = {
    exp.Case: ("default",),
    exp.If: ("true", "false"),
    exp.Nvl2: ("true", "false"),
}


_VARIANTS = (exp.DType.VARIANT, exp.DType.JSON)
# Of two of these a value becomes the later one.
_MOMENTS = (exp.DType.DATE, *NTZ_TYPES, exp.DType.TIMESTAMPLTZ)


def become(node: Expr) -> exp.DataType | None:
    """The type that one of several values has where some of them are read as another type: a
    VARIANT and a text beside dates and times, a VARIANT beside texts, a DATE beside timestamps, a
    number beside a BOOLEAN, and of a BOOLEAN and a text the second one as the first. None
    elsewhere, and where types are not known.

    https://docs.snowflake.com/en/sql-reference/data-type-conversion
    """
    if isinstance(node, exp.Nullif) or node.arg_key == "ifs":
        return None
    values = [each for each in chosen(node) if not isinstance(each.unnest(), exp.Null)]
    known = [each.type.this for each in values if each.type is not None]
    kinds = list(dict.fromkeys("TEXT" if kind in TEXT_TYPES else kind for kind in known))
    if len(known) < len(values) or len(kinds) < 2 or exp.DType.UNKNOWN in kinds:
        return None
    said = [each.type.meta.get(DECLARED) for each in values if each.type is not None]
    if "ARRAY" in said or "OBJECT" in said:
        return None
    others = [kind for kind in kinds if kind not in _VARIANTS]
    is_variant = len(others) < len(kinds)
    read = [kind for kind in others if kind != "TEXT"]
    if not read:
        return exp.DataType.build("TEXT") if is_variant else None
    if all(kind in _MOMENTS for kind in read):
        return exp.DataType.build(max(read, key=_MOMENTS.index))
    if read == [exp.DType.TIME]:
        return exp.DataType.build("TIME")
    if is_variant or exp.DType.BOOLEAN not in read:
        return None
    if len(read) == 1:
        return exp.DataType.build("TEXT" if kinds[0] == "TEXT" else "BOOLEAN")
    numbers = [kind for kind in others if kind != exp.DType.BOOLEAN]
    is_number = all(kind in exp.DataType.NUMERIC_TYPES for kind in numbers)
    return exp.DataType.build("BOOLEAN") if is_number else None


# In the meta of a COALESCE: it is a ZEROIFNULL.
ZERO_IF_NULL = "zero if null"


def name_zeros(node: exp.If, sql: str) -> None:
    """SQLGlot reads ZEROIFNULL and NULLIFZERO of a statement as IFF, with their argument twice."""
    value, condition = node.args.get("false"), node.this
    if value is None or not isinstance(condition, exp.Is | exp.EQ) or condition.this != value:
        return
    zero = exp.Literal.number(0)
    if isinstance(condition, exp.EQ) and "NULLIFZERO" in sql.upper():
        if condition.expression == zero and isinstance(node.args["true"], exp.Null):
            node.replace(exp.Nullif(this=value, expression=zero))
    elif isinstance(condition.expression, exp.Null) and "ZEROIFNULL" in sql.upper():
        if node.args["true"] != zero:
            return
        made = exp.Coalesce(this=value, expressions=[zero])
        made.meta[ZERO_IF_NULL] = True
        node.replace(made)


def without_nulls(node: Expr) -> Expr:
    """GREATEST and LEAST are NULL where one of their values is. It is asked once for all that are
    in one another: each would be written twice with every level."""
    outer = node.parent
    while isinstance(outer, exp.Paren):
        outer = outer.parent
    if _goes_by_nulls(outer) or not _goes_by_nulls(node):
        return node
    inner = [node]
    values = []
    for each in inner:
        for value in chosen(each):
            if _goes_by_nulls(value.unnest()):
                inner.append(value.unnest())
            else:
                values.append(value)
    for each in inner:
        each.set("ignore_nulls", True)
    asked = [value for value in dict.fromkeys(values) if not _is_constant(value)]
    if not asked:
        return node
    is_null = [exp.Is(this=value.copy(), expression=exp.Null()) for value in asked]
    made = exp.Case(ifs=[exp.If(this=exp.or_(*is_null, copy=False), true=exp.Null())], default=node)
    made.type = node.type
    return made


def _is_constant(value: Expr) -> bool:
    """Is it a constant that is not NULL?"""
    bare = value.unnest()
    while isinstance(bare, exp.Neg) or type(bare) is exp.Cast:
        bare = bare.this.unnest()
    return isinstance(bare, exp.Literal)


def _goes_by_nulls(node: Expr | None) -> bool:
    return isinstance(node, exp.Greatest | exp.Least) and not node.args.get("ignore_nulls")


def chosen(node: Expr) -> Iterator[Expr]:
    """The values one of which it answers."""
    if isinstance(node, exp.DecodeCase):
        pairs = node.expressions[1:]
        yield from pairs[1::2]
        yield from pairs[-1:] if len(pairs) % 2 else ()
        return
    for each in node.args.get("ifs") or ():
        yield each.args["true"]
    for key in _CHOSEN.get(type(node), ("this", "expression", "expressions")):
        value = node.args.get(key)
        if isinstance(value, list):
            yield from value
        elif value is not None:
            yield value
