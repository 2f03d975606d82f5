"""What the columns of a PIVOT are called: as its values are written, or by their names.

https://docs.snowflake.com/en/sql-reference/constructs/pivot
"""

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine.marked_names import marked, unmarked


def name_columns(pivot: exp.Pivot) -> None:
    """Give the values of a PIVOT their names, in place."""
    if len(pivot.expressions) > 1:
        raise errors.compilation(errors.SYNTAX, "syntax error: PIVOT takes one aggregate")
    for field in pivot.args.get("fields") or ():
        if isinstance(field, exp.In):
            values = [_named_cast(each) for each in field.expressions]
            if any(isinstance(each, exp.PivotAlias) for each in values):
                # Beside a value with a name SQLGlot gives the others names of its own.
                values = [_named(each) for each in values]
                pivot.set("columns", None)
            field.set("expressions", values)


def name_values(unpivot: exp.Pivot) -> None:
    """The values of an UNPIVOT are the names of its columns, or what these are called, in place.

    https://docs.snowflake.com/en/sql-reference/constructs/unpivot
    """
    for field in unpivot.args.get("fields") or ():
        for column in field.expressions if isinstance(field, exp.In) else ():
            alias = column.args.get("alias")
            called = unmarked((alias or column).name)
            if isinstance(column, exp.PivotAlias):
                column.set("alias", exp.to_identifier(called, quoted=True))
            elif called != column.name:
                name = exp.to_identifier(called, quoted=True)
                column.replace(exp.PivotAlias(this=column.copy(), alias=name))


def name_of(value: Expr) -> exp.Identifier:
    """What the column of a value is called."""
    if isinstance(value, exp.PivotAlias):
        name: exp.Identifier = value.args["alias"].copy()
        return name
    return exp.to_identifier(marked(value.sql("snowflake")), quoted=True)


def _named(value: Expr) -> Expr:
    if isinstance(value, exp.PivotAlias):
        return value
    return exp.PivotAlias(this=value, alias=name_of(value))


def _named_cast(written: Expr) -> Expr:
    """The column of 1::INT is called CAST(1 AS NUMBER(38,0)), that of DATE '2026-01-31'
    TO_DATE('2026-01-31')."""
    kind = written.to.this if isinstance(written, exp.Cast) else None
    if kind in exp.DataType.INTEGER_TYPES:
        text = f"CAST({written.this.sql('snowflake')} AS NUMBER(38,0))"
    elif kind == exp.DType.DATE:
        text = f"TO_DATE({written.this.sql('snowflake')})"
    else:
        return written
    return exp.PivotAlias(this=written, alias=exp.to_identifier(marked(text), quoted=True))
