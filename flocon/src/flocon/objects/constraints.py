"""Constraints that Snowflake records and does not enforce: the engine must not see them.

https://docs.snowflake.com/en/sql-reference/constraints-overview
"""

from sqlglot import Expr, exp

_OF_TABLES = (
    exp.PrimaryKey,
    exp.ForeignKey,
    exp.UniqueColumnConstraint,
    exp.Constraint,
)
OF_COLUMNS = (
    exp.PrimaryKeyColumnConstraint,
    exp.UniqueColumnConstraint,
    exp.Reference,
)


def strip(tree: exp.Create) -> None:
    """Leave out primary, unique and foreign keys. The columns of a primary key take no NULL."""
    schema = tree.this
    if not isinstance(schema, exp.Schema):
        return
    for column in _primary(schema):
        _set_not_null(column)
    schema.set("expressions", [e for e in schema.expressions if not isinstance(e, _OF_TABLES)])
    for column in schema.find_all(exp.ColumnDef):
        strip_column(column)


def strip_added(column: exp.ColumnDef) -> None:
    """The same of a column that is added to a table."""
    if _is_primary(column):
        _set_not_null(column)
    strip_column(column)


def strip_column(column: exp.ColumnDef) -> None:
    kept = [c for c in column.constraints if not isinstance(c.kind, OF_COLUMNS)]
    column.set("constraints", kept)


_NULLS = exp.NotNullColumnConstraint


def _primary(schema: exp.Schema) -> list[exp.ColumnDef]:
    """The columns of the primary key."""
    named = {part.name for key in schema.find_all(exp.PrimaryKey) for part in columns_of(key)}
    return [
        column
        for column in schema.find_all(exp.ColumnDef)
        if column.name in named or _is_primary(column)
    ]


def _is_primary(column: exp.ColumnDef) -> bool:
    return any(isinstance(c.kind, exp.PrimaryKeyColumnConstraint) for c in column.constraints)


def _set_not_null(column: exp.ColumnDef) -> None:
    others = [c for c in column.constraints if not isinstance(c.kind, _NULLS)]
    column.set("constraints", [*others, exp.ColumnConstraint(kind=_NULLS())])


def columns_of(key: Expr) -> list[Expr]:
    """What names the columns of a key that is written apart from them."""
    return [part.this if isinstance(part, exp.Ordered) else part for part in key.expressions]
