"""Texts of dates, times and bytes in a session's own output formats, which are not the default.

https://docs.snowflake.com/en/sql-reference/date-time-input-output
"""

from collections.abc import Iterable

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.core.output_formats import DEFAULT, OutputFormats
from flocon.engine import datetime_formats, offsets
from flocon.engine.expression_types import APART, held
from flocon.engine.inner_kinds import MAKERS_OF_JSON
from flocon.engine.texts import is_text
from flocon.engine.types import JSON_TYPES, TEXT_TYPES

_FIELDS = {
    exp.DType.DATE: "date",
    exp.DType.TIME: "time",
    exp.DType.TIMESTAMP: "timestamp_ntz",
    exp.DType.TIMESTAMPNTZ: "timestamp_ntz",
    exp.DType.TIMESTAMPLTZ: "timestamp_ltz",
    exp.DType.TIMESTAMPTZ: "timestamp_tz",
    exp.DType.BINARY: "binary",
    exp.DType.VARBINARY: "binary",
}
_WITHOUT_ZONE = ("date", "time", "timestamp_ntz")
_MACROS = (
    "_account_text", "_account_text_in_json", "_account_text_in_json_once", "_account_text_once",
    "_account_whole_time",
)  # fmt: skip
_REFUSED = "{} under another output format than the default one"


def write(tree: Expr, formats: OutputFormats) -> None:
    """Let what becomes a text in a statement, whose silent casts are made, be written so. Raises
    000002 where that is not known here."""
    for node in reversed(list(tree.walk())):
        for value in _as_texts(node):
            if made := _written(value, formats):
                _check_in_json(node)
                (value if isinstance(node, exp.DPipe | exp.Concat) else node).replace(made)


def _as_texts(node: Expr) -> Iterable[Expr]:
    """What becomes a text there."""
    if isinstance(node, exp.Cast):
        return (node.this,) if node.to.this in TEXT_TYPES else ()
    if isinstance(node, exp.ToChar):
        return () if node.args.get("format") else (node.this,)
    if isinstance(node, exp.DPipe):
        return (node.this, node.expression)
    if isinstance(node, exp.Concat | exp.ConcatWs):
        return list(node.expressions)
    if isinstance(node, exp.Anonymous) and node.name in _MACROS:
        return (node.expressions[0],)
    return ()


def _written(value: Expr, formats: OutputFormats) -> Expr | None:
    """A value's text; None where it is the same as ever."""
    bare, kind = value.unnest(), value.type
    if is_text(value) or isinstance(bare, exp.Literal | exp.Null | exp.Placeholder | exp.Neg):
        return None
    if kind is None or kind.this in (exp.DType.UNKNOWN, exp.DType.NULL):
        raise errors.unsupported(_REFUSED.format(f"the text of {_shown(value)}, uncast"))
    name = _FIELDS.get(kind.this)
    if name is None:
        if kind.this in JSON_TYPES and held(value) in APART:
            raise errors.unsupported(_REFUSED.format(f"the text of the VARIANT {_shown(value)}"))
        return None
    format = formats.in_force(name)
    if format == DEFAULT.in_force(name):
        return None
    if name in _WITHOUT_ZONE and datetime_formats.has_zone(format):
        raise errors.unsupported(f"a text of {name.upper()} with the zone of {format!r}")
    made = exp.ToChar(this=value.copy(), format=exp.Literal.string(format))
    if name == "binary":
        made.type = exp.DataType.build("VARCHAR")
        return made
    return offsets.made(made) if name == "timestamp_tz" else datetime_formats.text(made)


_TIMESTAMPS = ("TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ")


def _check_in_json(node: Expr) -> None:
    """Snowflake's pages leave open in which format a moment is in a VARIANT."""
    parent = node.parent
    while isinstance(parent, exp.Paren):
        parent = parent.parent
    to_json = isinstance(parent, exp.Cast) and parent.to.this in JSON_TYPES
    if to_json or isinstance(parent, MAKERS_OF_JSON):
        raise errors.unsupported(_REFUSED.format("a date, time or BINARY in a VARIANT"))


def _shown(value: Expr) -> str:
    return value.sql(dialect="snowflake")[:100]


def refuse_views(views: Iterable[Expr]) -> None:
    """Raises 000002 for views, in the engine's words, that make texts of what may be moments: they
    are made for the default formats."""
    for view in views:
        for node in view.walk():
            makes = isinstance(node, exp.Anonymous) and node.name in _MAKERS
            casts = isinstance(node, exp.Cast) and node.to.this in TEXT_TYPES
            if makes or casts or isinstance(node, exp.DPipe | exp.Concat | exp.ConcatWs):
                raise errors.unsupported(_REFUSED.format("a view that casts to VARCHAR"))


def refuse_defaults(defaults: Iterable[Expr]) -> None:
    """The same for expressions that are columns' defaults."""
    for default in defaults:
        for node in default.walk():
            makes = isinstance(node, exp.Anonymous) and node.name in _MAKERS
            casts = isinstance(node, exp.Cast) and node.to.this in TEXT_TYPES
            if makes or (casts and not _is_no_moment(node.this.unnest())):
                raise errors.unsupported(_REFUSED.format("a DEFAULT that casts to VARCHAR"))


def _is_no_moment(value: Expr) -> bool:
    """Of an expression in the engine's words."""
    known = isinstance(value, exp.Literal | exp.Null | exp.Boolean | exp.Uuid | exp.Paren)
    called = isinstance(value, exp.Anonymous) and value.name not in _MAKERS
    return known or called or is_text(value)


_MAKERS = (
    *_MACROS,
    "_account_text_of_moment",
    "_account_text_of_moment_in_json",
    "_account_text_of_variant",
    "_account_zoned_text",
    "_account_zoned_text_in_json",
    "_account_zoned_text_in_json_once",
    "_account_zoned_text_once",
)
