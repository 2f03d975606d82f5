"""FLATTEN(PARSE_JSON(?)) of an array, as loaders bind their rows: read in one pass.

The general way parses the array several times and each element once more. Where a query asks for
nothing but fields of the elements (f.VALUE:name), the array is parsed once into these fields. That
a bind's text is an array is known only when it is bound: everything else goes the general way.

Most arrays have no numbers but short whole ones, and then a field's text is what the parser says:
the statement is planned in a third of the time without what is there for all other numbers.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import Expr, exp

from flocon.core.duplicate_keys import has_none

# In the meta of a call of FLATTEN's macro: the bind whose text it reads.
BIND = "bind"
# A call of FLATTEN's macro, and of the readings of a VARIANT by a path.
_FLATTEN = "_account_flatten"
_TEXT, _KIND, _VALUE = "_account_json_text", "_account_typeof_at", "json_extract"
_DIGITS = "_account_json_digits"
_ARRAY = re.compile(r"[ \t\r\n]*\[")
_FIELD = re.compile(r'\$\."([A-Za-z_][A-Za-z0-9_]*)"(.*)', re.DOTALL)
# What a query with one source may not have besides it.
_BESIDES = ("joins", "laterals", "pivots", "windows", "sample")
# A number that may come out as another text than it went in: it has a fraction, an exponent or many
# digits, or is none; and a truth, which becomes a number as no text does. It stands behind a key's
# closing quote, which no backslash escapes, and its colon; or among an array's elements. In a text
# may be what looks like one. For RE2, which reads megabytes in milliseconds.
_NUMBER = r"\s*-?([0-9]+[.eE]|[0-9]{17})"
_OTHER_NUMBER = (
    rf'(^|[^\\])(\\\\)*"\s*:({_NUMBER}|\s*(true|false))|[,\[]{_NUMBER}|,\s*\]|undefined'
    r"|[:,\[]\s*[-+]?(?i:nan|inf|infinity)\s*[,}\]]"
)
# Elements that are NULL, which FLATTEN leaves out.
_NULL = r"undefined|[,\[]\s*[,\]]"


class BoundArray(NamedTuple):
    """A bind whose text can be nothing but a JSON array. plain: all its numbers are whole ones of
    at most 16 digits."""

    name: str
    plain: bool


def arrays(binds: Mapping[str, Any]) -> tuple[BoundArray, ...]:
    """The binds that are arrays, without a key that an object has twice and without a NULL."""
    return tuple(
        BoundArray(name, plain)
        for name, value in binds.items()
        if isinstance(value, str) and _ARRAY.match(value) and has_none(value)
        if (plain := _has_no(_OTHER_NUMBER, value)) or _has_no(_NULL, value)
    )


def _has_no(pattern: str, text: str) -> bool:
    try:
        return not pc.match_substring_regex(pa.scalar(text), pattern).as_py()
    except UnicodeEncodeError:
        return False


def read_in_one_pass(tree: Expr, known: tuple[BoundArray, ...]) -> Expr:
    """The tree with these arrays read in one pass, where that says the same."""
    plain = {array.name: array.plain for array in known}
    for select in list(tree.find_all(exp.Select)) if known else ():
        if (source := _source(select)) is not None and source.this.meta[BIND] in plain:
            _rewrite(select, source, plain=plain[source.this.meta[BIND]])
    return tree


def _source(select: exp.Select) -> exp.Table | None:
    """The FLATTEN that is all that a query reads."""
    from_ = select.args.get("from_")
    source = from_.this if from_ is not None else None
    if not isinstance(source, exp.Table) or BIND not in source.this.meta or select.is_star:
        return None
    if source.this.name != _FLATTEN or not source.alias or source.alias_column_names:
        return None
    both = (select, source)
    return None if any(node.args.get(key) for node in both for key in _BESIDES) else source


def _rewrite(select: exp.Select, source: exp.Table, *, plain: bool) -> None:
    readings = _readings(select, source)
    if not readings:
        return
    fields = list(dict.fromkeys(name for _, name, _ in readings))
    if len({name.lower() for name in fields}) < len(fields):
        return  # the names of a STRUCT's fields do not tell cases apart
    whole = {name for call, name, _ in readings if call.name not in (_TEXT, _DIGITS)}
    texts = set(fields) - whole - {name for _, name, rest in readings if rest} if plain else set()
    for call, name, rest in readings:
        field = exp.column(exp.to_identifier(name, quoted=True), table=_quoted(source.alias))
        read = _of_text if name in texts else _reading
        call.replace(read(call.name, field, rest))
    alias = exp.TableAlias(this=_quoted(source.alias))
    rows = _rows(source.this.meta[BIND], fields, whole, texts, plain=plain)
    source.replace(exp.Subquery(this=rows, alias=alias))


def _readings(select: exp.Select, source: exp.Table) -> list[tuple[exp.Anonymous, str, str]]:
    """Each reading of an element with the field and the path below it; [] where the query asks for
    anything else that FLATTEN answers."""
    found = []
    for part in select.iter_expressions():
        for node in () if isinstance(part, exp.From) else part.walk():
            if isinstance(node, exp.Query):
                return []
            if isinstance(node, exp.Column):
                reading = _of_field(node, source.alias)
                if reading is None:
                    return []
                found.append(reading)
    return found


def _of_field(column: exp.Column, alias: str) -> tuple[exp.Anonymous, str, str] | None:
    call = column.parent
    if column.table != alias or column.name != "VALUE" or not isinstance(call, exp.Anonymous):
        return None
    if call.name not in (_TEXT, _DIGITS, _KIND, _VALUE) or call.expressions[0] is not column:
        return None
    path = call.expressions[1]
    match = _FIELD.fullmatch(path.name) if path.is_string else None
    return (call, match[1], match[2]) if match else None


def _of_text(function: str, field: Expr, rest: str) -> Expr:
    """The same of one that is read as a text."""
    if function == _DIGITS:
        return exp.Anonymous(this="_account_digits_alone", expressions=[field])
    return field


def _reading(function: str, field: Expr, rest: str) -> Expr:
    """What a reading of the element says of the field itself."""
    if not rest and function == _TEXT:
        return exp.Anonymous(this="_account_own_text", expressions=[field])
    if not rest and function == _VALUE:
        return field
    return exp.Anonymous(this=function, expressions=[field, exp.Literal.string(f"${rest}")])


def _rows(
    bind: str, fields: list[str], whole: set[str], texts: set[str], *, plain: bool
) -> exp.Select:
    """The elements' fields, those of `texts` as texts. A field that is missing and one that is null
    come out of the pass alike; where that matters and there are such, the elements tell.

    The bind is a column first: a bind itself is a constant, and DuckDB would compute the array
    while it plans, value by value.
    """
    named = {name: f'"{name}"' for name in fields}
    columns = [
        f"CASE WHEN e.{quoted} IS NULL THEN v -> '$.{name}' ELSE e.{quoted} END AS {quoted}"
        if name in whole
        else f"e.{quoted} AS {quoted}"
        for name, quoted in named.items()
    ]
    text = f"SELECT ${bind} AS t"
    if not plain:
        # Its numbers may be such as the engine's JSON does not tell.
        marked = "CASE WHEN _account_has_marks(t) THEN _account_marked(t) ELSE t END"
        text = f"SELECT {marked} AS t FROM ({text})"
    structure = json.dumps([{name: "VARCHAR" if name in texts else "JSON" for name in fields}])
    parsed = _parsed(structure)
    if whole:
        unsure = " OR ".join(f"(x.{named[name]}) IS NULL" for name in sorted(whole))
        elements = (
            "SELECT unnest(a) AS e, unnest(b) AS v FROM"
            f" (SELECT a, CASE WHEN list_bool_or(list_transform(a, lambda x: {unsure}))"
            f" THEN {_parsed(_ANY)} END AS b FROM"
            f" (SELECT t, {parsed} AS a FROM ({text})))"
        )
    else:
        elements = f"SELECT unnest({parsed}) AS e FROM ({text})"
    sql = f"SELECT {', '.join(columns)} FROM ({elements})"
    rows: Expr = exp.maybe_parse(sql, dialect="duckdb")
    assert isinstance(rows, exp.Select)
    return rows


_ANY = '["JSON"]'


def _parsed(structure: str) -> str:
    """The text's elements, where it is JSON and where only Snowflake takes it for JSON."""
    as_it_is, as_read = (
        f"from_json({text}, '{structure}')" for text in ("t", "_account_strict(t)")
    )
    return f"coalesce(try({as_it_is}), {as_read})"


def _quoted(name: str) -> exp.Identifier:
    return exp.to_identifier(name, quoted=True)
