"""Column and cast types."""

from collections.abc import Callable, Sequence

import pyarrow as pa
from fakesnow.transforms import transforms as fs
from sqlglot import Expr, exp

from flocon.core import errors
from flocon.core.timestamp_tz import ENGINE_TYPE
from flocon.engine import moments

# A table's columns and their DuckDB types, in order; [] where they are not known.
Columns = Callable[[exp.Table], Sequence[tuple[str, str]]]

TEXT_TYPES = {
    exp.DataType.Type.VARCHAR,
    exp.DataType.Type.TEXT,
    exp.DataType.Type.NVARCHAR,
    exp.DataType.Type.CHAR,
    exp.DataType.Type.NCHAR,
}

# In the meta of a VARIANT: what it is known to be. To the rewrites it is a VARIANT.
DECLARED = "declared"
JSON_TYPES = {
    exp.DataType.Type.VARIANT,
    exp.DataType.Type.OBJECT,
    exp.DataType.Type.ARRAY,
    exp.DataType.Type.JSON,
}

SEMI_STRUCTURED = {
    exp.DType.ARRAY: "ARRAY",
    exp.DType.OBJECT: "OBJECT",
    exp.DType.STRUCT: "OBJECT",
}

NTZ_TYPES = {exp.DataType.Type.TIMESTAMP, exp.DataType.Type.TIMESTAMPNTZ}

# What Snowflake has and the account has not.
_LEFT_OUT = frozenset(
    (
        exp.DType.DECFLOAT, exp.DType.FILE, exp.DType.GEOGRAPHY, exp.DType.GEOMETRY,
        exp.DType.INTERVAL, exp.DType.MAP, exp.DType.UUID, exp.DType.VECTOR,
    )
)  # fmt: skip
_KNOWN = frozenset(
    (
        *TEXT_TYPES, *JSON_TYPES, exp.DType.BIGINT, exp.DType.BINARY, exp.DType.BOOLEAN,
        exp.DType.DATE, exp.DType.DATETIME, exp.DType.DECIMAL, exp.DType.DOUBLE, exp.DType.FLOAT,
        exp.DType.INT, exp.DType.SMALLINT, exp.DType.TIME, exp.DType.TIMESTAMP,
        exp.DType.TIMESTAMPLTZ, exp.DType.TIMESTAMPNTZ, exp.DType.TIMESTAMPTZ, exp.DType.TINYINT,
        exp.DType.VARBINARY,
    )
) - {exp.DType.JSON}  # fmt: skip


def check_cast(kind: exp.DataType) -> None:
    """Raises 000002 for a type of Snowflake's that the account has not: the engine may have one of
    that name."""
    if kind.this in _LEFT_OUT:
        raise errors.unsupported(f"the type {kind.sql(dialect='snowflake')[:100]}")


def check_read(kind: Expr) -> None:
    """Of a type in a statement as it is written: raises 002040 for what Snowflake has not."""
    if isinstance(kind.this, exp.Interval):
        raise errors.unsupported(f"the type {kind.sql(dialect='snowflake')[:100]}")
    if kind.this not in _KNOWN and kind.this not in _LEFT_OUT:
        raise _no_type(kind)


def _no_type(kind: Expr) -> errors.SnowflakeError:
    name = kind.text("kind") or kind.this.value
    return errors.compilation(errors.DATA_TYPE, f"Unsupported data type '{name[:100]}'.")


def check_column(kind: exp.DataType) -> None:
    """The same for a column's type, and for structured ones; 002040 for what Snowflake has not.

    https://docs.snowflake.com/en/sql-reference/intro-summary-data-types
    """
    check_cast(kind)
    if kind.this not in _KNOWN:
        raise _no_type(kind)
    if kind.this in JSON_TYPES and kind.expressions:
        raise errors.unsupported(f"the type {kind.sql(dialect='snowflake')[:100]}")


# DuckDB's own choice for JSON, a dictionary of what texts have in common, takes twice the time to
# write and twice the room.
_JSON_COMPRESSION = "USING COMPRESSION zstd"


def compressed(kind: str) -> str:
    """A column's type in DuckDB's SQL, and how the column is compressed."""
    return f"{kind} {_JSON_COMPRESSION}" if kind == "JSON" else kind


def compress(column: exp.ColumnDef) -> None:
    """Say in a column's definition how the column is compressed."""
    kind = column.args.get("kind")
    if isinstance(kind, exp.DataType) and kind.this in JSON_TYPES:
        said = exp.ColumnConstraint(kind=exp.Var(this=_JSON_COMPRESSION))
        column.set("constraints", [said, *(column.args.get("constraints") or [])])


_WITHOUT_LENGTH = (
    exp.DataType.Type.FLOAT,
    exp.DataType.Type.DOUBLE,
    exp.DataType.Type.BINARY,
    exp.DataType.Type.VARBINARY,
)


def zoned_column(column: exp.ColumnDef) -> None:
    """Let a column of type TIMESTAMP_TZ be the STRUCT that it is."""
    kind = column.args.get("kind")
    if isinstance(kind, exp.DataType) and kind.this == exp.DType.TIMESTAMPTZ:
        column.set("kind", exp.DataType.build(ENGINE_TYPE, dialect="duckdb"))


def strip_lengths(tree: Expr) -> None:
    """FLOAT(n) is FLOAT; how long a BINARY(n) may be is not enforced; a TIMESTAMP(n) is a column of
    its engine's type, whose values are cut where they are stored."""
    for kind in tree.find_all(exp.DataType):
        _strip(kind)


def _strip(kind: exp.DataType) -> None:
    if kind.this in _WITHOUT_LENGTH:
        kind.set("expressions", None)
    elif kind.this in moments.KINDS:
        moments.without_digits(kind)


def types(node: Expr) -> Expr:
    """Column and cast types. NUMBER without a scale: 64 bits in a table, 38 digits in a cast."""
    if not isinstance(node, exp.DataType):
        return node
    if isinstance(node.parent, exp.Cast) and node.this in (
        exp.DataType.Type.INT,
        exp.DataType.Type.BIGINT,
        exp.DataType.Type.SMALLINT,
        exp.DataType.Type.TINYINT,
        exp.DataType.Type.DECIMAL,
    ):
        if node.this == exp.DataType.Type.DECIMAL and node.expressions:
            return node
        return exp.DataType.build("DECIMAL(38, 0)", dialect="duckdb")
    _strip(node)
    if isinstance(node.parent, exp.ColumnDef) and node.this == exp.DType.TIMESTAMPTZ:
        return exp.DataType.build(ENGINE_TYPE, dialect="duckdb")
    for rewrite in (fs.semi_structured_types, fs.timestamp_ntz, fs.float_to_double):
        node = rewrite(node)
    return fs.integer_precision(node)


def arrow_type(kind: pa.DataType) -> str:
    """DuckDB's name of the type of an answer's column."""
    if pa.types.is_timestamp(kind):
        return "TIMESTAMP WITH TIME ZONE" if kind.tz else "TIMESTAMP"
    if pa.types.is_boolean(kind):
        return "BOOLEAN"
    if pa.types.is_integer(kind):
        return "BIGINT"
    if pa.types.is_decimal(kind):
        return f"DECIMAL({kind.precision},{kind.scale})"
    if pa.types.is_floating(kind):
        return "DOUBLE"
    return "VARCHAR"


def declared_as(kind: exp.DataType) -> str:
    """What a type is declared as; '' where the engine's type tells."""
    if kind.this in SEMI_STRUCTURED:
        return SEMI_STRUCTURED[kind.this]
    return str(kind.meta.get(DECLARED, "")) or moments.declared(kind)
