"""What the columns of a query are called that have no alias: by their text, in upper case.

https://docs.snowflake.com/en/sql-reference/sql/select
"""

import re
from collections.abc import Iterator, Sequence

from sqlglot import Expr, exp
from sqlglot.dialects.snowflake import Snowflake
from sqlglot.tokens import Token, TokenType

from flocon.core import errors

_WRITTEN = "written"
_OPENING = (TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE)
_CLOSING = (TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE)
_BEHIND = {
    TokenType.FROM, TokenType.WHERE, TokenType.GROUP_BY, TokenType.HAVING, TokenType.QUALIFY,
    TokenType.ORDER_BY, TokenType.LIMIT, TokenType.FETCH, TokenType.OFFSET, TokenType.UNION,
    TokenType.EXCEPT, TokenType.INTERSECT, TokenType.SEMICOLON, TokenType.INTO,
}  # fmt: skip
Span = tuple[int, int]


def keep_texts(tree: Expr, sql: str) -> None:
    """Note at the values of queries without an alias how they are written."""
    selects = [
        select for select in tree.find_all(exp.Select) if any(map(_is_unnamed, select.expressions))
    ]
    if not selects:
        return
    lists = list(_lists(sql))
    for select in selects:
        found = _list_of(select, lists)
        for value, (start, end) in zip(select.expressions, found or (), strict=False):
            if _is_unnamed(value):
                value.meta[_WRITTEN] = sql[start:end].replace("? ::", "?::")


def _lists(sql: str) -> Iterator[list[Span]]:
    """Where in a text the values of its queries are, query by query."""
    tokens = Snowflake().tokenize(sql)
    for place, token in enumerate(tokens):
        if token.token_type == TokenType.SELECT:
            yield list(_values(tokens[place + 1 :]))


def _values(tokens: Sequence[Token]) -> Iterator[Span]:
    depth, first, last = 0, None, None
    for token in tokens:
        kind = token.token_type
        if (kind in _CLOSING and not depth) or (kind in _BEHIND and not depth):
            break
        depth += (kind in _OPENING) - (kind in _CLOSING)
        if first is None and kind in (TokenType.DISTINCT, TokenType.ALL):
            continue
        if kind == TokenType.COMMA and not depth:
            if first and last:
                yield first.start, last.end + 1
            first = last = None
        else:
            first, last = first or token, token
    if first and last:
        yield first.start, last.end + 1


def _list_of(select: exp.Select, lists: Sequence[list[Span]]) -> list[Span] | None:
    """The list that a query's values are written in: the widest of those that have them all."""
    positions = [list(_positions(value)) for value in select.expressions]
    fitting = [
        spans
        for spans in lists
        if len(spans) == len(positions)
        and all(
            start <= position < end
            for (start, end), found in zip(spans, positions, strict=True)
            for position in found
        )
    ]
    if not any(positions) and len(fitting) > 1:
        return None
    return max(fitting, key=lambda spans: spans[-1][1] - spans[0][0], default=None)


def _positions(value: Expr) -> Iterator[int]:
    return (node.meta["start"] for node in value.walk() if "start" in node.meta)


_NAMED = (exp.Alias, exp.Column, exp.Star, exp.Aliases, exp.Parameter)


def _is_unnamed(value: Expr) -> bool:
    if isinstance(value, exp.Subquery) and value.alias:
        return False
    return not isinstance(value, _NAMED)


def name(tree: Expr) -> Expr:
    """The query, and those that it reads from, with names for their columns."""
    inner = [
        node.this
        for node in tree.find_all(exp.Subquery, exp.CTE)
        if isinstance(node, exp.CTE) or isinstance(node.parent, exp.From | exp.Join)
    ]
    for query in (tree, *inner):
        select = _first(query)
        if isinstance(select, exp.Select):
            select.set("expressions", [_named(value) for value in select.expressions])
    return tree


def name_view(tree: Expr) -> None:
    """The same for a new view's query, whose columns must have names: raises 002022.

    https://docs.snowflake.com/en/sql-reference/sql/create-view
    """
    select = _first(tree.expression)
    listed = isinstance(tree.this, exp.Schema)
    if not listed and isinstance(select, exp.Select) and any(map(_is_unnamed, select.expressions)):
        raise errors.compilation(errors.MISSING_COLUMN, "Missing column specification")
    name(tree.expression)


def _first(tree: Expr) -> Expr:
    """The query that names the columns."""
    while isinstance(tree, exp.SetOperation | exp.Subquery):
        tree = tree.this
    return tree


def _named(value: Expr) -> Expr:
    if not _is_unnamed(value):
        return value
    text = value.meta.get(_WRITTEN) or _written(value)
    return exp.alias_(value, text.upper(), quoted=True)


def _written(value: Expr) -> str:
    """A value as SQLGlot writes it, where its text is not known."""
    text = value.sql(dialect="snowflake", comments=False)
    if isinstance(value, exp.CurrentDate | exp.CurrentTime):
        text = f"{text}()"
    return text if isinstance(value, exp.Literal) else re.sub(r":b\d+\b", "?", _with_signs(text))


_CAST = re.compile(r"\bCAST\(((?:[^()]|\([^()]*\))+?) AS (\w+(?:\([\d, ]+\))?)\)")


def _with_signs(text: str) -> str:
    """CAST(x AS T) as x::T, innermost first."""
    while (shorter := _CAST.sub(r"\1::\2", text)) != text:
        text = shorter
    return text
