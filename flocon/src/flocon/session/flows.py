"""Statements in a row, the answer of one read by those behind it: a ->> b.

https://docs.snowflake.com/en/sql-reference/operators-flow
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlglot.tokens import Token, TokenType

from flocon.core import errors
from flocon.core.errors import SnowflakeError
from flocon.core.result import Result
from flocon.sql.tokens import tokenize
from flocon.stores.queries import Query, QueryStore

_SOURCE = (TokenType.FROM, TokenType.JOIN, TokenType.USING)
_TEXTS = (TokenType.STRING, TokenType.IDENTIFIER, TokenType.RAW_STRING)


def parts(text: str) -> list[list[Token]]:
    """The statements' tokens; one where there is no operator in the text."""
    found: list[list[Token]] = [[]]
    for token in tokenize(text):
        if token.text == "->>" and token.token_type not in _TEXTS:
            found.append([])
        elif token.token_type != TokenType.SEMICOLON:
            found[-1].append(token)
    if not all(found):
        raise errors.compilation(errors.SYNTAX, "syntax error: unexpected '->>'.")
    return found


def execute(
    run: Callable[..., Result],
    open_query: Callable[[], Query],
    queries: QueryStore,
    text: str,
    found: Sequence[Sequence[Token]],
    binds: Sequence[Any],
) -> tuple[str, Sequence[Any]]:
    """Run all but the last one, each under an id of its own; returns the last one's text, and its
    binds."""
    ids: list[str] = []
    rest = list(binds)
    for tokens in found[:-1]:
        sql, taken = _part(text, tokens, ids, rest)
        query = open_query()
        outcome: Result | SnowflakeError | None = None
        try:
            outcome = run(sql, taken, query_id=query.id)
        finally:
            queries.close(query, outcome)
        ids.append(query.id)
    return _part(text, found[-1], ids, rest)


def _part(
    text: str, tokens: Sequence[Token], ids: Sequence[str], binds: list[Any]
) -> tuple[str, list[Any]]:
    """A statement's text, with RESULT_SCAN where it reads one before it, and its binds."""
    marks = sum(t.text.startswith("?") and t.token_type not in _TEXTS for t in tokens)
    taken, binds[:] = binds[:marks], binds[marks:]
    pieces, end = [], tokens[0].start
    for before, sign, number in zip(tokens, tokens[1:], tokens[2:], strict=False):
        reads = before.token_type in _SOURCE and sign.token_type == TokenType.PARAMETER
        if reads and number.text.isdigit():
            if not 0 < int(number.text) <= len(ids):
                raise errors.compilation(
                    errors.SYNTAX, f"no statement ${number.text} before this one"
                )
            pieces += [text[end : sign.start], f"TABLE(RESULT_SCAN('{ids[-int(number.text)]}'))"]
            end = number.end + 1
    return "".join((*pieces, text[end : tokens[-1].end + 1])), taken
