"""What rows are in order by that Snowflake does not take, and the engine does."""

from collections.abc import Sequence

from sqlglot import Expr, exp

from flocon.core import errors


def check_distinct(select: exp.Select) -> None:
    """Raises 001007 for an ORDER BY of what is not among a SELECT DISTINCT's columns.

    https://docs.snowflake.com/en/sql-reference/constructs/order-by
    """
    distinct, order = select.args.get("distinct"), select.args.get("order")
    if distinct is None or order is None or distinct.args.get("on"):
        return
    if any(column.is_star or column.find(exp.Star) for column in select.expressions):
        return
    names = {column.alias_or_name.upper() for column in select.expressions}
    given = [column.unalias().unnest() for column in select.expressions]
    for ordered in order.expressions:
        _check(ordered.this, given, names, select)


def _check(value: Expr, given: Sequence[Expr], names: set[str], select: exp.Select) -> None:
    """Raises 001007 where a part is no column of the query's, and no constant."""
    if isinstance(value, exp.Query) or any(_are_same(value, each) for each in given):
        return
    if isinstance(value, exp.Column):
        if value.name.upper() in names:
            return
    elif not isinstance(value, exp.AggFunc | exp.Window):
        for part in value.iter_expressions():
            _check(part, given, names, select)
        return
    raise errors.compilation(
        errors.COMPILATION, f"[{_shown(value, select)}] is not a valid order by expression"
    )


def _are_same(value: Expr, given: Expr) -> bool:
    if isinstance(value, exp.Column) and isinstance(given, exp.Column):
        tables = (value.table.upper(), given.table.upper())
        return value.name.upper() == given.name.upper() and ("" in tables or tables[0] == tables[1])
    return value == given


def _shown(value: Expr, select: exp.Select) -> str:
    if not isinstance(value, exp.Column):
        return value.sql(dialect="snowflake")
    source = select.args.get("from_")
    table = value.table or (source.alias_or_name if source and not select.args.get("joins") else "")
    return ".".join(filter(None, (table, value.name))).upper()
