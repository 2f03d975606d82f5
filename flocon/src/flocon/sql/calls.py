"""CALL: tokens in, the text of each argument out."""

from dataclasses import dataclass, field

from sqlglot.tokens import TokenType

from flocon.core import errors
from flocon.sql.procedures import CreateProcedure, anonymous
from flocon.sql.tokens import CLOSING, OPENING, Name, Tokens


@dataclass(frozen=True)
class CallProcedure:
    """CALL: each argument is the text of its expression; the named ones follow the others."""

    name: Name
    positional: tuple[str, ...] = ()
    named: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class CallAnonymous:
    """A procedure that is there for one call."""

    procedure: CreateProcedure
    call: CallProcedure


def call_anonymous(tokens: Tokens) -> CallAnonymous:
    """WITH name AS PROCEDURE (…) … CALL name(…).

    https://docs.snowflake.com/en/sql-reference/sql/call-with
    """
    procedure = anonymous(tokens)
    call = call_procedure(tokens)
    if call.name != procedure.name:
        raise errors.compilation(
            errors.SYNTAX, f"The procedure that is called must be {procedure.name.name}."
        )
    return CallAnonymous(procedure, call)


def call_procedure(tokens: Tokens) -> CallProcedure:
    """CALL name(expression, …, name => expression, …)."""
    tokens.expect("CALL")
    name = tokens.name()
    statement = _call_arguments(name, Tokens(tokens.parenthesized()))
    if tokens.peek("INTO"):
        raise errors.unsupported("CALL … INTO")
    tokens.end()
    return statement


def _call_arguments(name: Name, tokens: Tokens) -> CallProcedure:
    positional: list[str] = []
    named: dict[str, str] = {}
    while not tokens.done:
        if positional or named:
            tokens.expect(",")
        key, text = _call_argument(tokens)
        if key is None and named:
            raise errors.compilation(
                errors.SYNTAX, "Positional arguments must come before named arguments."
            )
        if key is None:
            positional.append(text)
        elif key in named:
            raise errors.compilation(errors.DUPLICATE_PARAMETER, f"Duplicate argument '{key}'.")
        else:
            named[key] = text
    return CallProcedure(name, tuple(positional), named)


def _call_argument(tokens: Tokens) -> tuple[str | None, str]:
    """One argument up to its comma, and the name before its '=>' if it has one."""
    first = tokens.current
    start, end, depth = first.start, first.start, 0
    key: str | None = None
    while not tokens.done and (depth or not tokens.peek(",")):
        token = tokens.next()
        if token.token_type == TokenType.FARROW and end == first.end + 1:
            quoted = first.token_type == TokenType.IDENTIFIER
            key = first.text if quoted else first.text.upper()
            start = end = tokens.current.start
            continue
        depth += (token.token_type in OPENING) - (token.token_type in CLOSING)
        end = token.end + 1
    if end == start:
        raise tokens.unexpected()
    return key, tokens.text[start:end]
