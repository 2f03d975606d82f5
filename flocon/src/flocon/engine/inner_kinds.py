"""Dates, times, timestamps and BINARYs inside of VARIANTs, arrays and objects: JSON has them as
texts, which it does not tell from others.

A statement that puts such values into a VARIANT, or reads a table that has some, refuses to say
what a text of their form is (000002). Of all else it says what it is.
"""

from collections.abc import Iterable, Iterator

from sqlglot import Expr, exp

from flocon.core.timestamp_tz import ENGINE_TYPE
from flocon.engine.types import JSON_TYPES

# Their forms, as JSON has them.
_FORMS = {
    "BINARY": "([0-9A-F]{2})*",
    "DATE": "[0-9]{4,}-[0-9]{2}-[0-9]{2}",
    "TIME": "[0-9]{2}:[0-9]{2}:[0-9]{2}",
    "TIMESTAMP": "[0-9]{4,}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?"
    "( ?[+-][0-9]{2}:?([0-9]{2})?)?",
}
Kinds = frozenset[str]
NONE: Kinds = frozenset()
ALL: Kinds = frozenset(_FORMS)
# Beside what a table's columns are declared as, where no column has its name: the kinds that may be
# inside of them.
DECLARED = ""
# In the meta of what asks for a VARIANT's type: the kinds that may be inside.
INSIDE = "inside"
# In the meta of a TYPEOF: what it asks is of a type that is not known.
UNTOLD = "untold"

_OF_TYPES = {
    exp.DType.BINARY: "BINARY",
    exp.DType.VARBINARY: "BINARY",
    exp.DType.DATE: "DATE",
    exp.DType.TIME: "TIME",
    exp.DType.DATETIME: "TIMESTAMP",
    exp.DType.TIMESTAMP: "TIMESTAMP",
    exp.DType.TIMESTAMPNTZ: "TIMESTAMP",
    exp.DType.TIMESTAMPLTZ: "TIMESTAMP",
    exp.DType.TIMESTAMPTZ: "TIMESTAMP",
}
MAKERS_OF_JSON = (
    exp.Array, exp.ArrayAgg, exp.ArrayAppend, exp.ArrayConstructCompact, exp.ArrayInsert,
    exp.ArrayPrepend, exp.ArrayUniqueAgg, exp.JSONKeyValue, exp.ObjectAgg, exp.ObjectInsert,
    exp.PropertyEQ, exp.ToArray, exp.ToVariant,
)  # fmt: skip
_MAKERS = frozenset(
    (
        *MAKERS_OF_JSON, exp.ApproxTopK, exp.ArgMax, exp.ArgMin, exp.Cast,
        exp.JSONObject, exp.Reduce, exp.StarMap, exp.Struct, exp.Transform, exp.TryCast,
    )
)  # fmt: skip
# Of these the first argument is a key.
_PAIRS = (exp.JSONKeyValue, exp.ObjectAgg, exp.PropertyEQ)
_NEVER = (exp.Boolean, exp.Identifier, exp.Literal, exp.Null, exp.Placeholder, exp.Var)
_ASKING = frozenset(
    f"{how}_{name}"
    for how in ("AS", "IS")
    for name in (
        "BINARY", "CHAR", "DATE", "DATE_VALUE", "TIME", "TIMESTAMP_LTZ", "TIMESTAMP_NTZ",
        "TIMESTAMP_TZ", "VARCHAR",
    )
)  # fmt: skip
CONCERNED = _MAKERS | {exp.Anonymous, exp.Typeof}

REFUSED = (
    "the type of a text in a VARIANT that may be a date, time or BINARY, where it is asked for,"
    " compared or cast to another one: cast it to VARCHAR"
)
# How many digits of a second JSON has.
DIGITS = 3
LOST = (
    "the digits of a second behind the third one of a timestamp in a VARIANT, which JSON has not:"
    " cast it to VARCHAR or TIMESTAMP(3)"
)
# A timestamp x that becomes a text in JSON, whose digits tell whether it has had others.
IN_JSON = "_account_in_json_as_text"
TOLD = (
    "CASE WHEN contains(CAST(x AS VARCHAR), '.000')"
    f" THEN CAST(CAST('{LOST} ' || CAST(x AS VARCHAR) AS TINYINT) AS VARCHAR) ELSE {{}} END"
)
_ERROR = REFUSED.replace("'", "''")
_OF_THE_ENGINE = " ".join(
    f"WHEN '{name}' THEN '{kind}'"
    for name, kind in {
        "BLOB": "BINARY",
        "DATE": "DATE",
        "TIME": "TIME",
        "TIMESTAMP": "TIMESTAMP_NTZ",
        "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_LTZ",
        ENGINE_TYPE: "TIMESTAMP_TZ",
    }.items()
)
# What is refused is a cast of a text, as in `nanoseconds`.
MACROS = (
    "_account_is_apart(v, p, form) AS json_type(v, p) = 'VARCHAR'"
    " AND regexp_full_match(json_extract_string(v, p), form)",
    f"_account_refused_apart(v) AS CAST(CAST('{_ERROR}: ' || CAST(v AS VARCHAR) AS TINYINT)"
    " AS VARCHAR)",
    # Of a value whose type only the engine knows.
    f"_account_typeof_of(x) AS CASE WHEN x IS NOT NULL THEN CASE typeof(x) {_OF_THE_ENGINE}"
    " ELSE _account_typeof_at(to_json(x), '$') END END",
    "_account_typeof_apart(v, p, form) AS CASE WHEN _account_is_apart(v, p, form)"
    " THEN _account_refused_apart(v) ELSE _account_typeof_at(v, p) END",
    # AS_VARCHAR and IS_VARCHAR.
    "_account_text_apart(v, form) AS CASE WHEN json_type(v) = 'VARCHAR' THEN CASE"
    " WHEN _account_is_apart(v, '$', form) THEN _account_refused_apart(v)"
    " ELSE json_extract_string(v, '$') END END",
    "_account_is_text_apart(v, form) AS CASE WHEN _account_is_apart(v, '$', form)"
    " THEN CAST(_account_refused_apart(v) AS BOOLEAN) ELSE json_type(v) = 'VARCHAR' END",
    # JSON in which no text is of a form, which `form_within` makes.
    "_account_apart_within(v, form) AS CASE WHEN regexp_matches(CAST(to_json(v) AS VARCHAR), form)"
    " THEN CAST(_account_refused_apart(v) AS JSON) ELSE to_json(v) END",
    # A timestamp that may have had more digits than JSON has.
    "_account_with_all_digits(v) AS CASE WHEN regexp_matches(CAST(to_json(v) AS VARCHAR),"
    " '^\"[0-9-]{{10,}} [0-9:]{{8}}[.]([1-9][0-9]{{2}}|0[1-9][0-9]|00[1-9])[^0-9]')"
    f" THEN CAST(CAST('{LOST} ' || CAST(v AS VARCHAR) AS TINYINT) AS JSON) ELSE to_json(v) END",
    # An array whose texts are in the order of what they are (`variant_values`).
    "_account_ordered_within(v, forms) AS list_transform([to_json(v)], lambda each: CASE WHEN"
    " _account_are_alike(CAST(each AS VARCHAR), forms) THEN each"
    " WHEN each IS NOT NULL THEN CAST(_account_refused_apart(each) AS JSON) END)[1]",
    # The value, if it is none that nobody knows the type of.
    "_account_told(v, form) AS CASE WHEN _account_is_apart(to_json(v), '$', form)"
    " THEN CAST(_account_refused_apart(v) AS JSON) ELSE to_json(v) END",
)


def asks(node: Expr) -> bool:
    """Does it ask for the type of a VARIANT that may be a text?"""
    if isinstance(node, exp.Anonymous):
        return node.name.upper() in _ASKING
    return isinstance(node, exp.Typeof)


def form(kinds: Iterable[str]) -> str:
    """A regular expression of the texts that values of these kinds are; '' where there are none."""
    return "|".join(_FORMS[kind] for kind in sorted(kinds))


def forms(kinds: Iterable[str]) -> str:
    """One for each kind, in lines."""
    return "\n".join(_FORMS[kind] for kind in sorted(kinds))


def form_within(kinds: Iterable[str]) -> str:
    """The same of JSON that such texts are in; the keys of objects, with a colon behind them, are
    none."""
    return rf'(^|[:,\[])\s*"({form(kinds)})"\s*($|[,\]}}])'


def of_type(kind: exp.DataType | None) -> Kinds:
    """What a value of a type is; all of it may be where the type is not known."""
    if kind is None or kind.this == exp.DType.UNKNOWN:
        return ALL
    found = _OF_TYPES.get(kind.this)
    return frozenset((found,)) if found else NONE


def put_in(node: Expr) -> Kinds:
    """What an expression puts into VARIANTs, whose operands have their types. What is in a VARIANT
    that it takes is put there by another one."""
    if type(node) not in _MAKERS:
        return NONE
    return NONE.union(*map(_of, _values(node)))


def _of(value: Expr) -> Kinds:
    bare = value.unnest()
    if isinstance(bare, exp.Select):
        return NONE.union(*(_of(each.unalias()) for each in bare.selects))
    if isinstance(bare, _NEVER) or bare.is_star:
        return NONE
    return of_type(bare.type)


def _values(node: Expr) -> Iterator[Expr]:
    """The values that it puts into a VARIANT."""
    if isinstance(node, exp.Cast):
        if node.to.this in JSON_TYPES:
            yield node.this
    elif isinstance(node, _PAIRS):
        yield node.expression
    elif isinstance(node, exp.Reduce):
        yield node.args["initial"]
    elif isinstance(node, exp.Transform):
        yield node.expression.this
    elif isinstance(node, exp.ArgMax | exp.ArgMin):
        if node.args.get("count"):
            yield node.this
    elif not isinstance(node, exp.JSONObject | exp.StarMap | exp.Struct):
        for each in node.iter_expressions():
            bare = each.this if isinstance(each, exp.Order) else each
            yield from bare.expressions if isinstance(bare, exp.Distinct) else (bare,)


def has_star(node: Expr) -> bool:
    """Is it an object of all columns?"""
    if not isinstance(node, exp.JSONObject | exp.StarMap | exp.Struct):
        return False
    return any(each.is_star for each in node.iter_expressions())


def has_asked(view: Expr) -> bool:
    """Does a view, in the engine's words, ask for the types of VARIANTs, or compare them?"""
    return any(node.name.lower() in _ASKED for node in view.find_all(exp.Anonymous))


_ASKED = {
    *(
        f"_account_array_{how}"
        for how in (
            "contains", "distinct", "except", "intersection", "overlap", "position", "remove",
            "union",
        )
    ),
    "_account_is_kind", "_account_is_text_apart", "_account_nothing", "_account_rank",
    "_account_same", "_account_same_fixed", "_account_text_apart", "_account_told",
    "_account_typeof_apart", "_account_typeof_at", "_account_typeof_of", "_account_when",
}  # fmt: skip
