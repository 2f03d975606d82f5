"""What a value becomes in a column of the target: a number and a BOOLEAN are a VARIANT's value, a
text is none, and is a BINARY's hexadecimal digits. A VARIANT's text has no quotes in a VARCHAR. A
TIMESTAMP(n) has as many digits of a second as its column, and no text is longer than its column
lets it be.

https://docs.snowflake.com/en/sql-reference/data-type-conversion
"""

import re
from collections.abc import Collection, Mapping, Sequence

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.core.timestamp_tz import ENGINE_TYPE
from flocon.engine import (
    conversions,
    datetime_formats,
    inner_kinds,
    lengths,
    moments,
    nanoseconds,
    offsets,
    variants_beside,
    writable_types,
)
from flocon.engine.texts import is_text
from flocon.engine.types import TEXT_TYPES, Columns, declared_as

# Types of values, None where they are not known.
Kinds = Sequence[exp.DataType | None]
# What makes a VARIANT one of these.
STRUCTURED = {"ARRAY": "_account_array_of", "OBJECT": "_account_object_of"}
VARIANT = "VARIANT"
# Their columns have their names beside their types, for what is said of a value of another type.
_NAMED = (*STRUCTURED, VARIANT)
# In the meta of a value that COPY INTO reads from a file: it is a VARIANT, whatever the engine has.
LOADED = "loaded"
# And what may be inside of the VARIANTs of its file.
HELD = "held"
# In that of a value of a CREATE TABLE (…) AS: it is cast to its column's type.
SHAPED = "shaped"
_CONVERTED = ("BLOB", ENGINE_TYPE)
# The engine reads 1_000 as a number.
NUMBERS = ("DECIMAL", "BIGINT", "DOUBLE", "HUGEINT", "INTEGER", "FLOAT", "SMALLINT", "TINYINT")
# Dates and times that a text is read as, in any of the forms that AUTO recognizes.
_MOMENTS = {
    "DATE": "DATE",
    "TIME": "TIME",
    "TIMESTAMP": "TIMESTAMP_NTZ",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_LTZ",
}
# What has another text than the engine gives it.
_TEXTS_APART = {*exp.DataType.TEMPORAL_TYPES, *exp.DataType.FLOAT_TYPES}
_BINARY = (exp.DType.BINARY, exp.DType.VARBINARY)
_VARIANT = (exp.DataType.Type.VARIANT, exp.DataType.Type.JSON)
# What no VARIANT is made of without a cast.
_NO_VARIANTS = {*TEXT_TYPES, *exp.DataType.TEMPORAL_TYPES, *_BINARY}
_MADE = (exp.ParseJSON, exp.Array, exp.Struct, exp.JSONObject, exp.ToVariant, exp.ToArray)


def convert(tree: Expr, columns: Columns, made: Kinds = ()) -> None:
    """Let the values of an INSERT, UPDATE or MERGE be what its target's columns hold, and those of
    a CREATE TABLE (…) AS what its VARIANTs do.

    columns: a table's columns and their DuckDB types, with the digits of a second that a column
    keeps, TIMESTAMP(3), and the length of its values, VARCHAR(5); or ARRAY, OBJECT and VARIANT,
    with the name of the column. made: the types of an INSERT's query, as far as they are known.
    """
    if isinstance(tree, exp.Create | exp.Insert) and isinstance(tree.expression, exp.Select):
        for value in tree.expression.expressions:
            if SHAPED in value.meta:
                writable_types.check_cast(value.this)
    if isinstance(tree, exp.Insert):
        _convert_insert(tree, columns, made)
    elif isinstance(tree, exp.Update) and isinstance(tree.this, exp.Table):
        _convert_assignments(tree, dict(columns(tree.this)))
    elif isinstance(tree, exp.Merge) and isinstance(tree.this, exp.Table):
        found = columns(tree.this)
        for when in tree.args["whens"].expressions:
            then = when.args["then"]
            if isinstance(then, exp.Update):
                _convert_assignments(then, dict(found))
            elif isinstance(then, exp.Insert) and isinstance(then.expression, exp.Tuple):
                named = [each.name for each in then.this.expressions] if then.this else []
                kinds = [dict(found).get(name, "") for name in named or dict(found)]
                _check_row(then.expression, named or list(dict(found)), kinds)
                _convert_row(then.expression, kinds)
    elif isinstance(tree, exp.Create):
        for value in tree.expression.selects if isinstance(tree.expression, exp.Query) else ():
            if isinstance(value, exp.Alias) and VARIANT in value.meta:
                value.set("this", _variant(value.this, value.alias))


def _convert_assignments(update: exp.Update, kinds: Mapping[str, str]) -> None:
    for assignment in update.expressions:
        kind = kinds.get(assignment.this.name, "")
        writable_types.check(assignment.expression, assignment.this.name, kind)
        value = _stored(assignment.expression, kind)
        if kind.startswith(ENGINE_TYPE) and not isinstance(value, exp.Null | exp.Var):
            value = exp.Anonymous(this=offsets.STRETCHED, expressions=[value])
        assignment.set("expression", value)


def _convert_row(row: Expr, kinds: Sequence[str]) -> None:
    if isinstance(row, exp.Tuple) and len(row.expressions) == len(kinds):
        row.set("expressions", list(map(_stored, row.expressions, kinds)))


def _check_row(row: Expr, names: Sequence[str], kinds: Sequence[str]) -> None:
    values = row.expressions if isinstance(row, exp.Tuple) else [row]
    for value, name, kind in zip(values, names, kinds, strict=False):
        # What there may be many of.
        if not isinstance(value, exp.Literal) or kind not in (*NUMBERS, "VARCHAR"):
            writable_types.check(value, name, kind)


def _check_query(rows: Expr, names: Sequence[str], kinds: Sequence[str], made: Kinds) -> None:
    """Each query of a UNION makes the values."""
    bare = rows.unnest()
    if isinstance(bare, exp.SetOperation) and not bare.args.get("by_name"):
        for side in (bare.this, bare.expression):
            _check_query(side, names, kinds, ())
        return
    values = bare.expressions if isinstance(bare, exp.Select) and not bare.is_star else ()
    if len(values) == len(kinds):
        for value, name, kind in zip(values, names, kinds, strict=True):
            writable_types.check(value.unalias(), name, kind)
        return
    for told, name, kind in zip(made, names, kinds, strict=False):
        writable_types.refuse(told, name, kind)


def _convert_insert(tree: exp.Insert, columns: Columns, made: Kinds) -> None:
    target, named = tree.this, None
    if isinstance(target, exp.Schema):
        target, named = target.this, [column.name for column in target.expressions]
    if not isinstance(target, exp.Table):
        return
    found = columns(target)
    names = named or [name for name, _ in found]
    for name in named or ():
        if found and name not in dict(found):
            raise errors.unknown_column(exp.to_identifier(name).sql(dialect="snowflake"))
    kinds = [dict(found).get(name, "") for name in names]
    rows = tree.expression
    if isinstance(rows, exp.Values):
        _check_constants(rows)
        for row in rows.expressions:
            _check_row(row, list(names), kinds)
        for place, kind in enumerate(kinds):
            if _engine_type(kind) == "VARCHAR":
                _widen(rows, place)
    if isinstance(rows, exp.Query):
        _check_query(rows, list(names), kinds, made)
        tree.set("expression", _converted(rows, kinds, columns, made))
    elif isinstance(rows, exp.Values) and any(
        _is_changed(kind) or kind in _MOMENTS or kind.startswith(NUMBERS) for kind in kinds
    ):
        for row in rows.expressions:
            _convert_row(row, kinds)


def _widen(rows: exp.Values, place: int) -> None:
    """A column of VALUES has one type: 4 is 4.00 beside 5.25, also where it becomes a text.

    https://docs.snowflake.com/en/sql-reference/constructs/values
    """
    values = [value for row in rows.expressions for value in row.expressions[place : place + 1]]
    numbers = [value.this if isinstance(value, exp.Neg) else value for value in values]
    if len(numbers) < 2 or not all(
        isinstance(each, exp.Literal) and not each.is_string for each in numbers
    ):
        return
    scale = max(len(each.name.partition(".")[2]) for each in numbers)
    for each in numbers:
        if "e" not in each.name.lower():
            whole, _, decimals = each.name.partition(".")
            each.set("this", f"{whole}.{decimals.ljust(scale, '0')}" if scale else whole)


def _check_constants(rows: exp.Values) -> None:
    """VALUES take no functions that make semi-structured values.

    https://docs.snowflake.com/en/sql-reference/sql/insert
    """
    for value in rows.find_all(*_MADE):
        text = value.sql(dialect="snowflake")
        raise errors.compilation(
            errors.VALUES_EXPRESSION, f"Invalid expression [{text}] in VALUES clause"
        )


def _converted(rows: exp.Query, kinds: Sequence[str], columns: Columns, made: Kinds) -> exp.Query:
    """The query with its values converted, each where it comes from: both sides of a UNION.

    made: the types of its values, as far as they are known.
    """
    if isinstance(rows, exp.SetOperation):
        by_name = any(each.args.get("by_name") for each in rows.find_all(exp.SetOperation))
        if by_name or (
            "VARCHAR" in map(_engine_type, kinds) and any(map(_is_variant, _values_of(rows)))
        ):
            return _over(rows, kinds, range(len(kinds)), made)
        rows.set("this", _converted(rows.this, kinds, columns, made))
        rows.set("expression", _converted(rows.expression, kinds, columns, made))
        return rows
    if not isinstance(rows, exp.Select) or rows.is_star or rows.args.get("distinct"):
        read = [kind for table in rows.find_all(exp.Table) for _, kind in columns(table)]
        apart = [place for place, kind in enumerate(made) if kind and kind.this in _TEXTS_APART]
        has_others = any(kind == ENGINE_TYPE or kind.partition(" ")[0] in _NAMED for kind in read)
        texts = range(len(kinds)) if has_others else apart
        held = list(map(_engine_type, kinds))
        as_texts = [place for place in texts if held[place : place + 1] == ["VARCHAR"]]
        if as_texts or any(map(_is_changed, kinds)) or any(map(_is_read, made, kinds)):
            return _over(rows, kinds, as_texts, made)
        return rows
    if len(rows.expressions) == len(kinds):
        values = zip(rows.expressions, kinds, strict=True)
        rows.set("expressions", [_column(value, kind) for value, kind in values])
    return rows


def _values_of(rows: Expr) -> list[Expr]:
    """What both sides of a UNION select."""
    if isinstance(rows, exp.SetOperation):
        return [*_values_of(rows.this), *_values_of(rows.expression)]
    return rows.unnest().expressions if isinstance(rows.unnest(), exp.Select) else []


def _is_variant(value: Expr) -> bool:
    kind = value.unalias().type
    return kind is not None and kind.this in _VARIANT


def _over(
    rows: exp.Query, kinds: Sequence[str], as_texts: Collection[int], made: Kinds
) -> exp.Select:
    """A query of the same rows, whose values are converted. as_texts: the places of values that may
    be VARIANTs, or have another text than the engine gives them, where they become a VARCHAR."""
    told = [*made, *[None] * len(kinds)]
    names = [exp.to_identifier(f"column{place}", quoted=True) for place in range(len(kinds))]
    alias = exp.TableAlias(this=exp.to_identifier("_"), columns=names)
    values: list[Expr] = []
    for place, (name, kind) in enumerate(zip(names, kinds, strict=True)):
        value: Expr = exp.column(name.copy())
        is_named = kind.partition(" ")[0] in _NAMED
        if place in as_texts or is_named or _is_read(told[place], kind):
            value.type = told[place]
        if place in as_texts and _engine_type(kind) == "VARCHAR":
            value = exp.Anonymous(this="_account_text", expressions=[value])
        values.append(_stored(value, kind))
    inner = rows.unnest() if isinstance(rows, exp.Subquery) else rows
    return exp.select(*values).from_(exp.Subquery(this=inner, alias=alias))


def _column(value: Expr, kind: str) -> Expr:
    """A value of a SELECT, which ORDER BY may name by its alias."""
    if not isinstance(value, exp.Alias):
        return _stored(value, kind)
    value.set("this", _stored(value.this, kind))
    return value


def _is_text(value: Expr) -> bool:
    """VALUES have no types of their own."""
    known = value.type is not None and value.type.this in TEXT_TYPES
    return known or (isinstance(value, exp.Literal) and value.is_string)


def _structured(value: Expr, declared: str, name: str) -> Expr:
    """What is stored in a column of type ARRAY or OBJECT.

    Raises 002023 for what is known to be no such value and no VARIANT.
    """
    bare, kind = value.unnest(), value.type
    if isinstance(bare, exp.Var | exp.Null):
        return value
    if datetime_formats.is_bind(bare):
        return _checked("_account_no_bind", value, declared, name)
    if kind is None or kind.this in (exp.DType.UNKNOWN, exp.DType.NULL):
        known = isinstance(bare, exp.Literal)
        shown = _shown(bare) if known else ""
    else:
        said = declared_as(kind)
        if said == declared:
            return value
        shown = "" if kind.this in _VARIANT and not said else said or _shown(bare)
    if shown:
        raise _other_type(declared, shown, name)
    return exp.Anonymous(this=STRUCTURED[declared], expressions=[value])


_ARE_VARIANTS = (
    exp.Array, exp.JSONObject, exp.Null, exp.ParseJSON, exp.Struct, exp.ToVariant, exp.Var,
)  # fmt: skip


def _variant(value: Expr, name: str) -> Expr:
    """What is stored in a column of type VARIANT: Snowflake makes one of a number and a BOOLEAN.

    Raises 002023 for what is known to be neither, and no VARIANT.
    """
    bare, kind = value.unnest(), value.type.this if value.type else None
    is_one = type(bare) is exp.Cast and bare.to.this == exp.DType.VARIANT
    if is_one or isinstance(bare, _ARE_VARIANTS):
        return value  # DEFAULT, or nothing to convert
    if bare.meta.get(LOADED):
        return exp.Anonymous(this="_account_in_json", expressions=[value])
    if kind in _NO_VARIANTS or (isinstance(bare, exp.Literal) and bare.is_string):
        said = declared_as(value.type) if value.type else ""
        raise _other_type(VARIANT, said or _shown(bare), name)
    if kind in exp.DataType.NUMERIC_TYPES:
        return exp.Anonymous(this="_account_number_in_json", expressions=[value])
    if kind in (None, exp.DType.UNKNOWN, exp.DType.NULL):
        return _checked("_account_variant_of", value, VARIANT, name)
    return exp.Anonymous(this="_account_in_json", expressions=[value])


def written(tree: Expr) -> list[str]:
    """The columns that an INSERT or UPDATE names; [] for all of them."""
    if isinstance(tree, exp.Update):
        return [each.this.name for each in tree.expressions]
    return [column.name for column in tree.this.expressions] if isinstance(tree, exp.Insert) else []


def put_in(tree: Expr, columns: Columns) -> inner_kinds.Kinds:
    """What the rows of VALUES, or of a file that COPY INTO loads, put into VARIANTs."""
    rows = tree.expression
    if isinstance(rows, exp.Values):
        return inner_kinds.NONE.union(*map(inner_kinds.put_in, rows.find_all(exp.Cast)))
    if not isinstance(rows, exp.Select) or LOADED not in rows.expressions[0].meta:
        return inner_kinds.NONE
    kinds, pairs = dict(columns(tree.this.this)), zip(written(tree), rows.expressions, strict=True)
    values = [value for name, value in pairs if kinds[name].partition(" ")[0] in _NAMED]
    held = [value.meta.get(HELD, inner_kinds.NONE) for value in values]
    own = [inner_kinds.of_type(value.type) for value in values if value.meta.get(LOADED)]
    return inner_kinds.NONE.union(*held, *own)


def _checked(macro: str, value: Expr, declared: str, name: str) -> Expr:
    """A value whose type the engine knows when it is there."""
    known = map(exp.Literal.string, (declared, name))
    return exp.Anonymous(this=macro, expressions=[value, *known])


def _other_type(declared: str, shown: str, name: str) -> errors.SnowflakeError:
    return errors.compilation(
        errors.COLUMN_TYPE,
        f"Expression type does not match column data type, expecting {declared} but got {shown}"
        f" for column {name}",
    )


def _shown(value: Expr) -> str:
    """The type of a value that is no VARIANT, as Snowflake shows it."""
    if isinstance(value, exp.Literal):
        digits = value.name.replace(".", "")
        scale = len(value.name.partition(".")[2])
        return (
            f"VARCHAR({len(value.name)})" if value.is_string else f"NUMBER({len(digits)},{scale})"
        )
    kind = value.type.this if value.type else None
    if kind in TEXT_TYPES:
        is_longest = isinstance(value, exp.Column | exp.Cast)
        return lengths.LONGEST["VARCHAR"] if is_longest else "VARCHAR"
    if kind in _BINARY:
        return lengths.LONGEST["BINARY"]
    if kind in exp.DataType.FLOAT_TYPES:
        return "FLOAT"
    if kind in exp.DataType.NUMERIC_TYPES:
        return "NUMBER"
    return moments.name(value.type) or value.type.sql("snowflake") if value.type else ""


def _is_binary(value: Expr) -> bool:
    return value.type is not None and value.type.this in _BINARY


def _is_read(made: exp.DataType | None, kind: str) -> bool:
    """Is it a text or a VARIANT that becomes a number, a date or a time?"""
    if made is None or made.this not in (*TEXT_TYPES, *_VARIANT):
        return False
    if kind.startswith(NUMBERS):
        return True
    return kind in _MOMENTS or _CUT.fullmatch(kind) is not None


def _engine_type(kind: str) -> str:
    """Without its length."""
    sized = lengths.read(kind)
    return sized[0] if sized else kind


def _is_changed(kind: str) -> bool:
    """Is a value of a column's type another one once it is stored there?"""
    if kind.partition(" ")[0] in _NAMED:
        return True
    return kind in _CONVERTED or _CUT.fullmatch(kind) is not None or bool(lengths.read(kind))


_CUT = re.compile(r"((?:TIME|STRUCT).*)\((\d)\)")


def _stored(value: Expr, kind: str) -> Expr:
    bare = value.unnest()
    declared, _, name = kind.partition(" ")
    if declared in STRUCTURED:
        return _structured(value, declared, name)
    if declared == VARIANT:
        return _variant(value, name)
    if cut := _CUT.fullmatch(kind):
        if _is_text(bare):
            value = nanoseconds.six_digits(bare)
        kept = _stored(value, cut[1])
        if isinstance(bare, exp.Var | exp.Null):
            return kept
        if cut[1] == ENGINE_TYPE:
            return offsets.cut(kept, int(cut[2]))
        moment = exp.cast(kept, cut[1], dialect="duckdb")
        return moments.cut(moment, int(cut[2]), is_time=cut[1] == "TIME")
    if sized := lengths.read(kind):
        kept = _stored(value, sized[0])
        if isinstance(bare, exp.Var | exp.Null):
            return kept
        return lengths.checked(kept, *sized)
    if kind == "VARCHAR" and _is_variant(value):
        whole = exp.Literal.string("$")
        return exp.Anonymous(this="_account_json_text", expressions=[value, whole])
    if kind == "BOOLEAN" and _is_variant(value):
        return variants_beside.truth(value.copy())
    if kind.startswith(NUMBERS) and _is_variant(value):
        return exp.Cast(this=value.copy(), to=exp.DataType.build(kind, dialect="duckdb"))
    of_moments = kind in _MOMENTS or kind == ENGINE_TYPE
    is_variant = isinstance(bare, exp.ParseJSON | exp.ToVariant) and not of_moments
    if is_variant or isinstance(bare, exp.Var | exp.Null):
        return value  # DEFAULT, or nothing to convert
    if kind == ENGINE_TYPE:
        return offsets.of(value)
    if kind in _MOMENTS and offsets.is_zoned(value):
        return offsets.cast(value, _MOMENTS[kind])
    made = value.type.this if value.type is not None else None
    if made in _TEXTS_APART and kind == "VARCHAR":
        return exp.Anonymous(this="_account_text", expressions=[value])
    if kind in _MOMENTS and datetime_formats.is_bind(bare):
        return datetime_formats.of_bind(bare, exp.DataType.build(_MOMENTS[kind], "snowflake"))
    if kind in _MOMENTS and _is_variant(value):
        return exp.Cast(this=value.copy(), to=exp.DataType.build(_MOMENTS[kind], "snowflake"))
    if kind in _MOMENTS and _is_text(bare):
        if datetime_formats.reads_by_itself(bare):
            return value
        to = exp.DataType.build(_MOMENTS[kind], dialect="snowflake")
        return datetime_formats.read_by_form(exp.Cast(this=bare.copy(), to=to))
    if kind.startswith(NUMBERS) and _is_text(bare):
        is_made = isinstance(value, exp.Anonymous)
        once = exp.Anonymous(this="_account_digits_once", expressions=[value])
        return once if is_made else conversions.digits(value)
    if kind == "BLOB" and is_text(bare):
        return exp.Anonymous(this="_account_unhex", expressions=[value])
    if kind == "BLOB" and not _is_binary(value):
        return exp.Anonymous(this="_account_binary", expressions=[value])
    return value
