"""Which values may be the DEFAULT of a column: those of its type, with a few others that become
it. A column that is added to a table takes constants of its own type alone.

https://docs.snowflake.com/en/sql-reference/sql/create-table
https://docs.snowflake.com/en/sql-reference/sql/alter-table
"""

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine import expression_types, writable_types
from flocon.engine.types import NTZ_TYPES, TEXT_TYPES

# By what a column has, what its default is not in CREATE TABLE, and in ADD COLUMN.
_REFUSED = {
    "NUMBER": {"VARCHAR"},
    "DATE": {"VARCHAR", "TIMESTAMP"},
    "TIME": {"VARCHAR", "TIMESTAMP"},
    "TIMESTAMP": {"VARCHAR"},
    "VARCHAR": {"NUMBER", "DATE", "TIME", "TIMESTAMP"},
    "BOOLEAN": {"NUMBER"},
    "VARIANT": {"NUMBER"},
}
_STRUCTURED = ("ARRAY", "OBJECT")
_CONSTANTS = {"NUMBER", "VARCHAR", "BOOLEAN"}
_LITERALS = (exp.Literal, exp.Boolean, exp.Null, exp.HexString)


def check(tree: Expr) -> None:
    """Of the columns that a CREATE or ALTER TABLE makes. Raises 002262 or 002023 for a value of
    another type, and 000002, with Snowflake's text, for an expression of a column that is added."""
    is_added = isinstance(tree, exp.Alter)
    for column in tree.find_all(exp.ColumnDef):
        kind, default = column.args.get("kind"), column.find(exp.DefaultColumnConstraint)
        if default is None or not isinstance(kind, exp.DataType):
            continue
        if kind.this in (exp.DType.BINARY, exp.DType.VARBINARY):
            raise errors.SnowflakeError(
                errors.UNSUPPORTED,
                "SQL compilation error: Default values are not allowed on 'BINARY' columns.",
            )
        if is_added:
            _check_added(column.name, kind, default.this)
        else:
            _check(column.name, kind, default.this)


def _check(name: str, kind: exp.DataType, value: Expr) -> None:
    held = _family(kind)
    if isinstance(value.unnest(), exp.Null) or held not in (*_REFUSED, *_STRUCTURED):
        return
    select = exp.Select(expressions=[exp.alias_(value.copy(), "_")])
    expression_types.annotate(select, lambda table: (), lambda table: False)
    made = writable_types.kind_of(select.expressions[0].this)
    if made is None:
        return
    if held in _STRUCTURED:
        if _family(made) in _REFUSED:
            raise errors.unsupported(f"a default of {held} {name} that is none: cast it")
        return
    if _family(made) in _REFUSED[held] or not _keeps_digits(kind, made, value):
        raise errors.compilation(
            errors.DEFAULT_TYPE,
            f"Default value data type does not match data type for column {name}",
        )


def _keeps_digits(kind: exp.DataType, made: exp.DataType, value: Expr) -> bool:
    """Has a column of a time or timestamp room for the digits of a second that a value has? Of
    another kind of timestamp it has exactly as many, but for a TIMESTAMP_TZ that becomes one of
    another kind."""
    to, source = _MOMENTS.get(kind.this), _MOMENTS.get(made.this)
    digits, has = _digits(value), _of_type(kind)
    if to is None or source is None or digits is None:
        return True
    if to == source:
        return digits <= has
    return source == "TIMESTAMP_TZ" or digits == has


_MOMENTS = {
    exp.DType.TIME: "TIME",
    **dict.fromkeys(NTZ_TYPES, "TIMESTAMP_NTZ"),
    exp.DType.TIMESTAMPLTZ: "TIMESTAMP_LTZ",
    exp.DType.TIMESTAMPTZ: "TIMESTAMP_TZ",
}
_CLOCKS = (exp.CurrentTime, exp.CurrentTimestamp, exp.Localtime, exp.Localtimestamp)
_MOST_DIGITS = 9


def _digits(value: Expr) -> int | None:
    """How many digits of a second a time or timestamp has; None where that is not known."""
    bare = value.unnest()
    if isinstance(bare, exp.Cast):
        return _of_type(bare.to)
    if isinstance(bare, _CLOCKS):
        return int(bare.name) if isinstance(bare.this, exp.Literal) else _MOST_DIGITS
    return None


def _of_type(kind: exp.DataType) -> int:
    return int(kind.expressions[0].name) if kind.expressions else _MOST_DIGITS


def _check_added(name: str, kind: exp.DataType, value: Expr) -> None:
    bare = value.this if isinstance(value, exp.Neg) else value
    if isinstance(bare, exp.Anonymous) and bare.name == "nextval":
        return
    if not isinstance(bare, _LITERALS):
        shown = value.sql(dialect="snowflake")
        raise errors.SnowflakeError(
            errors.UNSUPPORTED,
            f"SQL compilation error:\nInvalid column default expression [{shown}]",
        )
    made = writable_types.kind_of(bare)
    if made is None or _family(kind) not in _REFUSED:
        return
    if _family(kind) == "VARIANT":
        if _family(made) == "VARCHAR":
            raise writable_types.other_type(kind, bare, name)
        return
    if _family(made) not in _CONSTANTS or _family(made) != _family(kind):
        raise writable_types.other_type(kind, bare, name)


def _family(kind: exp.DataType) -> str:
    if kind.this == exp.DType.VARIANT:
        return writable_types.family(kind) or "VARIANT"
    return "VARCHAR" if kind.this in TEXT_TYPES else writable_types.family(kind)
