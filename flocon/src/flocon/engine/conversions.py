"""Casts and conversions: what Snowflake reads as a number, a moment or a text, and no more."""

import re

from fakesnow.transforms import transforms as fs
from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine import (
    functions,
    inner_kinds,
    nanoseconds,
    number_formats,
    read_numbers,
    variant_moments,
)
from flocon.engine.expression_types import MIXED, held, held_of
from flocon.engine.objects import TOLD
from flocon.engine.texts import is_text
from flocon.engine.types import JSON_TYPES, NTZ_TYPES, TEXT_TYPES

_TRY = {
    exp.DataType.Type.TIMESTAMP: "_account_try_ntz",
    exp.DataType.Type.TIMESTAMPNTZ: "_account_try_ntz",
    exp.DataType.Type.TIMESTAMPTZ: "_account_try_tz",
    exp.DataType.Type.TIMESTAMPLTZ: "_account_try_tz",
    exp.DataType.Type.DATE: "_account_try_date",
}


def casts(node: Expr) -> Expr:
    """Casts: a VARIANT's text is its value without quotes; TO_VARCHAR likewise; TRY_CAST reads
    what Snowflake reads, and no more."""
    if isinstance(node, exp.ParseJSON):
        parameter = node.args.get("expression")
        if parameter is not None and not (parameter.is_string and parameter.name == "s"):
            raise errors.unsupported(f"PARSE_JSON with {parameter.sql('snowflake')[:100]}")
        return _parsed(node.this, safe=bool(node.args.get("safe")))
    if isinstance(node, exp.CheckJson):
        return exp.Anonymous(this="check_json", expressions=[node.this])
    if isinstance(node, exp.Typeof):
        return _typeof(node)
    if isinstance(node, exp.JSONFormat):
        json = exp.Anonymous(this="to_json", expressions=[node.this])
        whole = exp.cast(json, "VARCHAR", dialect="duckdb")
        return exp.Anonymous(this="_account_json_of", expressions=[whole])
    if isinstance(node, exp.Cast) and _is_variant(node.this) and _is_number(node.to):
        node.set("this", _castable(node.this))
    if isinstance(node, exp.Cast | exp.ToBoolean) and _is_of_truths(node):
        # https://docs.snowflake.com/en/sql-reference/functions/to_boolean
        node.set("this", exp.Anonymous(this="_account_truth", expressions=[node.this]))
    if isinstance(node, exp.TryCast):
        if function := _TRY.get(node.to.this):
            return exp.Anonymous(this=function, expressions=[node.this])
        if node.to.this in (exp.DataType.Type.DECIMAL, exp.DataType.Type.INT):
            node.set("this", exp.Anonymous(this="_account_number_text", expressions=[node.this]))
        elif _is_number(node.to):
            _check_number(node)
        return node
    if isinstance(node, exp.ToChar) and node.args.get("format"):
        written = node.args["format"]
        kind = node.this.type.this if node.this.type else None
        if kind in _BINARY_TYPES and written.name.upper() in _BINARY_TEXTS:
            return exp.Anonymous(this=_BINARY_TEXTS[written.name.upper()], expressions=[node.this])
        if kind in exp.DataType.NUMERIC_TYPES or node.this.is_number:
            return number_formats.text(node.this, written)
        raise errors.unsupported(f"TO_CHAR with a format of {node.this.sql('snowflake')[:100]}")
    if isinstance(node, exp.ToChar):
        node = exp.cast(node.this, "VARCHAR")
    if isinstance(node, exp.Cast) and not isinstance(node, exp.TryCast):
        if node.to.this in TEXT_TYPES and (own := functions.as_text(node.this)) is not None:
            return own
        if (moment := variant_moments.read(node)) is not None:
            return moment
        _check_number(node)
        if node.to.this in NTZ_TYPES:
            node.set("to", exp.DataType.build("TIMESTAMP", dialect="duckdb"))
    return node


CASTS = (
    exp.Cast, exp.CheckJson, exp.JSONFormat, exp.ParseJSON, exp.ToBoolean, exp.ToChar, exp.Typeof,
)  # fmt: skip


def _is_of_truths(node: Expr) -> bool:
    is_cast = isinstance(node, exp.Cast) and node.to.this == exp.DataType.Type.BOOLEAN
    known = node.this.type is not None and node.this.type.this in TEXT_TYPES
    return (is_cast or isinstance(node, exp.ToBoolean)) and (known or is_text(node.this))


def _castable(variant: Expr) -> Expr:
    return exp.Anonymous(this="_account_castable", expressions=[variant])


def _check_number(cast: exp.Cast) -> None:
    """Of a text that becomes a number: the engine reads 1_000, too."""
    if _is_number(cast.to):
        cast.set("this", digits(cast.this))


def digits(value: Expr) -> Expr:
    """A text that becomes a number, if it is one; what is no text is as it was."""
    if isinstance(value, exp.Literal):
        more = nanoseconds.AND_NO_MORE if re.search("[_xXbB]", value.name) else ""
        return exp.Literal.string(value.name + more) if value.is_string and more else value
    kind = value.type.this if value.type else None
    if kind not in TEXT_TYPES or isinstance(value, exp.Anonymous):
        return value
    plain = isinstance(value, exp.Column) or value.find_ancestor(exp.Having)
    return exp.Anonymous(this=f"_account_digits{'' if plain else '_once'}", expressions=[value])


def _parsed(text: Expr, *, safe: bool) -> Expr:
    """PARSE_JSON. https://docs.snowflake.com/en/sql-reference/functions/parse_json"""
    if not isinstance(text, exp.Literal | exp.Placeholder):
        # The macro names its text a dozen times: the planner would read a long one as often. A
        # HAVING takes no lambda.
        once = not isinstance(text, exp.Column) and not text.find_ancestor(exp.Having)
        name = f"_account{'_try' if safe else ''}_parsed{'_once' if once else ''}"
        return exp.Anonymous(this=name, expressions=[text])
    cast = exp.TryCast if safe else exp.Cast
    name = "_account_try_ready" if safe else "_account_ready"
    ready = exp.Anonymous(this=name, expressions=[text])
    return cast(this=ready, to=exp.DataType.build("JSON", dialect="duckdb"))


def _is_variant(value: Expr) -> bool:
    return value.type is not None and value.type.this in JSON_TYPES


def _is_number(kind: exp.DataType) -> bool:
    return kind.this in exp.DataType.NUMERIC_TYPES


def _typeof(node: exp.Typeof) -> Expr:
    """TYPEOF asks the whole VARIANT, with the path: an extracted number is DuckDB's own."""
    value, inside = node.this, node.meta.get(inner_kinds.INSIDE, inner_kinds.NONE)
    if node.meta.get(inner_kinds.UNTOLD) and not inside:
        return exp.Anonymous(this="_account_typeof_of", expressions=[value])
    holds = held(value) or held_of(value.type)
    if holds and holds not in (*TOLD, MIXED):
        gone = exp.If(this=exp.Is(this=value, expression=exp.Null()), true=exp.Null())
        return exp.Case(ifs=[gone], default=exp.Literal.string(holds))
    is_path = isinstance(value, exp.Anonymous) and value.name == "json_extract"
    if value.type is not None and value.type.this not in (*JSON_TYPES, exp.DType.UNKNOWN):
        value = exp.Anonymous(this="to_json", expressions=[value])
        inside = inner_kinds.NONE
    operands = value.expressions if is_path else [value, exp.Literal.string("$")]
    if inside and holds not in TOLD:
        form = exp.Literal.string(inner_kinds.form(inside))
        return exp.Anonymous(this="_account_typeof_apart", expressions=[*operands, form])
    return exp.Anonymous(this="_account_typeof_at", expressions=operands)


_BINARY_TYPES = (exp.DataType.Type.BINARY, exp.DataType.Type.VARBINARY)
_BINARY_TEXTS = {"HEX": "hex", "UTF-8": "decode", "UTF8": "decode", "BASE64": "to_base64"}
_BINARY_FORMATS = {
    "HEX": "_account_unhex",
    "UTF-8": "encode",
    "UTF8": "encode",
    "BASE64": "_account_unbase64",
}


def binaries(node: Expr) -> Expr:
    """TO_BINARY and a cast read a text's hexadecimal digits, or what TO_BINARY's format says.

    https://docs.snowflake.com/en/sql-reference/functions/to_binary
    """
    kind = node.this.type.this if isinstance(node, exp.Cast) and node.this.type else None
    of_text = isinstance(node, exp.Cast) and (kind in TEXT_TYPES or is_text(node.this))
    if type(node) is exp.Cast and node.to.this in _BINARY_TYPES and of_text:
        return exp.Anonymous(this="_account_unhex", expressions=[node.this])
    if not isinstance(node, exp.ToBinary):
        return node
    written = node.args.get("format") or exp.Literal.string("HEX")
    function = _BINARY_FORMATS.get(written.name.upper()) if written.is_string else None
    if function is None:
        raise errors.unsupported(f"TO_BINARY with format {written.sql()}")
    if node.args.get("safe") and function.startswith("_account_un"):
        function = function.replace("_un", "_try_un")
        return exp.Anonymous(this=function, expressions=[node.this])
    read = exp.Anonymous(this=function, expressions=[node.this])
    return exp.Anonymous(this="TRY", expressions=[read]) if node.args.get("safe") else read


BINARIES: tuple[type[Expr], ...] = (exp.Cast, exp.ToBinary)
_ZONED = (exp.DataType.Type.TIMESTAMPTZ, exp.DataType.Type.TIMESTAMPLTZ)


def _check_scale(scale: Expr | None) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_timestamp"""
    if isinstance(scale, exp.Literal) and not (scale.is_int and 0 <= int(scale.name) <= 9):
        text = f"Invalid timestamp scale: {scale.name[:100]}. Must be between 0 and 9."
        raise errors.compilation(errors.COMPILATION, text)


def timestamps(node: Expr) -> Expr:
    """TRY_TO_TIMESTAMP*, TRY_TO_DATE: NULL where the text is none; never DuckDB's 'epoch'."""
    if isinstance(node, exp.UnixToTime):
        _check_scale(node.args.get("scale"))
        scale = node.args.get("scale") or exp.Literal.number(0)
        moment = exp.Anonymous(this="_account_ntz", expressions=[node.this, scale])
        kind = node.args.get("target_type")
        if kind is not None and kind.this in _ZONED:
            return exp.AtTimeZone(this=moment, zone=exp.Literal.string("UTC"))
        return moment
    name = node.name.upper() if isinstance(node, exp.Anonymous) else ""
    if name in ("TO_TIMESTAMP", "TO_TIMESTAMP_NTZ") and len(node.expressions) == 1:
        return exp.Anonymous(
            this="_account_ntz", expressions=[*node.expressions, exp.Literal.number(0)]
        )
    if name in ("TO_TIMESTAMP_TZ", "TO_TIMESTAMP_LTZ") and len(node.expressions) == 1:
        value = node.expressions[0]
        if value.type is not None and value.type.this in exp.DataType.NUMERIC_TYPES:
            moment = exp.Anonymous(this="_account_ntz", expressions=[value, exp.Literal.number(0)])
            return exp.paren(exp.AtTimeZone(this=moment, zone=exp.Literal.string("UTC")))
        return exp.cast(value, "TIMESTAMPLTZ", dialect="duckdb")
    kinds = {
        "TRY_TO_TIMESTAMP": "ntz",
        "TRY_TO_TIMESTAMP_NTZ": "ntz",
        "TRY_TO_TIMESTAMP_TZ": "tz",
        "TRY_TO_TIMESTAMP_LTZ": "tz",
        "TRY_TO_DATE": "date",
    }
    if name in kinds and len(node.expressions) == 1:
        return exp.Anonymous(this=f"_account_try_{kinds[name]}", expressions=node.expressions)
    return node


def numbers(node: Expr) -> Expr:
    """TO_NUMBER, TO_DOUBLE and TRY_TO_…: an error or NULL where a text is no number of Snowflake's.

    https://docs.snowflake.com/en/sql-reference/functions/try_to_decimal
    """
    if isinstance(node, exp.ToNumber) and node.args.get("format"):
        node.set("this", read_numbers.digits(node))
        node.set("format", None)
    if isinstance(node, exp.ToNumber) and node.args.get("safe"):
        node.set("this", exp.Anonymous(this="_account_number_text", expressions=[node.this]))
    elif isinstance(node, exp.ToNumber | exp.ToDouble):
        node.set("this", _castable(node.this) if _is_variant(node.this) else digits(node.this))
    return fs.to_decimal(node)
