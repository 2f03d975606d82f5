"""ALTER STAGE: tokens in, a dataclass out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flocon.core import errors
from flocon.sql import definitions
from flocon.sql.tokens import Name, Tokens

# What CREATE and ALTER say of a stage's directory table.
_DIRECTORY: dict[str, definitions.Reader] = dict.fromkeys(
    ("ENABLE", "AUTO_REFRESH"), Tokens.boolean
)


@dataclass(frozen=True)
class AlterStage:
    """action: SET or REFRESH. properties: COMMENT, and DIRECTORY: has it a directory table?
    subpath: of REFRESH, '' for all files."""

    name: Name
    action: str
    forgiving: bool
    properties: dict[str, Any] = field(default_factory=dict)
    subpath: str = ""


def read_alter(tokens: Tokens) -> AlterStage:
    """ALTER STAGE [IF EXISTS] name {SET property = value … | REFRESH [SUBPATH = '…']}

    https://docs.snowflake.com/en/sql-reference/sql/alter-stage
    """
    head = definitions.altered(tokens, "STAGE")
    if tokens.accept("REFRESH"):
        subpath = tokens.string() if tokens.accept("SUBPATH", "=") else ""
        tokens.end()
        return AlterStage(head.name, "REFRESH", head.forgiving, subpath=subpath)
    if not tokens.accept("SET") or tokens.peek("TAG"):
        raise errors.unsupported(f"ALTER STAGE … {tokens.rest()}")
    readers: dict[str, definitions.Reader] = {"COMMENT": Tokens.string, "DIRECTORY": directory}
    properties = definitions.properties(
        tokens,
        readers,
        lambda name: errors.unsupported(f"ALTER STAGE … SET {name}"),
        may_repeat=True,
    )
    return AlterStage(head.name, "SET", head.forgiving, properties)


def directory(tokens: Tokens) -> bool:
    """(ENABLE = …): is it to have a directory table?"""
    inside = Tokens(tokens.parenthesized())
    found = definitions.properties(inside, _DIRECTORY)
    if found.get("AUTO_REFRESH"):
        raise errors.unsupported("DIRECTORY with AUTO_REFRESH = TRUE")
    return bool(found.get("ENABLE"))
