"""Arrays are JSON: what makes them, and what reads them, takes and gives JSON.

SQLGlot writes these functions for DuckDB's lists, which would read JSON as a text.

https://docs.snowflake.com/en/sql-reference/functions-semistructured
"""

from collections.abc import Sequence

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.core.variant_marks import UNDEFINED
from flocon.engine.expression_types import ARGUMENT
from flocon.engine.types import TEXT_TYPES
from flocon.engine.variants_beside import NOT_ORDERED

# The nodes' arguments in the order of the macros'.
_MACROS: dict[type[Expr], tuple[str, tuple[str, ...]]] = {
    exp.ArrayAppend: ("append", ("this", "expression")),
    exp.ArrayPrepend: ("prepend", ("this", "expression")),
    exp.ArrayInsert: ("insert", ("this", "position", "expression")),
    exp.ArrayRemove: ("remove", ("this", "expression")),
    exp.ArrayRemoveAt: ("remove_at", ("this", "position")),
    exp.ArrayCompact: ("compact", ("this",)),
    exp.ArrayDistinct: ("distinct", ("this",)),
    exp.ArrayExcept: ("except", ("this", "expression")),
    exp.ArrayReverse: ("reverse", ("this",)),
    exp.ArraySlice: ("slice", ("this", "start", "end")),
    exp.ArrayToString: ("to_string", ("this", "expression")),
    exp.ArrayPosition: ("position", ("this", "expression")),
    exp.ToArray: ("of", ("this",)),
    exp.Flatten: ("flat", ("this",)),
    exp.ArrayMax: ("max", ("this",)),
    exp.ArrayMin: ("min", ("this",)),
}
# All that `functions` changes.
KINDS = (
    *_MACROS, exp.ArgMax, exp.ArgMin, exp.Array, exp.ArrayConcat, exp.ArrayConstructCompact,
    exp.ArrayFilter, exp.ArrayIntersect, exp.ArrayOverlaps, exp.ArraysZip, exp.GenerateSeries,
    exp.JSONKeys, exp.Reduce, exp.SortArray, exp.StrtokToArray, exp.Transform,
)  # fmt: skip

_NEVER_NULL = (exp.Array, exp.Boolean, exp.Literal)
_NULL = f"CAST('{UNDEFINED}' AS JSON)"

MACROS = (
    # An array's elements, each of them JSON; a null among them is JSON's, and NULL has a mark.
    "_account_list(a) AS CASE WHEN json_type(a) = 'ARRAY'"
    " THEN CAST(json_extract(a, '$[*]') AS JSON[]) END",
    "_account_array_size(a) AS CAST(json_array_length(a) AS BIGINT)",
    f"_account_element(x) AS coalesce(to_json(x), {_NULL})",
    f"_account_is_missing(e) AS e = '{UNDEFINED}' OR json_type(e) = 'NULL'",
    # What is the same of equal elements, of whatever types they are.
    "_account_alike(e) AS CASE WHEN contains(e, 'e999') OR contains(e, '.0')"
    " OR contains(e, '{{') THEN _account_same(e) ELSE e END",
    "_account_likes(a) AS list_transform(_account_list(a), lambda e: _account_alike(e))",
    "_account_array_of(x) AS CASE WHEN json_type(to_json(x)) = 'ARRAY' THEN to_json(x)"
    " WHEN json_type(to_json(x)) <> 'NULL' THEN json_array(x) END",
    # A text in a VARIANT may be an object that is written down.
    "_account_written_object(x) AS CASE WHEN typeof(x) = 'JSON' AND json_type(to_json(x)) ="
    " 'VARCHAR' THEN _account_try_parsed_once(json_extract_string(to_json(x), '$')) END",
    "_account_object_of(x) AS CASE WHEN json_type(to_json(x)) = 'OBJECT' THEN to_json(x)"
    " WHEN json_type(_account_written_object(x)) = 'OBJECT' THEN _account_written_object(x)"
    " WHEN json_type(to_json(x)) <> 'NULL' THEN"
    " CAST(error('Failed to cast value ' || to_json(x) || ' to OBJECT') AS JSON) END",
    # A bind is a text at best.
    "_account_no_bind(x, declared, name) AS CASE WHEN x IS NOT NULL"
    " THEN _account_other_type(declared, 'VARCHAR(' || length(CAST(x AS VARCHAR)) || ')', name)"
    " END",
    # Of texts in JSON; the engine leaves out what is NULL.
    "_account_array_of_texts(l) AS"
    " CAST('[' || coalesce(array_to_string(l, ','), '') || ']' AS JSON)",
    "_account_array_append(a, x) AS CASE WHEN a IS NOT NULL"
    " THEN to_json(list_append(_account_list(a), _account_element(x))) END",
    "_account_array_prepend(a, x) AS CASE WHEN a IS NOT NULL"
    " THEN to_json(list_prepend(_account_element(x), _account_list(a))) END",
    "_account_array_place(a, p) AS"
    " CASE WHEN p < 0 THEN greatest(_account_array_size(a) + p, 0) ELSE p END",
    f"_account_array_gap(n) AS list_transform(range(CAST(n AS BIGINT)), lambda i: {_NULL})",
    "_account_array_insert(a, p, x) AS CASE WHEN a IS NOT NULL AND p IS NOT NULL"
    " THEN to_json(_account_list(a)[:_account_array_place(a, p)]"
    " || _account_array_gap(_account_array_place(a, p) - _account_array_size(a))"
    " || [_account_element(x)] || _account_array_gap(- _account_array_size(a) - p)"
    " || _account_list(a)[_account_array_place(a, p) + 1:]) END",
    "_account_array_remove(a, x) AS CASE WHEN x IS NOT NULL THEN"
    " to_json(list_filter(_account_list(a),"
    " lambda e: _account_alike(e) <> _account_alike(to_json(x)))) END",
    "_account_array_remove_at(a, p) AS CASE WHEN p IS NOT NULL THEN to_json(list_filter("
    "_account_list(a),"
    " lambda e, i: i - 1 <> CASE WHEN p < 0 THEN _account_array_size(a) + p ELSE p END)) END",
    "_account_array_compact(a) AS"
    " to_json(list_filter(_account_list(a), lambda e: NOT _account_is_missing(e)))",
    "_account_array_distinct(a) AS to_json(list_filter(_account_list(a),"
    " lambda e, i: list_position(_account_likes(a), _account_alike(e)) = i))",
    "_account_array_times(l, x) AS len(list_filter(l, lambda each: each = x))",
    "_account_array_except(a, b) AS CASE WHEN b IS NOT NULL THEN to_json(list_filter("
    "_account_list(a), lambda e, i: _account_array_times(_account_likes(a)[:i], _account_alike(e))"
    " > _account_array_times(_account_likes(b), _account_alike(e)))) END",
    "_account_array_intersection(a, b) AS CASE WHEN b IS NOT NULL THEN to_json(list_filter("
    "_account_list(a), lambda e, i: _account_array_times(_account_likes(a)[:i], _account_alike(e))"
    " <= _account_array_times(_account_likes(b), _account_alike(e)))) END",
    # Of each array what is not in those before it as often.
    "_account_array_union(l) AS to_json(flatten(list_transform(l, lambda a, n: list_filter("
    "_account_list(a), lambda e, i: _account_array_times(_account_likes(a)[:i], _account_alike(e))"
    " > coalesce(list_max(list_transform(l[:n - 1], lambda b: _account_array_times("
    "_account_likes(b), _account_alike(e)))), 0)))))",
    "_account_array_reverse(a) AS to_json(list_reverse(_account_list(a)))",
    "_account_array_slice(a, f, t) AS CASE WHEN f IS NOT NULL AND t IS NOT NULL THEN"
    " to_json(list_filter(_account_list(a), lambda e, i:"
    " i > CASE WHEN f < 0 THEN _account_array_size(a) + f ELSE f END"
    " AND i <= CASE WHEN t < 0 THEN _account_array_size(a) + t ELSE t END)) END",
    "_account_array_text(l, s) AS CASE WHEN s IS NULL THEN NULL WHEN len(l) = 0 THEN ''"
    " ELSE list_reduce(l, lambda x, y: x || s || y) END",
    # A NULL among them is an empty text, JSON's null is none.
    "_account_array_to_string(a, s) AS _account_array_text(list_transform(_account_list(a),"
    f" lambda e: CASE WHEN e = '{UNDEFINED}' THEN '' ELSE coalesce(_account_json_text(e, '$'),"
    " error('Failed to cast variant value from array to string')) END), s)",
    # NULL is at the first NULL of an array, and contained in one that has any.
    "_account_array_position(a, x) AS CASE WHEN a IS NOT NULL"
    " THEN list_position(_account_likes(a), _account_alike(_account_element(x))) - 1 END",
    "_account_array_contains(x, a) AS CASE WHEN a IS NULL THEN NULL"
    " WHEN list_contains(_account_likes(a), _account_alike(_account_element(x))) THEN true"
    " WHEN x IS NOT NULL THEN false END",
    "_account_array_overlap(a, b) AS list_has_any(_account_likes(a), _account_likes(b))",
    "_account_array_flat(a) AS CASE WHEN len(list_filter(_account_list(a),"
    " lambda e: _account_is_missing(e))) = 0 THEN"
    " to_json(flatten(list_transform(_account_list(a), lambda e: _account_list(e)))) END",
    "_account_texts(a) AS"
    " list_transform(_account_list(a), lambda e: json_extract_string(_account_defined(e), '$'))",
    # Snowflake's pages have an order of numbers, of texts and of BOOLEANs, and none across them.
    "_account_order_of(e) AS CASE json_type(e) WHEN 'BIGINT' THEN 1 WHEN 'UBIGINT' THEN 1"
    " WHEN 'DOUBLE' THEN 1 WHEN 'VARCHAR' THEN 2 WHEN 'BOOLEAN' THEN 3 ELSE 0 END",
    "_account_orderable(l) AS list_transform([l], lambda x: CASE WHEN len(x) > 1"
    " AND (len(list_distinct(list_transform(x, lambda e: _account_order_of(e)))) > 1"
    " OR _account_order_of(x[1]) = 0)"
    f" THEN [CAST(CAST('{NOT_ORDERED}' || CAST(x AS VARCHAR) AS TINYINT) AS JSON)] ELSE x END)[1]",
    # Numbers by their value, texts by their text; a null has no place among them.
    "_account_array_sorted(a) AS list_transform(list_sort(list_transform(_account_orderable("
    "list_filter(_account_list(a), lambda e: NOT _account_is_missing(e))), lambda e: struct_pack("
    " r := _account_rank(e), v := e))), lambda each: each.v)",
    "_account_present(l) AS list_filter(l, lambda e: e IS NOT NULL)",
    "_account_array_nulls(a) AS list_filter(_account_list(a), lambda e: json_type(e) = 'NULL')",
    f"_account_array_missing(a) AS list_filter(_account_list(a), lambda e: e = '{UNDEFINED}')",
    # The null of JSON is larger than all else.
    "_account_array_max(a) AS coalesce(_account_array_nulls(a)[1], _account_array_sorted(a)[-1])",
    "_account_array_min(a) AS coalesce(_account_array_sorted(a)[1], _account_array_nulls(a)[1])",
    # nulls_first is about NULLs.
    "_account_array_ordered(a, rises) AS CASE WHEN rises"
    " THEN _account_array_sorted(a) || _account_array_nulls(a)"
    " ELSE _account_array_nulls(a) || list_reverse(_account_array_sorted(a)) END",
    "_account_array_sort(a, rises, nulls_first) AS to_json(CASE WHEN nulls_first"
    " THEN _account_array_missing(a) || _account_array_ordered(a, rises)"
    " ELSE _account_array_ordered(a, rises) || _account_array_missing(a) END)",
    "_account_array_range(f, t, s) AS CASE WHEN s = 0 THEN"
    " CAST(error('Invalid step [0] of ARRAY_GENERATE_RANGE') AS JSON)"
    " ELSE to_json(range(CAST(f AS BIGINT), CAST(t AS BIGINT), CAST(s AS BIGINT))) END",
    "_account_whole(x) AS CASE WHEN contains(x, '.') THEN"
    " error('Unsupported feature: REDUCE of fractions from a whole number') ELSE x END",
    "_account_array_zip(l) AS to_json(list_transform(range(list_max(list_transform(l,"
    " lambda a: _account_array_size(a)))), lambda i: CAST('{{' || array_to_string(list_transform(l,"
    " lambda a, k: '\"$' || k || '\":'"
    " || coalesce(_account_element_at(a, '$[' || i || ']'), 'null')),"
    " ',')"
    " || '}}' AS JSON)))",
)


def functions(node: Expr) -> Expr:
    """The functions of arrays, over JSON."""
    if known := _MACROS.get(type(node)):
        name, keys = known
        return _call(f"_account_array_{name}", *(node.args[key] for key in keys))
    if isinstance(node, exp.ArrayFilter | exp.Transform | exp.Reduce):
        _define_elements(node.args["merge" if isinstance(node, exp.Reduce) else "expression"])
    if isinstance(node, exp.ArrayFilter):
        return _call("to_json", _call("list_filter", _list(node.this), node.expression))
    if isinstance(node, exp.Transform):
        node.expression.set("this", _call("_account_element", node.expression.this))
        return _call("to_json", _call("list_transform", _list(node.this), node.expression))
    if isinstance(node, exp.Reduce):
        return _reduced(node)
    if isinstance(node, exp.SortArray):
        rises = node.args.get("asc") or exp.true()
        first = node.args.get("nulls_first") or exp.Not(this=rises.copy())
        return _call("_account_array_sort", node.this, rises, first)
    if isinstance(node, exp.Array):
        # Snowflake's arrays hold values of any type.
        return _call("json_array", *map(_present, node.expressions))
    if isinstance(node, exp.ArrayConstructCompact):
        values = [exp.cast(_call("to_json", each), "VARCHAR") for each in node.expressions]
        return _call("_account_array_of_texts", _call("list_value", *values))
    if isinstance(node, exp.ArrayConcat):
        lists = [_call("_account_list", each) for each in (node.this, *node.expressions)]
        return _call("to_json", *lists[:1]) if len(lists) == 1 else _joined(lists)
    if isinstance(node, exp.ArrayIntersect):
        return _call("_account_array_intersection", *node.expressions)
    if isinstance(node, exp.ArrayOverlaps):
        return _call("_account_array_overlap", node.this, node.expression)
    if isinstance(node, exp.ArraysZip):
        made = _call("list_value", *node.expressions)
        missing = [exp.Is(this=each.copy(), expression=exp.Null()) for each in node.expressions]
        return exp.Case(
            ifs=[exp.If(this=exp.or_(*missing), true=exp.Null())],
            default=_call("_account_array_zip", made),
        )
    if isinstance(node, exp.GenerateSeries) and node.args.get("is_end_exclusive"):
        step = node.args.get("step") or exp.Literal.number(1)
        return _call("_account_array_range", node.args["start"], node.args["end"], step)
    if isinstance(node, exp.JSONKeys):
        return _call("to_json", _call("list_sort", _call("json_keys", node.this)))
    if isinstance(node, exp.StrtokToArray) or (
        isinstance(node, exp.ArgMax | exp.ArgMin) and node.args.get("count")
    ):
        return _wrapped(node)
    return node


def _define_elements(function: Expr) -> None:
    """A NULL among the elements is one to the lambda."""
    for column in list(function.find_all(exp.Column)):
        if ARGUMENT in column.meta:
            column.replace(_call("_account_defined", column.copy()))


def _present(value: Expr) -> Expr:
    """A value as an array holds it."""
    return value if isinstance(value, _NEVER_NULL) else _call("_account_element", value)


def _list(value: Expr) -> Expr:
    return _call("_account_list", value)


def _reduced(node: exp.Reduce) -> Expr:
    """REDUCE has the type of its initial value.

    https://docs.snowflake.com/en/sql-reference/functions/reduce
    """
    initial, merge = node.args["initial"], node.args["merge"]
    kind = initial.type.this if initial.type else None
    merge.set("this", _call("to_json", merge.this))
    made = _call("list_reduce", _list(node.this), merge, _call("to_json", initial))
    text = _call("_account_json_text", made, exp.Literal.string("$"))
    if kind in exp.DataType.INTEGER_TYPES:
        return exp.cast(_call("_account_whole", text), "DECIMAL(38, 0)", dialect="duckdb")
    if kind in exp.DataType.NUMERIC_TYPES:
        return exp.cast(text, "DOUBLE", dialect="duckdb")
    return text if kind in TEXT_TYPES else made


def _joined(lists: Sequence[Expr]) -> Expr:
    whole = lists[0]
    for each in lists[1:]:
        whole = exp.DPipe(this=whole, expression=each, safe=True)
    return _call("to_json", exp.paren(whole))


def _wrapped(node: Expr) -> Expr:
    """to_json of a node that stays one."""
    if isinstance(node.parent, exp.Anonymous) and node.parent.name == "to_json":
        return node
    return exp.Anonymous(this="to_json", expressions=[node.copy()])


def casts(node: Expr) -> Expr:
    """x::VARIANT is x, a text too; x::ARRAY is an array of x, unless x is one.

    https://docs.snowflake.com/en/sql-reference/functions/to_array
    """
    if not isinstance(node, exp.Cast) or isinstance(node, exp.TryCast):
        return node
    kind = node.to.this
    if node.to.expressions and kind in _CASTS:
        raise errors.unsupported(f"the type {node.to.sql(dialect='snowflake')}")
    return _call(_CASTS[kind], node.this) if kind in _CASTS else node


_CASTS = {
    exp.DataType.Type.VARIANT: "to_json",
    exp.DataType.Type.ARRAY: "_account_array_of",
    exp.DataType.Type.OBJECT: "_account_object_of",
}


def _call(name: str, *arguments: Expr) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=list(arguments))
