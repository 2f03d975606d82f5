"""Which values may be the DEFAULT of a column: those of its type, with a few others that become
it. A column that is added to a table takes constants of its own type alone.

https://docs.snowflake.com/en/sql-reference/sql/create-table
https://docs.snowflake.com/en/sql-reference/sql/alter-table
"""

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine import expression_types, writable_types
from flocon.engine.types import TEXT_TYPES

# By what a column has, what its default is not in CREATE TABLE, and in ADD COLUMN.
_REFUSED = {
    "NUMBER": {"VARCHAR"},
    "DATE": {"VARCHAR", "TIMESTAMP"},
    "TIME": {"VARCHAR", "TIMESTAMP"},
    "TIMESTAMP": {"VARCHAR"},
    "VARCHAR": {"NUMBER", "DATE", "TIME", "TIMESTAMP"},
    "BOOLEAN": {"NUMBER"},
}
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
        if is_added:
            _check_added(column.name, kind, default.this)
        else:
            _check(column.name, kind, default.this)


def _check(name: str, kind: exp.DataType, value: Expr) -> None:
    if isinstance(value.unnest(), exp.Null) or _family(kind) not in _REFUSED:
        return
    select = exp.Select(expressions=[exp.alias_(value.copy(), "_")])
    expression_types.annotate(select, lambda table: (), lambda table: False)
    made = writable_types.kind_of(select.expressions[0].this)
    if made is not None and _family(made) in _REFUSED[_family(kind)]:
        raise errors.compilation(
            errors.DEFAULT_TYPE,
            f"Default value data type does not match data type for column {name}",
        )


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
    if _family(made) not in _CONSTANTS or _family(made) != _family(kind):
        raise writable_types.other_type(kind, bare, name)


def _family(kind: exp.DataType) -> str:
    return "VARCHAR" if kind.this in TEXT_TYPES else writable_types.family(kind)
