"""Scalar subqueries that are computed ahead of the rows of their query.

https://docs.snowflake.com/en/user-guide/querying-subqueries
"""

import contextlib
from collections.abc import Iterator

from sqlglot import Expr, exp

from flocon.core.errors import SnowflakeError
from flocon.engine.expression_types import IsView, name_owners
from flocon.engine.failure_texts import SEVERAL_ROWS, SINGLE_ROW
from flocon.engine.types import Columns

_WITHOUT = (exp.Column, exp.Literal, exp.Star)
# What computes some of its operands only; and what takes a query of several rows.
_CHOOSING = (exp.Case, exp.Coalesce, exp.DecodeCase, exp.If, exp.Nvl2)
_OF_MANY = (exp.All, exp.Any, exp.Exists, exp.In)


def ahead(select: exp.Select, columns: Columns, is_view: IsView) -> Iterator[exp.Subquery]:
    """Those among its values that read no row of the query: each is asked once. They are copies.

    columns, is_view: as `expression_types.annotate` takes them.
    """
    if not any(_within(value) for value in select.expressions):
        return
    copy = select.copy()
    # The statement has been carried out: what cannot be told of its columns leaves them out.
    with contextlib.suppress(SnowflakeError):
        name_owners(copy, columns, is_view)
    for value, named in zip(select.expressions, copy.expressions, strict=True):
        for subquery, known in zip(_within(value), _within(named), strict=True):
            own = {source.alias_or_name for source in known.find_all(*_SOURCES)}
            read = [column for column in known.find_all(exp.Column) if not column.is_star]
            if all(column.table in own for column in read):
                yield subquery.copy()


_SOURCES = (exp.CTE, exp.Lateral, exp.Subquery, exp.Table, exp.Values)


def _within(value: Expr) -> list[exp.Subquery]:
    """The subqueries of an expression that it always asks."""
    if type(value.unalias()) in _WITHOUT:
        return []
    nodes = value.walk(prune=lambda each: isinstance(each, (*_CHOOSING, *_OF_MANY, exp.Query)))
    return [node for node in nodes if isinstance(node, exp.Subquery)]


def several_rows() -> SnowflakeError:
    return SnowflakeError(SINGLE_ROW, SEVERAL_ROWS)
