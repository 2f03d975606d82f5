"""EXECUTE IMMEDIATE: tokens in, a dataclass out.

https://docs.snowflake.com/en/sql-reference/sql/execute-immediate
https://docs.snowflake.com/en/sql-reference/sql/execute-immediate-from
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlglot.tokens import TokenType

from flocon.core import errors
from flocon.sql.tokens import Tokens

_FROM = re.compile(
    r"EXECUTE\s+IMMEDIATE\s+FROM\s+('(?:[^'\\]|''|\\.)*'|[^\s(;]+)\s*(.*)", re.S | re.I
)
_CONSTANTS = {"TRUE": True, "FALSE": False, "NULL": None}


@dataclass(frozen=True)
class ExecuteImmediate:
    """The text of one statement, or the place in a stage of a file with any number of them.
    variables: what the file, a template, gets; None where it has no USING."""

    text: str = ""
    location: str = ""
    variables: Mapping[str, Any] | None = field(default=None)


def read(tokens: Tokens) -> ExecuteImmediate:
    """EXECUTE IMMEDIATE {'…' | FROM place [USING (name => value, …)]}"""
    begin = tokens.current.start
    tokens.expect("EXECUTE", "IMMEDIATE")
    if tokens.accept("FROM"):
        match = _FROM.fullmatch(tokens.text[begin:].rstrip().rstrip(";").rstrip())
        if match is None:
            raise tokens.unexpected()
        return ExecuteImmediate(location=match[1], variables=_variables(Tokens(match[2])))
    if tokens.done or tokens.current.token_type not in _TEXTS:
        raise errors.unsupported(f"EXECUTE IMMEDIATE of a variable: {tokens.rest()}")
    text = tokens.string()
    if tokens.peek("USING"):
        raise errors.unsupported("EXECUTE IMMEDIATE … USING")
    tokens.end()
    return ExecuteImmediate(text)


_TEXTS = (TokenType.STRING, TokenType.RAW_STRING, TokenType.HEREDOC_STRING)


def _variables(tokens: Tokens) -> Mapping[str, Any] | None:
    if tokens.done:
        return None
    if not tokens.peek("USING"):
        raise errors.unsupported(f"EXECUTE IMMEDIATE FROM … {tokens.rest()}")
    tokens.expect("USING")
    found = dict(tokens.listed(_variable))
    tokens.end()
    return found


def _variable(tokens: Tokens) -> tuple[str, Any]:
    """Names keep their case: they are the template's, not SQL's."""
    name = tokens.next().text
    tokens.expect("=>")
    if tokens.current.token_type in _TEXTS:
        return name, tokens.string()
    negative = tokens.accept("-")
    token = tokens.next()
    if token.token_type == TokenType.NUMBER:
        value = float(token.text) if "." in token.text else int(token.text)
        return name, -value if negative else value
    if negative or token.text.upper() not in _CONSTANTS:
        raise errors.unsupported(f"EXECUTE IMMEDIATE FROM … USING {name} => {token.text}")
    return name, _CONSTANTS[token.text.upper()]
