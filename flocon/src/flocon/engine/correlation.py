"""Subqueries that read a row of the query around them: which of these Snowflake carries out.

https://docs.snowflake.com/en/user-guide/querying-subqueries
"""

from collections.abc import Callable, Iterator

from sqlglot import Expr, exp

from flocon.core import errors

IsOuter = Callable[[exp.Column], bool]
# In the meta of a query: it is the call of a function in SQL.
IS_CALL = "is_call"

_NUMBER = errors.Code(2031, "42601")
_COMPARISONS = (
    exp.EQ, exp.GT, exp.GTE, exp.ILike, exp.Is, exp.Like, exp.LT, exp.LTE, exp.NEQ,
    exp.NullSafeEQ, exp.NullSafeNEQ,
)  # fmt: skip
# What NOT is part of, as in `IS NOT NULL`.
_NEGATED = (exp.Between, exp.Exists, exp.ILike, exp.In, exp.Is, exp.Like)


def check(query: exp.Query, is_outer: IsOuter) -> None:
    """Raises 002031 for one that stands in an expression and is none of these. As a value it has to
    be one row by its form: an aggregate without GROUP BY. None has a LIMIT or is a UNION, and a
    condition compares what is of the rows around with what is of its own."""
    if not any(is_outer(column) for column in query.find_all(exp.Column)):
        return
    select = query.unnest()
    if select.meta.get(IS_CALL):
        return
    is_value = not isinstance(query.parent, exp.All | exp.Any | exp.Exists | exp.In)
    if not isinstance(select, exp.Select) or (is_value and not _is_one_row(select, is_outer)):
        raise _unsupported()
    if select.args.get("from_") and any(select.args.get(k) for k in ("limit", "offset", "fetch")):
        raise _unsupported()
    for clause in ("where", "having"):
        if condition := select.args.get(clause):
            _check_condition(condition.this, is_outer)


def check_source(query: exp.Subquery, is_outer: IsOuter) -> None:
    """Raises 002031 for a LATERAL one that leaves out some of the rows that belong to a row."""
    limits = any(query.unnest().args.get(clause) for clause in ("limit", "offset", "fetch"))
    if limits and any(is_outer(column) for column in query.find_all(exp.Column)):
        raise _unsupported()


def check_join(join: exp.Join) -> None:
    """Of a LATERAL query. Raises 002031 for one without FROM that is joined outside by a condition.
    Without a condition the join is no outer one.

    https://docs.snowflake.com/en/sql-reference/constructs/join-lateral
    """
    if join.side not in ("FULL", "LEFT"):
        return
    if not join.args.get("on"):
        join.set("side", None)
        join.set("kind", None)
    elif not join.this.this.unnest().args.get("from_"):
        raise _unsupported()


def _unsupported() -> errors.SnowflakeError:
    return errors.compilation(_NUMBER, "Unsupported subquery type cannot be evaluated")


def _is_one_row(select: exp.Select, is_outer: IsOuter) -> bool:
    if select.args.get("group"):
        return False
    aggregates = [
        node
        for value in select.expressions
        for node in _own(value)
        if isinstance(node, exp.AggFunc) and not isinstance(node.parent, exp.Window)
    ]
    if any(is_outer(column) for node in aggregates for column in node.find_all(exp.Column)):
        return False
    filters = any(select.args.get(clause) for clause in ("from_", "where", "having", "order"))
    return bool(aggregates) or not filters


def _own(part: Expr) -> Iterator[Expr]:
    """Without what is in other queries."""
    for node in part.walk(prune=lambda n: isinstance(n, exp.Query)):
        if not isinstance(node, exp.Query):
            yield node


def _check_condition(condition: Expr, is_outer: IsOuter) -> None:
    def sides(part: Expr) -> set[bool]:
        return {is_outer(node) for node in _own(part) if isinstance(node, exp.Column)}

    if isinstance(condition, exp.Paren):
        _check_condition(condition.this, is_outer)
    elif isinstance(condition, exp.And | exp.Or):
        _check_condition(condition.this, is_outer)
        _check_condition(condition.expression, is_outer)
    elif isinstance(condition, exp.Not) and isinstance(condition.this, _NEGATED):
        _check_condition(condition.this, is_outer)
    elif isinstance(condition, (*_COMPARISONS, exp.Between, exp.In)):
        if any(len(sides(operand)) > 1 for operand in condition.iter_expressions()):
            raise _unsupported()
    elif isinstance(condition, exp.Case | exp.Column | exp.Not) and True in sides(condition):
        raise _unsupported()
