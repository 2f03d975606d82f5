"""Aggregate and window functions, positions and columns where they may not stand, in Snowflake's
words.

The engine finds them. Which one it is, with whose its columns are, is looked up when it has.

https://docs.snowflake.com/en/sql-reference/functions-aggregation
https://docs.snowflake.com/en/sql-reference/functions-window-syntax
https://docs.snowflake.com/en/sql-reference/constructs/group-by
"""

import contextlib
import re
from collections.abc import Iterator

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.core.errors import Code, SnowflakeError
from flocon.engine.conditions import CLAUSES
from flocon.engine.expression_types import IsView, name_owners
from flocon.engine.failure_texts import Misplaced
from flocon.engine.types import Columns

_OUTSIDE = "Window function [{}] appears outside of SELECT, QUALIFY, and ORDER BY clauses."
_WITHIN = "Window function [{}] may not appear inside an aggregate function."
_NEITHER = "in select clause is neither an aggregate nor in the group by clause."
_NO_GROUP = "[{}] is not a valid group by expression"
# What stands around a function whose OVER is behind it.
_AROUND = (exp.Filter, exp.IgnoreNulls, exp.RespectNulls, exp.WithinGroup)
_UNGROUPED = re.compile(r"SQL compilation error:\n'(.+)' in select clause is neither", re.DOTALL)
# What a condition is that is no BOOLEAN, of a clause and of a CASE.
_CONDITION = re.compile(
    r" for predicate \[(.+)\]$|Can not convert parameter '(.+)' of type ", re.DOTALL
)


def explain(error: SnowflakeError, tree: Expr, columns: Columns, is_view: IsView) -> None:
    """Let an error about a statement, whose names are full, say what it is that may not stand
    there. It stays as it is where that is not found.

    columns, is_view: as `expression_types.annotate` takes them.
    """
    ungrouped = _UNGROUPED.match(error.message) if error.errno == errors.UNGROUPED.errno else None
    is_condition = error.errno in (errors.UNSUPPORTED.errno, errors.PARAMETER_TYPE.errno)
    condition = _CONDITION.search(error.message) if is_condition else None
    if not (ungrouped or condition or isinstance(error, Misplaced)):
        return
    tree, written = tree.copy(), condition and (condition[1] or condition[2])
    named = [each for each in _truths(tree) if each.sql("snowflake") == written] if written else []
    # The statement has failed already: what else is wrong with it is not said.
    with contextlib.suppress(SnowflakeError):
        name_owners(tree, columns, is_view)
    if written:
        for quotes in ("[{}]", "'{}'") if named else ():
            said = quotes.format(_shown(named[0]))
            error.message = error.message.replace(quotes.format(written), said)
        return
    for query in tree.find_all(exp.Select, exp.Update, exp.Delete, exp.Merge, exp.Insert):
        most = error.most if isinstance(error, Misplaced) else None
        found = _of_column(query, ungrouped[1]) if ungrouped else next(_in(query, most), None)
        if found is not None:
            code, text = found
            error.errno, error.sqlstate = code
            error.message = f"SQL compilation error:\n{text}"
            return


def _truths(tree: Expr) -> Iterator[Expr]:
    """The conditions of a statement's clauses and of CASE."""
    clauses = {**CLAUSES, exp.If: "this"}
    for node in tree.walk():
        if type(node) in clauses and (condition := node.args.get(clauses[type(node)])):
            yield condition.unnest()


def _in(query: Expr, most: int | None) -> Iterator[tuple[Code, str]]:
    """What a query has where it may not be, in the order in which Snowflake says it. most: so many
    values has the query with a position that has none."""
    yield from _in_changes(query)
    aliases = {each.alias: each.this for each in query.expressions if each.alias}
    for clause, name in _conditions(query):
        for node in _own(clause):
            meant = aliases.get(node.name) if isinstance(node, exp.Column) else None
            if meant is not None and not node.text("table"):
                yield from _in_alias(node.name, meant)
            if _is_aggregate(node):
                text = f"Invalid aggregate function in {name} clause [{_shown(node)}]"
                yield errors.UNSUPPORTED, text
            elif isinstance(node, exp.Window):
                yield errors.UNSUPPORTED, _OUTSIDE.format(_shown(node))
    yield from _in_groups(query, most)
    for node in _own(query.args.get("having") if _is_grouped(query) else None):
        if isinstance(node, exp.Window):
            yield errors.GROUP_BY_EXPRESSION, _NO_GROUP.format(_shown(node))
    yield from _nested(query)
    order = query.args.get("order")
    for key in order.expressions if order else ():
        place = _place(key.this)
        if place is not None and most is not None and not 1 <= place <= most:
            text = f"[{key.this.sql('snowflake')}] is not a valid order by expression"
            yield errors.COMPILATION, text


def _in_alias(name: str, value: Expr) -> Iterator[tuple[Code, str]]:
    """Of a value that a condition calls by its name."""
    nodes = list(_own(value))
    if any(isinstance(node, exp.AggFunc) and not _is_rank(node) for node in nodes):
        text = f"aggregate function alias '{name}' cannot be used in the WHERE clause"
        yield errors.UNSUPPORTED, text
    for node in nodes:
        if isinstance(node, exp.Window):
            yield errors.UNSUPPORTED, _OUTSIDE.format(_shown(node))


def _is_rank(node: Expr) -> bool:
    return isinstance(node, exp.CumeDist | exp.DenseRank | exp.Ntile | exp.PercentRank | exp.Rank)


def _in_changes(query: Expr) -> Iterator[tuple[Code, str]]:
    if isinstance(query, exp.Update) and isinstance(query.parent, exp.When | None):
        # https://docs.snowflake.com/en/sql-reference/sql/update
        nodes = [node for each in query.expressions for node in _own(each)]
        if any(isinstance(node, exp.Window) for node in nodes):
            yield errors.UNSUPPORTED, "Analytic function not allowed as target of UPDATE."
        if any(map(_is_aggregate, nodes)):
            yield errors.GROUP_BY_EXPRESSION, _NO_GROUP.format("PSEUDOCOLUMN(VOL_ID)")
    if isinstance(query, exp.Insert) and isinstance(query.expression, exp.Values):
        for row in query.expression.expressions:
            for value in row.expressions:
                if any(_is_aggregate(node) or isinstance(node, exp.Window) for node in _own(value)):
                    text = f"Invalid expression [{_shown(value)}] in VALUES clause"
                    yield errors.VALUES_EXPRESSION, text


def _conditions(query: Expr) -> Iterator[tuple[Expr | None, str]]:
    yield query.args.get("where"), "where"
    if not _is_grouped(query):
        yield query.args.get("having"), "where"
    for join in query.args.get("joins") or ():
        yield join.args.get("on"), "ON"
    if isinstance(query, exp.Merge):
        yield query.args.get("on"), "ON"


def _is_grouped(query: Expr) -> bool:
    if query.args.get("group"):
        return True
    parts = (*query.expressions, query.args.get("having"))
    return any(_is_aggregate(node) for part in parts for node in _own(part))


def _in_groups(query: Expr, most: int | None) -> Iterator[tuple[Code, str]]:
    group = query.args.get("group")
    keys = [key for each in group.iter_expressions() for key in _keys(each)] if group else []
    for key in keys:
        if (place := _place(key)) is not None:
            if most is not None and not 1 <= place <= most:
                yield errors.GROUP_BY_EXPRESSION, _NO_GROUP.format(key.sql("snowflake"))
            if query.is_star or not 1 <= place <= len(query.expressions):
                continue
            key = query.expressions[place - 1].unalias()
        elif isinstance(key, exp.Column):
            aliases = {each.alias: each.this for each in query.expressions if each.alias}
            key = aliases.get(key.name, key)
        for node in _own(key):
            if _is_aggregate(node):
                yield errors.GROUP_BY_EXPRESSION, _NO_GROUP.format(_shown(node))
            elif isinstance(node, exp.Window):
                yield errors.UNSUPPORTED, _OUTSIDE.format(_shown(node))


def _keys(group: Expr) -> list[Expr]:
    """Those of a GROUP BY, also in ROLLUP, CUBE and GROUPING SETS."""
    if isinstance(group, exp.Cube | exp.GroupingSets | exp.Rollup | exp.Tuple):
        return [key for each in group.expressions for key in _keys(each)]
    return [group.unnest()]


def _place(key: Expr) -> int | None:
    """The place in the list of values that a key is, if it is one."""
    sign = -1 if isinstance(key, exp.Neg) else 1
    number = key.this if isinstance(key, exp.Neg) else key
    return sign * int(number.name) if isinstance(number, exp.Literal) and number.is_int else None


def _nested(query: Expr) -> Iterator[tuple[Code, str]]:
    for part in query.args.values():
        for each in part if isinstance(part, list) else [part]:
            for node in _own(each if isinstance(each, Expr) else None):
                outer = _outer(node)
                if outer is None:
                    continue
                if isinstance(node, exp.Window):
                    yield errors.UNSUPPORTED, _WITHIN.format(_shown(node))
                elif _is_aggregate(node):
                    text = f"Aggregate functions cannot be nested: [{_shown(node)}] nested in"
                    yield errors.UNSUPPORTED, f"{text} [{_shown(outer)}]"


def _outer(node: Expr) -> Expr | None:
    """The aggregate function of the same query that it is in."""
    parent = node.parent
    while parent is not None and not isinstance(parent, exp.Query | exp.Window):
        if _is_aggregate(parent):
            return parent
        parent = parent.parent
    return None


def _of_column(query: Expr, name: str) -> tuple[Code, str] | None:
    """What Snowflake says of a column that is in no group: by the clause that it is in."""
    if not isinstance(query, exp.Select):
        return None
    group = query.args.get("group")
    keys = [key for each in group.iter_expressions() for key in _keys(each)] if group else []
    for clause in ("expressions", "having", "order"):
        part = query.args.get(clause)
        for each in part if isinstance(part, list) else [part]:
            for node in _own(each):
                if not isinstance(node, exp.Column) or node.name != name or node in keys:
                    continue
                if any(parent in keys or _is_aggregate(parent) for parent in _above(node)):
                    continue
                shown = _shown(node)
                if clause == "order":
                    return errors.COMPILATION, f"[{shown}] is not a valid order by expression"
                if clause == "expressions" and group:
                    return errors.UNGROUPED, f"'{shown}' {_NEITHER}"
                return errors.GROUP_BY_EXPRESSION, _NO_GROUP.format(shown)
    source = query.args["from_"].this.alias_or_name if query.args.get("from_") else ""
    if group and source and query.is_star and not query.args.get("joins"):
        return errors.UNGROUPED, f"'{source}.{name}' {_NEITHER}"
    return None


def _above(node: Expr) -> Iterator[Expr]:
    parent = node.parent
    while parent is not None and not isinstance(parent, exp.Query):
        yield parent
        parent = parent.parent


def _own(part: Expr | None) -> Iterator[Expr]:
    """The nodes of a clause that are none of another query, as they are written."""
    if part is None or isinstance(part, exp.Query):
        return
    yield from (
        node
        for node in part.walk(bfs=False, prune=lambda each: isinstance(each, exp.Query))
        if not isinstance(node, exp.Query)
    )


def _is_aggregate(node: Expr) -> bool:
    if not isinstance(node, exp.AggFunc):
        return False
    while isinstance(node.parent, _AROUND) and node.arg_key == "this":
        node = node.parent
    return not (isinstance(node.parent, exp.Window) and node.arg_key == "this")


def _shown(node: Expr) -> str:
    """As Snowflake says it: its order with what goes without saying, its columns by their
    sources."""
    copy = node.copy()
    for column in copy.find_all(exp.Column):
        column.set("catalog", None)
        column.set("db", None)
    for key in copy.find_all(exp.Ordered):
        way = "DESC" if key.args.get("desc") else "ASC"
        nulls = "FIRST" if key.args.get("nulls_first") else "LAST"
        key.replace(exp.var(f"{key.this.sql('snowflake')} {way} NULLS {nulls}"))
    return _PLAIN.sub(lambda found: found[1] or found[2], copy.sql("snowflake"))


# What is in quotes that it does not need, and not a text.
_PLAIN = re.compile(r"""('(?:[^']|'')*')|"([A-Z_][A-Z0-9_$]*)\"""")
