"""What CREATE SEQUENCE and ALTER SEQUENCE say of a sequence.

https://docs.snowflake.com/en/sql-reference/sql/create-sequence
https://docs.snowflake.com/en/sql-reference/sql/alter-sequence
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flocon.core import errors
from flocon.sql.definitions import altered, commented, created
from flocon.sql.tokens import Name, Tokens

# How Snowflake calls them where they are given twice.
_START, _INCREMENT, _ORDER, _COMMENT = "SEQUENCE_START", "SEQUENCE_INCREMENT", "ORDER", "COMMENT"


@dataclass(frozen=True)
class AlterSequence:
    """What is None stays as it is."""

    name: Name
    if_exists: bool
    increment: int | None = None
    is_ordered: bool | None = None
    comment: str | None = None


def check_create(text: str) -> None:
    """Raises 001046 for what is said twice of a new sequence, 001003 for what is none."""
    tokens = Tokens(text)
    created(tokens, "SEQUENCE")
    tokens.accept("WITH")
    _options(tokens)


def read_alter(tokens: Tokens) -> AlterSequence:
    """ALTER SEQUENCE [IF EXISTS] name {[SET] INCREMENT [BY] [=] n |
    SET {ORDER | NOORDER | COMMENT = '…'} … | UNSET COMMENT}"""
    head = altered(tokens, "SEQUENCE")
    if tokens.peek("RENAME"):
        raise errors.unsupported("ALTER SEQUENCE … RENAME")
    if tokens.accept("UNSET", "COMMENT"):
        tokens.end()
        return AlterSequence(head.name, head.forgiving, comment="")
    if not tokens.accept("SET") and not tokens.peek("INCREMENT"):
        raise tokens.unexpected()
    if tokens.done:
        raise tokens.unexpected()
    said = _options(tokens)
    if _START in said:
        raise errors.compilation(errors.INVALID_PROPERTY, "invalid property 'START'")
    return AlterSequence(
        head.name,
        head.forgiving,
        increment=said.get(_INCREMENT),
        is_ordered=said.get(_ORDER),
        comment=said.get(_COMMENT),
    )


def read_comment(tokens: Tokens) -> AlterSequence:
    """COMMENT [IF EXISTS] ON SEQUENCE name IS '…'"""
    head = commented(tokens, "SEQUENCE")
    return AlterSequence(head.name, head.forgiving, comment=head.properties["COMMENT"])


def _options(tokens: Tokens) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while not tokens.done:
        value: Any
        if tokens.accept("START"):
            tokens.accept("WITH")
            name, value = _START, _number(tokens)
        elif tokens.accept("INCREMENT"):
            tokens.accept("BY")
            name, value = _INCREMENT, _number(tokens)
        elif tokens.peek_any("ORDER", "NOORDER"):
            name, value = _ORDER, tokens.word() == "ORDER"
        elif tokens.accept("COMMENT"):
            tokens.expect("=")
            name, value = _COMMENT, tokens.string()
        else:
            raise tokens.unexpected()
        if name in found:
            raise errors.duplicate_property(name)
        found[name] = value
        tokens.accept(",")
    return found


def _number(tokens: Tokens) -> int:
    tokens.accept("=")
    return -tokens.number() if tokens.accept("-") else tokens.number()
