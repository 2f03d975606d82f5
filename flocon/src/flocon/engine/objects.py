"""Objects, and what a VARIANT holds: OBJECT_…, GET, IS_… and AS_…, over JSON.

https://docs.snowflake.com/en/sql-reference/functions-semistructured
"""

import json
from collections.abc import Callable

from fakesnow.transforms import transforms as fs
from sqlglot import Expr, exp

from flocon.core import errors
from flocon.core.timestamp_tz import ENGINE_TYPE
from flocon.engine import functions as engine_functions
from flocon.engine import inner_kinds
from flocon.engine.argument_types import BECOME_VARIANTS
from flocon.engine.expression_types import MIXED, held
from flocon.engine.marked_names import BEGIN, PATTERN

MACROS = (
    # Of an object whose keys are known when they are there.
    "_account_unlike_keys(x) AS CASE WHEN len(json_keys(x)) > list_unique(json_keys(x))"
    " THEN CAST(error('Duplicate field key ''' || list_filter(json_keys(x),"
    " lambda k, i: list_position(json_keys(x), k) < i)[1] || '''') AS JSON) ELSE x END",
    "_account_unlike_keys_once(x) AS"
    " list_transform([x], lambda each: _account_unlike_keys(each))[1]",
    # What an object holds, as JSON is written between its braces; '' where it is empty.
    "_account_members(o) AS CASE WHEN len(json_keys(o)) > 0"
    " THEN substr(CAST(json_extract(o, '$') AS VARCHAR), 2, length(CAST(json_extract(o, '$')"
    " AS VARCHAR)) - 2) ELSE '' END",
    "_account_at(o, k) AS json_extract(o, '$.\"' || replace(k, '\"', '\\\"') || '\"')",
    "_account_object_with(o, ks) AS CAST('{{' || array_to_string(list_transform(ks, lambda k:"
    " CAST(to_json(k) AS VARCHAR) || ':' || CAST(_account_at(o, k) AS VARCHAR)), ',') || '}}'"
    " AS JSON)",
    "_account_deleted(o, ks) AS CASE WHEN json_type(o) = 'OBJECT' THEN"
    " _account_object_with(o, list_filter(json_keys(o), lambda k: NOT list_contains(ks, k))) END",
    "_account_picked(o, ks) AS CASE WHEN json_type(o) = 'OBJECT' THEN"
    " _account_object_with(o, list_filter(list_distinct(ks), lambda k:"
    " list_contains(json_keys(o), k))) END",
    "_account_of_arrays(ks, vs) AS CASE WHEN ks IS NULL OR vs IS NULL THEN NULL"
    " WHEN json_array_length(ks) <> json_array_length(vs) THEN CAST(error("
    "'Key array and value array had unequal lengths in ARRAYS_TO_OBJECT') AS JSON)"
    " WHEN len(list_filter(_account_list(ks), lambda k: NOT _account_is_missing(k)"
    " AND json_type(k) <> 'VARCHAR')) > 0 THEN CAST(error("
    "'Key supplied for ARRAYS_TO_OBJECT does not have string type') AS JSON)"
    " ELSE CAST('{{' || array_to_string(list_transform(list_filter("
    "range(CAST(json_array_length(ks) AS BIGINT)),"
    " lambda i: NOT _account_is_missing(json_extract(ks, '$[' || i || ']'))), lambda i:"
    " CAST(to_json(json_extract_string(ks, '$[' || i || ']')) AS VARCHAR) || ':' || coalesce("
    "CAST(_account_element_at(vs, '$[' || i || ']') AS VARCHAR), 'null')), ',') || '}}' AS JSON)"
    " END",
    # A lambda takes no subquery, which OBJECT_CONSTRUCT may be: it gets the value by a list.
    "_account_object_delete(o, ks) AS list_transform([struct_pack(o := to_json(o), ks := ks)],"
    " lambda x: _account_deleted(x.o, x.ks))[1]",
    "_account_object_pick(o, ks) AS list_transform([struct_pack(o := to_json(o), ks := ks)],"
    " lambda x: _account_picked(x.o, x.ks))[1]",
    "_account_object_of_arrays(ks, vs) AS list_transform([struct_pack(ks := ks, vs := vs)],"
    " lambda x: _account_of_arrays(x.ks, x.vs))[1]",
    "_account_object_add(o, k, v) AS CASE WHEN o IS NULL OR k IS NULL THEN NULL"
    " WHEN v IS NULL THEN o ELSE CAST('{{' || _account_members(o)"
    " || CASE WHEN len(json_keys(o)) > 0 THEN ',' ELSE '' END || CAST(to_json(k) AS VARCHAR)"
    " || ':' || CAST(to_json(v) AS VARCHAR) || '}}' AS JSON) END",
    "_account_object_insert(o, k, v) AS CASE WHEN list_contains(json_keys(o), k)"
    " THEN CAST(error('Duplicate field key ''' || k || '''') AS JSON)"
    " ELSE _account_object_add(o, k, v) END",
    "_account_object_update(o, k, v) AS _account_object_add(_account_object_delete(o, [k]), k, v)",
    # A member by its name, or an element by its place. The engine counts negative ones, too.
    "_account_get(v, k) AS CASE json_type(v) WHEN 'OBJECT' THEN _account_at(v, CAST(k AS VARCHAR))"
    " WHEN 'ARRAY' THEN CASE WHEN TRY_CAST(k AS BIGINT) >= 0"
    " THEN _account_element_at(v, '$[' || TRY_CAST(k AS BIGINT) || ']') END END",
    "_account_get_ignore_case(v, k) AS CASE WHEN json_type(v) = 'OBJECT' THEN"
    " CASE WHEN list_contains(json_keys(v), k) THEN _account_at(v, k) ELSE _account_at(v,"
    " list_filter(json_keys(v), lambda each: lower(each) = lower(k))[1]) END END",
    "_account_get_path(v, p) AS _account_element_at(v, '$' || CASE"
    " WHEN prefix(p, '[') OR p = '' THEN p ELSE '.' || p END)",
    "_account_is_kind(v, kinds) AS CASE WHEN v IS NOT NULL"
    " THEN list_contains(kinds, _account_typeof_at(to_json(v), '$')) END",
    # Of all columns: the keys are their names.
    f"_account_object_of_row(o) AS CASE WHEN contains(CAST(o AS VARCHAR), '{BEGIN}') THEN"
    f" CAST(regexp_replace(CAST(o AS VARCHAR), '{PATTERN}(\":)', '\\1', 'g') AS JSON) ELSE o END",
    # NULL; the value is read for it.
    "_account_nothing(v) AS CASE WHEN json_type(to_json(v)) = '' THEN '' END",
    *inner_kinds.MACROS,
    "_account_when(v, kinds) AS CASE WHEN list_contains(kinds,"
    " _account_typeof_at(to_json(v), '$')) THEN to_json(v) END",
)

_WHOLE = ("INTEGER",)
_DECIMAL = (*_WHOLE, "DECIMAL")
_NUMBER = (*_DECIMAL, "DOUBLE")
# What TYPEOF says of what these functions ask for, and the type that AS_… answers.
_KINDS: dict[str, tuple[tuple[str, ...], str | None]] = {
    "ARRAY": (("ARRAY",), None),
    "OBJECT": (("OBJECT",), None),
    "INTEGER": (_WHOLE, "DECIMAL(38, 0)"),
    "DECIMAL": (_DECIMAL, "DECIMAL(38, 0)"),
    "NUMBER": (_DECIMAL, "DECIMAL(38, 0)"),
    "DOUBLE": (_NUMBER, "DOUBLE"),
    "REAL": (_NUMBER, "DOUBLE"),
    "BOOLEAN": (("BOOLEAN",), "BOOLEAN"),
    "VARCHAR": (("VARCHAR",), "VARCHAR"),
    "CHAR": (("VARCHAR",), "VARCHAR"),
}
# What a VARIANT may be made of that its JSON tells.
TOLD = ("BOOLEAN", "NUMBER", "VARCHAR")
# JSON has no values of these types: they are texts there.
_TEXTS_IN_JSON = {
    "BINARY", "DATE", "DATE_VALUE", "TIME", "TIMESTAMP_LTZ", "TIMESTAMP_NTZ", "TIMESTAMP_TZ",
}  # fmt: skip


_OF_ROWS = {
    "_FS_OBJECT_CONSTRUCT_STAR": "_account_object_of_values",
    "TO_JSON": "_account_object_of_values_and_nulls",
}


def call(name: str, *arguments: Expr) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=list(arguments))


def texts(*values: str) -> exp.Anonymous:
    """A list of DuckDB's."""
    return call("list_value", *map(exp.Literal.string, values))


def functions(node: Expr) -> Expr:
    """The functions of objects and VARIANTs, over JSON."""
    if isinstance(node, exp.Anonymous):
        name = node.name.upper()
        if made := _BY_NAME.get(name):
            return made(node)
        asks = name.startswith(("IS_", "AS_")) and name[3:] in (*_KINDS, *_TEXTS_IN_JSON)
        return _asked(node, name) if asks else node
    if isinstance(node, exp.IsNullValue):
        _check_is_variant(node, "IS_NULL_VALUE")
    if isinstance(node, exp.IsArray):
        _check_is_variant(node, "IS_ARRAY")
        return call("_account_is_kind", node.this, texts("ARRAY"))
    if isinstance(node, exp.GetExtract):
        return call("_account_get", node.this, node.expression)
    if isinstance(node, exp.GetIgnoreCase):
        return call("_account_get_ignore_case", node.this, node.expression)
    if isinstance(node, exp.ObjectInsert):
        flag = node.args.get("update_flag") or exp.false()
        given = (node.this, node.args["key"], node.args["value"])
        updated, inserted = (
            call(f"_account_object_{how}", *(each.copy() for each in given))
            for how in ("update", "insert")
        )
        if isinstance(flag, exp.Boolean):
            return updated if flag.this else inserted
        return exp.Case(ifs=[exp.If(this=flag, true=updated)], default=inserted)
    return node


def _asked(node: exp.Anonymous, name: str) -> Expr:
    """IS_… and AS_…"""
    _check_is_variant(node, name)
    holds = held(node.expressions[0])
    if holds and holds != MIXED and (holds not in TOLD or name[3:] in _TEXTS_IN_JSON):
        return _of_held(node, name, holds)
    inside = node.meta.get(inner_kinds.INSIDE, inner_kinds.NONE)
    if name[3:] in _TEXTS_IN_JSON:
        inside &= {_WITHOUT_ZONES.get(name[3:], name[3:])}
    if inside and holds not in TOLD:
        form = exp.Literal.string(inner_kinds.form(inside))
        if name[3:] in _KINDS:
            how = "text" if name.startswith("AS_") else "is_text"
            return call(f"_account_{how}_apart", call("to_json", node.expressions[0]), form)
        node.set("expressions", [call("_account_told", node.expressions[0], form)])
    return _of_kind(node, name) if name[3:] in _KINDS else _of_held(node, name, "")


_WITHOUT_ZONES = {
    "DATE_VALUE": "DATE", "TIMESTAMP_LTZ": "TIMESTAMP", "TIMESTAMP_NTZ": "TIMESTAMP",
    "TIMESTAMP_TZ": "TIMESTAMP",
}  # fmt: skip


def constructed(node: Expr) -> Expr:
    """OBJECT_CONSTRUCT and OBJECT_CONSTRUCT_KEEP_NULL, and {*}, which is the first of all columns.

    https://docs.snowflake.com/en/sql-reference/data-types-semistructured#object-constants
    """
    if not isinstance(node, exp.JSONObject | exp.StarMap | exp.Struct):
        return node
    _check_keys(node)
    [only] = node.expressions[:1] or [node.this]
    star = only.this if isinstance(only, exp.Column) else only
    if isinstance(node, exp.Struct) and not isinstance(star, exp.Star):
        for member in node.expressions:
            if not isinstance(member, exp.PropertyEQ):
                text = f"syntax error: an object's member without a key: {member.sql('snowflake')}"
                raise errors.compilation(errors.SYNTAX, text[:200])
    if not isinstance(star, exp.Star):
        made = _object(node)
        once = "" if node.find_ancestor(exp.Having) else "_once"
        return call(f"_account_unlike_keys{once}", made) if _has_unknown_key(node) else made
    if any(star.args.get(key) for key in ("ilike", "replace", "rename")):
        raise errors.unsupported("an object of * ILIKE, REPLACE or RENAME")
    if star.args.get("except_") or star is not only:
        columns = f"*COLUMNS({only.sql(dialect='duckdb', identify=True)})"
        row = call("struct_pack", exp.var(columns))
        name = "TO_JSON" if isinstance(node, exp.JSONObject) else "_FS_OBJECT_CONSTRUCT_STAR"
        return call("_account_object_of_row", call(_OF_ROWS[name], row))
    made = fs.object_construct(exp.StarMap(this=only) if isinstance(node, exp.Struct) else node)
    return call("_account_object_of_row", call(_OF_ROWS[made.name], *made.expressions))


def _object(node: Expr) -> Expr:
    """An object of its pairs, as JSON is written: without a query, which aggregates could not stand
    in, and without a lambda, which a HAVING does not take. A pair whose key is NULL is left out.

    https://docs.snowflake.com/en/sql-reference/functions/object_construct
    """
    keeps_nulls = isinstance(node, exp.JSONObject)
    members: list[Expr] = []
    for pair in node.expressions:
        key = pair.this
        value: Expr = call("_account_raw", call("to_json", pair.expression))
        if keeps_nulls:
            value = exp.Coalesce(this=value, expressions=[exp.Literal.string("null")])
        if _is_written(key):
            name: Expr = exp.Literal.string(f",{json.dumps(key.name, ensure_ascii=False)}:")
        else:
            text = engine_functions.as_text(key) or exp.cast(key, "VARCHAR", dialect="duckdb")
            name = _joined(exp.Literal.string(","), call("_account_raw", call("to_json", text)))
            name = _joined(name, exp.Literal.string(":"))
        members.append(_joined(name, value))
    # It leaves NULLs out, and a long object is not nested.
    joined = call("concat", exp.Literal.string(""), *members)
    inner = call("substr", joined, exp.Literal.number(2))
    whole = call("concat", exp.Literal.string("{"), inner, exp.Literal.string("}"))
    return call("_account_as_json", whole)


def _joined(one: Expr, other: Expr) -> Expr:
    return exp.paren(exp.DPipe(this=one, expression=other, safe=True))


def _is_written(key: Expr) -> bool:
    return isinstance(key, exp.Identifier) or bool(key.is_string)


def _has_unknown_key(node: Expr) -> bool:
    """May two of its keys be equal that are not written?"""
    return len(node.expressions) > 1 and not all(_is_written(p.this) for p in node.expressions)


def _check_keys(node: Expr) -> None:
    """Raises 100079 for a key that is written twice, unless its value is left out."""
    keeps_nulls = isinstance(node, exp.JSONObject)
    keys = [
        pair.this.name
        for pair in node.expressions
        if isinstance(pair, exp.PropertyEQ | exp.JSONKeyValue)
        if keeps_nulls or not isinstance(pair.expression, exp.Null)
        if _is_written(pair.this)
    ]
    for key in keys if len(set(keys)) < len(keys) else ():
        if keys.count(key) > 1:
            raise errors.SnowflakeError(errors.DUPLICATE_KEY, f"Duplicate field key '{key}'")


def _check_is_variant(node: Expr, name: str) -> None:
    """Raises 001044 for what is known to be no VARIANT and not to become one without a cast.

    https://docs.snowflake.com/en/sql-reference/functions/is_char-varchar
    """
    value = node.expressions[0] if isinstance(node, exp.Anonymous) else node.this
    kind = value.type
    if kind is not None and kind.this not in BECOME_VARIANTS:
        text = f"Invalid argument types for function '{name}': ({kind.sql('snowflake')})"
        raise errors.compilation(errors.INVALID_ARGUMENTS, text)


def _of_held(node: exp.Anonymous, name: str, holds: str) -> Expr:
    """IS_… and AS_… of a VARIANT that is known to hold a value of a type, or not to hold one of
    those that JSON has as texts."""
    asked = _SAME_KINDS.get(name[3:], name[3:])
    value, is_it = node.expressions[0], asked == holds
    if name.startswith("IS_"):
        answer = exp.If(this=exp.Is(this=value, expression=exp.Null()), true=exp.Null())
        return exp.Case(ifs=[answer], default=exp.Boolean(this=is_it))
    kind = _ANSWERED.get(asked, asked)
    if not is_it:
        return exp.cast(call("_account_nothing", value), kind, dialect="duckdb")
    if holds.startswith("TIMESTAMP"):
        value = call("_account_with_all_digits", value)
    text = call("_account_json_text", value, exp.Literal.string("$"))
    if kind == ENGINE_TYPE:
        once = "" if node.find_ancestor(exp.Having) else "_once"
        return call(f"_account_read_zoned{once}", text)
    if kind == "TIMESTAMPLTZ":
        # The engine wants the offset as +00:00.
        parts = map(exp.Literal.string, (r" ([+-][0-9]{2})([0-9]{2})$", r"\1:\2"))
        text = call("regexp_replace", text, *parts)
    return call("unhex", text) if holds == "BINARY" else exp.cast(text, kind, dialect="duckdb")


_SAME_KINDS = {"DATE_VALUE": "DATE", "REAL": "DOUBLE"}
_ANSWERED = {
    "ARRAY": "JSON", "BINARY": "BLOB", "CHAR": "VARCHAR", "DECIMAL": "DECIMAL(38, 0)",
    "INTEGER": "DECIMAL(38, 0)", "NUMBER": "DECIMAL(38, 0)", "OBJECT": "JSON",
    "TIMESTAMP_LTZ": "TIMESTAMPLTZ", "TIMESTAMP_NTZ": "TIMESTAMP", "TIMESTAMP_TZ": ENGINE_TYPE,
}  # fmt: skip


def _of_kind(node: exp.Anonymous, name: str) -> Expr:
    kinds, kind = _KINDS[name[3:]]
    if name.startswith("IS_"):
        return call("_account_is_kind", node.expressions[0], texts(*kinds))
    # AS_INTEGER rounds a number that has decimals; IS_INTEGER says no of it.
    given = _DECIMAL if kinds is _WHOLE else kinds
    value = call("_account_when", node.expressions[0], texts(*given))
    if kind is None:
        return value
    if len(node.expressions) > 1:
        size = [each.sql() for each in node.expressions[1:]]
        kind = f"DECIMAL({', '.join([*size, '0'][:2])})"
    read = "_account_json_text" if kind in ("BOOLEAN", "VARCHAR") else "_account_json_digits"
    text = call(read, value, exp.Literal.string("$"))
    return text if kind == "VARCHAR" else exp.cast(text, kind, dialect="duckdb")


def _keys(name: str) -> Callable[[exp.Anonymous], Expr]:
    """A function of an object and of keys, each an argument or all of them in one array."""

    def made(node: exp.Anonymous) -> Expr:
        value, *keys = node.expressions
        if len(keys) == 1 and isinstance(keys[0], exp.Array | exp.ToArray):
            given: Expr = call("_account_texts", keys[0])
        else:
            given = call("list_value", *keys)
        return call(name, value, given)

    return made


_BY_NAME: dict[str, Callable[[exp.Anonymous], Expr]] = {
    "OBJECT_DELETE": _keys("_account_object_delete"),
    "OBJECT_PICK": _keys("_account_object_pick"),
    "ARRAYS_TO_OBJECT": lambda node: call("_account_object_of_arrays", *node.expressions),
    "TO_OBJECT": lambda node: call("_account_object_of", *node.expressions),
    "GET_PATH": lambda node: call("_account_get_path", *node.expressions),
}
