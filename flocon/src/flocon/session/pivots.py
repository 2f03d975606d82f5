"""PIVOT on the values that are there: ANY, or those of a query.

https://docs.snowflake.com/en/sql-reference/constructs/pivot
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.core.result import Result
from flocon.core.timestamp_tz import ENGINE_TYPE
from flocon.engine import TEXT, Binds
from flocon.engine.marked_names import marked
from flocon.engine.pivoted_columns import name_columns, name_of
from flocon.engine.sources import give_ctes, rows_of
from flocon.session.context import Context
from flocon.session.names import qualify


def fill(context: Context, tree: Expr, binds: Binds) -> None:
    """Put the values in the place of ANY and of queries, and DEFAULT ON NULL around the columns."""
    # From the inside out: one may read what another one makes.
    for pivot in reversed(list(tree.find_all(exp.Pivot))):
        if pivot.args.get("unpivot"):
            continue
        if any(isinstance(each.unalias().this, exp.Star) for each in pivot.expressions):
            # Its grammar has a column there; the engine would group by all columns.
            raise errors.unsupported("COUNT(*) in a PIVOT: count a column")
        for field in pivot.args.get("fields") or ():
            if query := _query_of_values(pivot, field):
                tree.meta.pop(TEXT, None)
                answer = _values(context, query, binds)
                found = list(dict.fromkeys(value for (value,) in answer.rows()))
                zoned = answer.types == [ENGINE_TYPE]
                if not found:
                    raise errors.unsupported("PIVOT where there is no value")
                field.set("expressions", [_named(value, zoned=zoned) for value in found])
                pivot.set("columns", None)
        name_columns(pivot)
        default = pivot.args.get("default_on_null")
        if isinstance(default, Expr):
            tree.meta.pop(TEXT, None)
            _put_default(context, pivot, default)


def _query_of_values(pivot: exp.Pivot, field: Expr) -> exp.Query | None:
    written = field.expressions if isinstance(field, exp.In) else []
    if isinstance(field, exp.In) and (query := field.args.get("query")):
        written = [query.unnest()]
    if len(written) != 1:
        return None
    if isinstance(written[0], exp.Query):
        asked: exp.Query = written[0].copy()
        give_ctes(asked, pivot)
        return asked
    if not isinstance(written[0], exp.PivotAny):
        return None
    order = written[0].this or exp.Order(expressions=[exp.Ordered(this=field.this.copy())])
    assert pivot.parent is not None, "a pivot is of a source"
    rows = rows_of(pivot.parent, without_pivots=True)
    rows.set("expressions", [field.this.copy()])
    rows.set("order", order.copy())
    return rows.group_by(field.this.copy())


def _values(context: Context, query: exp.Query, binds: Binds) -> Result:
    qualify(context, query)
    answer = context.connection.query(query, binds)
    if len(answer.names) != 1:
        raise errors.compilation(errors.SYNTAX, "PIVOT takes a query of one column")
    return answer


def _named(value: Any, *, zoned: bool) -> exp.PivotAlias:
    """A value, and the column that it becomes: as a literal is written. zoned: it is a
    TIMESTAMP_TZ, if it is a moment."""
    literal = exp.convert(value)
    if isinstance(value, datetime) and value.tzinfo:
        moment = exp.Literal.string(value.isoformat(" "))
        kind = "TIMESTAMP_TZ" if zoned else "TIMESTAMP_LTZ"
        literal = exp.cast(moment, kind, dialect="snowflake")
    if isinstance(value, str):
        text = "'" + value.replace("'", "''") + "'"
    elif value is None:
        text = "NULL"
    elif isinstance(value, bool | int | float) or not hasattr(value, "isoformat"):
        text = str(value).upper()
    else:
        text = f"'{value}'"
    return exp.PivotAlias(this=literal, alias=exp.to_identifier(marked(text), quoted=True))


def _put_default(context: Context, pivot: exp.Pivot, default: Expr) -> None:
    """SELECT * REPLACE (coalesce(column, default) …) around what the pivot reads and makes."""
    (field,) = pivot.args["fields"]
    if len(pivot.expressions) != 1 or isinstance(pivot.expressions[0], exp.Alias):
        raise errors.unsupported("PIVOT … DEFAULT ON NULL of a named aggregate")
    names = [name_of(value) for value in field.expressions]
    pivot.set("default_on_null", None)
    source, alias = pivot.parent, pivot.args.get("alias")
    assert source is not None, "a pivot is of a source"
    pivot.set("alias", None)
    wider = _wider(context, source, default)
    changed = [
        exp.alias_(exp.func("COALESCE", wider(exp.column(name)), default.copy()), name)
        for name in names
    ]
    star = exp.Star(replace=changed)
    inner = source.copy()
    for key in ("joins", "laterals"):
        inner.set(key, None)
    query = exp.select(star).from_(inner)
    kept = {key: source.args.get(key) for key in ("joins", "laterals")}
    source.replace(exp.Subquery(this=query, alias=alias, **kept))


def _wider(context: Context, source: Expr, default: Expr) -> Callable[[exp.Column], Expr]:
    """Gives a column as many decimals as the default has: beside a number of 38 digits the engine
    would round the default.

    https://docs.snowflake.com/en/sql-reference/data-types-numeric
    """
    literal = default.this if isinstance(default, exp.Neg) else default
    if isinstance(literal, exp.Null) or (isinstance(literal, exp.Literal) and _is_plain(literal)):
        return lambda column: column
    made = rows_of(source)
    made.select(exp.alias_(default.copy(), _DEFAULT, quoted=True), copy=False)
    qualify(context, made)
    answer = context.connection.describe(made)
    scales = {
        name: int(match[1] or 0)
        for name, kind in zip(answer.names, answer.types, strict=True)
        if (match := _FIXED_POINT.fullmatch(kind))
    }
    wanted = scales.get(_DEFAULT, 0)

    def widened(column: exp.Column) -> Expr:
        if scales.get(column.name, wanted) >= wanted:
            return column
        return exp.cast(column, f"NUMBER(38, {wanted})", dialect="snowflake")

    return widened


def _is_plain(literal: exp.Literal) -> bool:
    return literal.is_string or literal.is_int


_DEFAULT = "$default"
_FIXED_POINT = re.compile(r"DECIMAL\(\d+,(\d+)\)|(?:TINY|SMALL|BIG|HUGE)?INT|INTEGER")
