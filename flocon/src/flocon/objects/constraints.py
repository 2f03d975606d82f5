"""Constraints that Snowflake records and does not enforce: the engine must not see them.

https://docs.snowflake.com/en/sql-reference/constraints-overview
"""

from sqlglot import exp

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
    """Leave out primary, unique and foreign keys."""
    schema = tree.this
    if not isinstance(schema, exp.Schema):
        return
    schema.set("expressions", [e for e in schema.expressions if not isinstance(e, _OF_TABLES)])
    for column in schema.find_all(exp.ColumnDef):
        kept = [c for c in column.constraints if not isinstance(c.kind, OF_COLUMNS)]
        column.set("constraints", kept)
