"""VARIANTs that are compared or made one, where a date, time or BINARY may be inside of them: JSON
has it as a text, which it is not.

A text of the form of one is refused (000002), but where both sides are known to be of one type, and
where what is beside it is known to be no such text.
"""

import re
from collections.abc import Iterator, Sequence

from sqlglot import Expr, exp

from flocon.engine import inner_kinds
from flocon.engine.expression_types import held
from flocon.engine.inner_kinds import Kinds
from flocon.engine.types import TEXT_TYPES

SAME, SAME_FIXED = "_account_same", "_account_same_fixed"
_PAIRS = (exp.EQ, exp.NEQ, exp.EqualNull, exp.NullSafeEQ, exp.NullSafeNEQ)
# The arrays whose elements are compared, and a value that is looked for among them.
_ARRAYS: dict[type[Expr], tuple[str, ...]] = {
    exp.ArrayContains: ("expression", "this"),
    exp.ArrayDistinct: ("this",),
    exp.ArrayExcept: ("this", "expression"),
    exp.ArrayIntersect: ("expressions",),
    exp.ArrayOverlaps: ("this", "expression"),
    exp.ArrayPosition: ("expression", "this"),
    exp.ArrayRemove: ("expression", "this"),
    exp.ArrayUnionAgg: ("this",),
}
_LOOKED_FOR = (exp.ArrayContains, exp.ArrayPosition, exp.ArrayRemove)
# Values of one of these types are equal where their texts are. Of a timestamp JSON has less digits.
_EQUAL_AS_TEXTS = {"BINARY", "DATE", "TIME", "VARCHAR"}
_NO_TEXTS = {"BOOLEAN", "NUMBER"}
# Casts that leave a text as it is.
_KEPT = {*TEXT_TYPES, exp.DType.VARIANT}


def tell(tree: Expr, inside: Kinds) -> None:
    """inside: what may be in the VARIANTs of a statement, whose silent casts are made."""
    form = inner_kinds.form(inside)
    calls: list[exp.Anonymous] = []
    for node in list(tree.walk()):
        if type(node) in _ARRAYS:
            _tell_arrays(node, form, inside)
        elif isinstance(node, exp.Anonymous) and node.name in (SAME, SAME_FIXED):
            calls.append(node)
    told: set[int] = set()
    for call in calls:
        if id(call) not in told:
            together = _compared_with(call)
            told |= set(map(id, together))
            values = [same.expressions[0] for same in together]
            for value in _unsure(values, form, of_rows=_is_of_rows(call)):
                _put_apart(value, inside)


def _compared_with(call: exp.Anonymous) -> list[Expr]:
    """What is compared with one another: first a side that all others are compared with."""
    sides = list(filter(_is_same, _sides(call.parent)))
    return sides if any(side is call for side in sides) else [call]


def _is_of_rows(call: exp.Anonymous) -> bool:
    """Is a value compared with itself, in other rows?"""
    within = call.parent.parent if isinstance(call.parent, exp.Tuple) else call.parent
    return call.name == SAME and isinstance(within, exp.Distinct | exp.Group | exp.Window)


def _sides(node: Expr | None) -> Iterator[Expr]:
    if isinstance(node, _PAIRS):
        yield from (node.this, node.expression)
    elif isinstance(node, exp.In):
        yield from (node.this, *node.expressions)
    elif isinstance(node, exp.If) and isinstance(node.parent, exp.Case):
        yield from _sides(node.parent)
    elif isinstance(node, exp.Case) and node.this:
        yield from (node.this, *(each.this for each in node.args["ifs"]))
    elif isinstance(node, exp.DecodeCase):
        yield from node.expressions


def _is_same(value: Expr) -> bool:
    return isinstance(value, exp.Anonymous) and value.name in (SAME, SAME_FIXED)


def _unsure(values: Sequence[Expr], form: str, *, of_rows: bool) -> Sequence[Expr]:
    """Which of them may be a text that is not told apart, the first compared with all others."""
    first, *others = values
    if _is_no_such_text(first, form):
        return []
    unsure = [value for value in others if not _is_no_such_text(value, form)]
    if others and not unsure:
        return []
    kinds = set(map(held, (first, *unsure)))
    if (unsure or of_rows) and len(kinds) == 1 and kinds <= _EQUAL_AS_TEXTS:
        return []
    return [first, *unsure]


def _is_no_such_text(value: Expr, form: str) -> bool:
    """Is it known to be NULL, a number, a BOOLEAN, or another text?"""
    if held(value) in _NO_TEXTS:
        return True
    bare = value.unnest()
    while isinstance(bare, exp.ToVariant) or (isinstance(bare, exp.Cast) and bare.to.this in _KEPT):
        bare = bare.this.unnest()
    if isinstance(bare, exp.Literal) and bare.is_string:
        return re.fullmatch(form, bare.name) is None
    return isinstance(bare, exp.Null)


def _tell_arrays(node: Expr, form: str, inside: Kinds) -> None:
    given: list[Expr] = []
    for key in _ARRAYS[type(node)]:
        value = node.args[key]
        given += value if isinstance(value, list) else [value]
    if isinstance(node, _LOOKED_FOR) and _is_no_such_text(given[0], form):
        return
    for value in given:
        _put_apart(value, inside)


def _put_apart(value: Expr, inside: Kinds) -> None:
    """Refuse it where a text in it may be another type's."""
    form = exp.Literal.string(inner_kinds.form_within(inside))
    mark = exp.Null()
    value.replace(mark)
    made = exp.Anonymous(this="_account_apart_within", expressions=[value, form])
    made.type = value.type
    mark.replace(made)
