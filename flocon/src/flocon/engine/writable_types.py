"""Which types a column takes without a cast. A value of another one is no value of the statement's,
whether there are rows or not: what BOOLEANs become by themselves are texts, and no numbers.

https://docs.snowflake.com/en/sql-reference/data-type-conversion
https://docs.snowflake.com/en/sql-reference/data-types-logical
"""

import re

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.core.timestamp_tz import ENGINE_TYPE
from flocon.engine import datetime_formats, described, lengths, moments
from flocon.engine.types import TEXT_TYPES, declared_as

_MOMENT = ("DATE", "TIME", "TIMESTAMP")
_SEMI = ("ARRAY", "OBJECT")
# By what a column has, what none of its values is made of.
_REFUSED = {
    "NUMBER": {"BOOLEAN", "BINARY", *_MOMENT, *_SEMI},
    "BOOLEAN": {"BINARY", *_MOMENT, *_SEMI},
    "VARCHAR": {"BINARY"},
    "BINARY": {"BOOLEAN", "NUMBER", *_MOMENT, *_SEMI},
    "DATE": {"BOOLEAN", "NUMBER", "BINARY", "TIME", *_SEMI},
    "TIME": {"BOOLEAN", "NUMBER", "BINARY", "DATE", *_SEMI},
    "TIMESTAMP": {"BOOLEAN", "NUMBER", "BINARY", *_SEMI},
}
_OF_ENGINE = {
    "BOOLEAN": "BOOLEAN",
    "DOUBLE": "NUMBER",
    "BIGINT": "NUMBER",
    "DECIMAL": "NUMBER",
    "VARCHAR": "VARCHAR",
    "BLOB": "BINARY",
    "DATE": "DATE",
    "TIME": "TIME",
    "TIMESTAMP": "TIMESTAMP",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP",
    ENGINE_TYPE: "TIMESTAMP",
}
_SHOWN = {
    "BIGINT": "NUMBER(38,0)",
    "DOUBLE": "FLOAT",
    "BLOB": lengths.LONGEST["BINARY"],
    "VARCHAR": lengths.LONGEST["VARCHAR"],
    "TIME": "TIME(9)",
    "TIMESTAMP": "TIMESTAMP_NTZ(9)",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_LTZ(9)",
    ENGINE_TYPE: "TIMESTAMP_TZ(9)",
}
_KINDS: dict[exp.DType, str] = {
    exp.DType.BOOLEAN: "BOOLEAN",
    exp.DType.BINARY: "BINARY",
    exp.DType.VARBINARY: "BINARY",
    exp.DType.DATE: "DATE",
    **dict.fromkeys(exp.DataType.NUMERIC_TYPES, "NUMBER"),
    **dict.fromkeys(moments.KINDS, "TIMESTAMP"),
    exp.DType.TIME: "TIME",
    exp.DType.ARRAY: "ARRAY",
    exp.DType.OBJECT: "OBJECT",
}
# What is a BOOLEAN by its form. VALUES have no types of their own.
_BOOLEANS = (exp.Boolean, exp.Predicate, exp.Not, exp.And, exp.Or)
_SIZE = re.compile(r"\((\d+)\)$")


def check(value: Expr, name: str, column: str) -> None:
    """Raises 002023 for a value of a type that a column does not take.

    column: the engine's type, with the length or the digits of a second that it keeps.
    """
    refuse(kind_of(value), name, column, value)


def check_cast(cast: Expr) -> None:
    """Raises 000002, with Snowflake's text, for such a value of a CREATE TABLE (…) AS."""
    if not isinstance(cast, exp.Cast) or cast.this.type is None:
        return
    kind, to = cast.this.type, cast.to
    held = "VARCHAR" if to.this in TEXT_TYPES else _KINDS.get(to.this, "")
    made = family(kind)
    if made in _REFUSED.get(held, ()):
        both = f"[{_shown(kind, made, None)}] and [{_shown_type(to)}]"
        raise errors.SnowflakeError(
            errors.UNSUPPORTED, f"SQL compilation error:\nincompatible types: {both}"
        )


def family(kind: exp.DataType) -> str:
    """The kind of values that a type is of; "" for texts, and where that is not known."""
    return declared_as(kind) if kind.this == exp.DType.VARIANT else _KINDS.get(kind.this, "")


def other_type(column: exp.DataType, value: Expr, name: str) -> errors.SnowflakeError:
    """A constant is not of its column's type."""
    return _mismatch(_shown_type(column), shown(value), name)


def shown(value: Expr) -> str:
    """A value's type as errors name it."""
    kind = kind_of(value)
    return str(described.of(value) or (kind and _shown(kind, family(kind), value)))


def _shown_type(kind: exp.DataType) -> str:
    said = lengths.declared(kind) or described.of_type(kind) or moments.name(kind)
    return str(said or family(kind) or kind.this.value)


def _mismatch(expected: str, got: str, name: str) -> errors.SnowflakeError:
    return errors.compilation(
        errors.COLUMN_TYPE,
        f"Expression type does not match column data type, expecting {expected} but got {got}"
        f" for column {name}",
    )


def refuse(kind: exp.DataType | None, name: str, column: str, value: Expr | None = None) -> None:
    """The same for a value of which no more is known than its type."""
    if kind is None:
        return
    held = _OF_ENGINE.get(column) or _OF_ENGINE.get(_SIZE.sub("", column).partition("(")[0], "")
    made = family(kind)
    if made in _REFUSED.get(held, ()):
        raise _mismatch(_column(column), _shown(kind, made, value), name)


def kind_of(value: Expr) -> exp.DataType | None:
    """A value's type, as far as it is known; None of a bind."""
    bare = value.unnest()
    if datetime_formats.is_bind(bare) or isinstance(bare, exp.Null | exp.Var):
        return None
    if isinstance(bare, _BOOLEANS):
        return _BOOLEAN
    if isinstance(bare, exp.Literal):
        return _TEXT if bare.is_string else _NUMBER
    if bare.type is None and isinstance(bare, exp.Cast):
        return bare.to
    return value.type


_BOOLEAN, _NUMBER, _TEXT = map(exp.DataType.build, ("BOOLEAN", "DECIMAL", "TEXT"))


def _column(column: str) -> str:
    """A column's type as Snowflake shows it."""
    if column.startswith("DECIMAL("):
        return column.replace("DECIMAL", "NUMBER").replace(" ", "")
    if column in _SHOWN:
        return _SHOWN[column]
    bare, size = _SIZE.sub("", column), _SIZE.search(column)
    shown = _SHOWN.get(bare, column).partition("(")[0]
    return f"{shown}({size[1]})" if size else shown


def _shown(kind: exp.DataType, made: str, value: Expr | None) -> str:
    """A value's type as Snowflake shows it, as far as that is known."""
    if made in ("BOOLEAN", "DATE", *_SEMI):
        return made
    if made == "BINARY":
        return lengths.LONGEST["BINARY"]
    if kind.this in exp.DataType.FLOAT_TYPES:
        return "FLOAT"
    if made == "NUMBER":
        said = described.of(value.unnest()) if value is not None else described.of_type(kind)
        return str(said or described.of_type(kind) or made)
    return declared_as(kind) or moments.name(kind)
