"""Expressions that are columns' defaults: they are what they are in a query, and are shown as they
were written.

https://docs.snowflake.com/en/sql-reference/sql/create-table
"""

from collections.abc import Callable

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine import literals, moments
from flocon.engine.types import JSON_TYPES, TEXT_TYPES

# A default in the engine's words, of its column's type, after the text that was written.
NAME = "_account_default"
MACROS = (f"{NAME}(written, x) AS x",)
# What such a default reads as, with the text as the group in it.
DEFAULT_AS_WRITTEN = rf".*{NAME}\('((?:[^']|'')*)', .*"
# What the next number of a sequence reads as, with the sequence's name as the group in it.
OF_A_SEQUENCE = r"^nextval\('(\"[^']*\")'\)$"

# The sequences of columns that count by themselves (`objects.identities`).
OF_IDENTITIES = "_fs_seq_"
# How such a one counts: as its comment says, for a clone's begins elsewhere than it was told to.
COUNTING = (
    "coalesce({s}.comment, concat('START ', {s}.start_value, ' INCREMENT ', {s}.increment_by,"
    " ' NOORDER'))"
)

_CLOCKS = (
    exp.CurrentDate,
    exp.CurrentTime,
    exp.CurrentTimestamp,
    exp.Localtime,
    exp.Localtimestamp,
)
_BINARIES = (exp.DType.BINARY, exp.DType.VARBINARY)
# What is not cast to its column's type: the engine's value is the column's (`engine.moments`).
_NOT_CAST = (exp.DType.TIMESTAMPTZ, exp.DType.ARRAY, exp.DType.OBJECT, *JSON_TYPES)


def write(tree: Expr, in_a_query: Callable[[Expr], str]) -> None:
    """Let the defaults of the columns in a tree be DuckDB's. in_a_query: what DuckDB writes for an
    expression of a SELECT."""
    for column in tree.find_all(exp.ColumnDef):
        kind, default = column.args.get("kind"), column.find(exp.DefaultColumnConstraint)
        if default is None or not isinstance(kind, exp.DataType) or _is_one(default.this, kind):
            continue
        written = exp.Literal.string(default.this.sql("snowflake"))
        value = default.this.copy()
        if kind.this == exp.DType.VARIANT:
            value = _variant(value)
        for number in value.find_all(exp.Literal):
            if not number.is_string:
                number.set("this", literals.spelled(number.name))
        if kind.this not in _NOT_CAST:
            to = exp.DataType.build("VARCHAR") if kind.this in TEXT_TYPES else kind.copy()
            value = exp.Cast(this=value, to=to)
        made = exp.var(in_a_query(value))
        default.set("this", exp.Anonymous(this=NAME, expressions=[written, made]))
        cast = value.unnest()
        default.this.meta[moments.ZONED] = (
            isinstance(cast, exp.Cast) and cast.to.this == exp.DType.TIMESTAMPTZ
        )


def _variant(value: Expr) -> Expr:
    """A text is a VARIANT of it. Raises 000002 for what is not known to be one."""
    bare = value.unnest()
    if isinstance(bare, exp.Literal) and bare.is_string:
        return exp.cast(bare, "VARIANT", dialect="snowflake")
    is_cast = isinstance(bare, exp.Cast) and bare.to.this in JSON_TYPES
    if not is_cast and not isinstance(bare, _VARIANTS):
        raise errors.unsupported(f"{value.sql('snowflake')[:100]} as a VARIANT's default: cast it")
    return value


_VARIANTS = (
    exp.Array, exp.Boolean, exp.JSONObject, exp.Literal, exp.Neg, exp.Null, exp.ParseJSON,
    exp.Struct, exp.ToArray, exp.ToVariant,
)  # fmt: skip


def _is_one(value: Expr, kind: exp.DataType) -> bool:
    """Is it the same for the engine without being rewritten?"""
    bare = value.unnest()
    bare = bare.this if isinstance(bare, exp.Neg) else bare
    if isinstance(bare, exp.Null | exp.Boolean):
        return True
    if isinstance(bare, exp.Literal):
        if bare.is_string:
            return kind.this not in (*_BINARIES, exp.DType.VARIANT)
        return literals.spelled(bare.name) == bare.name or (
            "e" not in bare.name.lower() and kind.this not in TEXT_TYPES
        )
    if isinstance(bare, exp.Anonymous):
        return bare.name == "nextval"
    return isinstance(bare, _CLOCKS) and not bare.this and kind.this not in TEXT_TYPES
