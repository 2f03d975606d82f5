"""VARIANTs that are compared, made one, or cast to a date or time, where a date, time or BINARY may
be inside of them: JSON has it as a text, which it is not.

A text of the form of one is refused (000002), but where both sides are known to be of one type, and
where what is beside it is known to be no such text.
"""

import re
from collections.abc import Iterator, Sequence

from sqlglot import Expr, exp

from flocon.engine import inner_kinds, moments, offsets
from flocon.engine.expression_types import held
from flocon.engine.inner_kinds import NONE, Kinds
from flocon.engine.types import TEXT_TYPES
from flocon.engine.variant_order import RANK
from flocon.engine.variants_beside import ORDERED

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
_APART, _WITH_ALL_DIGITS = "_account_apart_within", "_account_with_all_digits"
_IN_ORDER = (ORDERED, RANK)
_ORDERINGS = (exp.ArrayMax, exp.ArrayMin, exp.SortArray)
# Values of one of these types are equal where their texts are. Of a timestamp JSON has less digits.
_EQUAL_AS_TEXTS = {"BINARY", "DATE", "TIME", "VARCHAR"}
_NO_TEXTS = {"BOOLEAN", "NUMBER"}
# Casts that leave a text as it is.
_KEPT = {*TEXT_TYPES, exp.DType.VARIANT}


def tell(tree: Expr, inside: Kinds) -> None:
    """inside: what may be in the VARIANTs of a statement, whose silent casts are made."""
    form = inner_kinds.form(inside)
    calls: list[Expr] = []
    for node in list(tree.walk()):
        if type(node) in _ARRAYS:
            _tell_arrays(node, form, inside)
        elif _is_same(node) and not _is_hashed(node):
            calls.append(node)
        elif isinstance(node, _ORDERINGS):
            node.set("this", _in_order(node.this, inside))
        elif isinstance(node, exp.Anonymous) and node.name.removesuffix("_once") in _IN_ORDER:
            _put_apart(node, "expressions", inside)
        else:
            _tell_cast(node, inside)
    told: set[int] = set()
    for call in calls:
        if id(call) not in told:
            together = _compared_with(call)
            told |= set(map(id, together))
            for unsure in _unsure(together, form, of_rows=_is_of_rows(call)):
                _put_apart(unsure, "expressions", inside)


def tell_stored(tree: Expr, inside: Kinds) -> None:
    """The same of VARIANTs that are stored in columns of other types."""
    for node in list(tree.find_all(exp.Cast)):
        if node.this.name not in (_APART, _WITH_ALL_DIGITS):
            _tell_cast(node, inside)


def _tell_cast(node: Expr, inside: Kinds) -> None:
    """Of what a VARIANT is converted by."""
    kinds = _becomes(node)
    if not kinds:
        return
    key = "expressions" if isinstance(node, exp.Anonymous) else "this"
    if inside - kinds:
        _put_apart(node, key, inside - kinds)
    if kinds & inside >= _MOMENT and not _has_milliseconds(node):
        made = [_read(_WITH_ALL_DIGITS, each) for each in _given(node, key)]
        node.set(key, made if key == "expressions" else made[0])


def _becomes(node: Expr) -> Kinds:
    """What a VARIANT is converted to, one of these kinds or none of them. One that holds another
    kind is not on Snowflake.

    https://docs.snowflake.com/en/sql-reference/functions/to_date
    """
    if offsets.OF_VARIANT in node.meta:
        return _MOMENT
    if isinstance(node, exp.Anonymous):
        is_reader = node.name.upper().startswith("TO_TIMESTAMP") and len(node.expressions) == 1
        return _MOMENT if is_reader and _is_variant(node.expressions[0]) else NONE
    if isinstance(node, exp.Cast):
        return inner_kinds.of_type(node.to) if _is_variant(node.this) else NONE
    name = _READERS.get(type(node))
    return frozenset((name,)) if name and _is_variant(node.this) else NONE


_MOMENT = frozenset(("TIMESTAMP",))
_READERS: dict[type[Expr], str] = {
    exp.Time: "TIME",
    exp.TsOrDsToDate: "DATE",
    exp.TsOrDsToTime: "TIME",
}


def _is_variant(value: Expr) -> bool:
    return value.type is not None and value.type.this == exp.DType.VARIANT


def _compared_with(call: Expr) -> list[Expr]:
    """What is compared with one another: first a side that all others are compared with."""
    sides = list(filter(_is_same, _sides(call.parent)))
    return sides if any(side is call for side in sides) else [call]


def _is_of_rows(call: Expr) -> bool:
    """Is a value compared with itself, in other rows?"""
    parent = call.parent
    within = parent.parent if isinstance(parent, exp.Tuple) else parent
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


def _is_hashed(call: Expr) -> bool:
    """HASH may be the same of values that are not."""
    return isinstance(call.parent, exp.Anonymous) and call.parent.name.upper() == "HASH"


def _unsure(calls: Sequence[Expr], form: str, *, of_rows: bool) -> Sequence[Expr]:
    """Of which the value may be a text that is not told apart; the first is compared with all
    others."""
    first, *others = calls
    if _is_no_such_text(first.expressions[0], form):
        return []
    unsure = [call for call in others if not _is_no_such_text(call.expressions[0], form)]
    if others and not unsure:
        return []
    kinds = {held(call.expressions[0]) for call in (first, *unsure)}
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
    keys = _ARRAYS[type(node)]
    if isinstance(node, _LOOKED_FOR) and _is_no_such_text(node.args[keys[0]], form):
        return
    for key in keys:
        _put_apart(node, key, inside)


def _put_apart(node: Expr, key: str, inside: Kinds) -> None:
    """Refuse what a node is given, where a text in it may be another type's."""
    given = node.args[key]
    if isinstance(given, list):
        node.set(key, [_apart(each, inside) for each in given])
    else:
        node.set(key, _apart(given, inside))


def _given(node: Expr, key: str) -> list[Expr]:
    given = node.args[key]
    return given if isinstance(given, list) else [given]


def _read(macro: str, value: Expr) -> Expr:
    made = exp.Anonymous(this=macro, expressions=[value])
    made.type = value.type
    return made


def _has_milliseconds(node: Expr) -> bool:
    """Is it cast to a type of no more digits than JSON has?"""
    digits = moments.digits(moments.name(node.to)) if isinstance(node, exp.Cast) else None
    return digits is not None and digits <= inner_kinds.DIGITS


def _in_order(array: Expr, inside: Kinds) -> Expr:
    """An array whose elements are ordered by what JSON has of them."""
    forms = exp.Literal.string(inner_kinds.forms(inside))
    made = exp.Anonymous(this="_account_ordered_within", expressions=[array, forms])
    made.type = array.type
    return made


def _apart(value: Expr, inside: Kinds) -> Expr:
    form = exp.Literal.string(inner_kinds.form_within(inside))
    made = exp.Anonymous(this=_APART, expressions=[value, form])
    made.type = value.type
    return made
