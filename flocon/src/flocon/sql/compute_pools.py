"""CREATE and ALTER COMPUTE POOL: tokens in, a dataclass out.

https://docs.snowflake.com/en/sql-reference/sql/create-compute-pool
https://docs.snowflake.com/en/sql-reference/sql/alter-compute-pool
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flocon.core import errors
from flocon.sql.definitions import within
from flocon.sql.tokens import Tokens

_REQUIRED = ("MIN_NODES", "MAX_NODES", "INSTANCE_FAMILY")
_OF_OTHERS = ("BACKUP_INSTANCE_FAMILIES", "FOR", "PLACEMENT_GROUP", "TAG", "WITH")
_LONGEST_SUSPEND = 2**31 - 1


@dataclass(frozen=True)
class ComputePool:
    """action is CREATE, SUSPEND, RESUME, STOP ALL, SET or UNSET. forgiving: IF NOT EXISTS of a
    CREATE, IF EXISTS of an ALTER."""

    name: str
    action: str
    forgiving: bool
    properties: dict[str, Any] = field(default_factory=dict)


def create_compute_pool(tokens: Tokens) -> ComputePool:
    tokens.expect("CREATE", "COMPUTE", "POOL")
    forgiving = tokens.accept("IF", "NOT", "EXISTS")
    name = tokens.name().name
    properties = _properties(tokens)
    for required in _REQUIRED:
        if required not in properties:
            raise errors.compilation(errors.INVALID_PROPERTY, f"missing property '{required}'")
    if properties["MIN_NODES"] > properties["MAX_NODES"]:
        raise errors.compilation(
            errors.PROPERTY_VALUE, "MIN_NODES must not be greater than MAX_NODES"
        )
    return ComputePool(name, "CREATE", forgiving, properties)


def alter_compute_pool(tokens: Tokens) -> ComputePool:
    tokens.expect("ALTER", "COMPUTE", "POOL")
    forgiving = tokens.accept("IF", "EXISTS")
    name = tokens.name().name
    if tokens.accept("SET"):
        return ComputePool(name, "SET", forgiving, _properties(tokens))
    if tokens.accept("UNSET"):
        return ComputePool(name, "UNSET", forgiving, dict.fromkeys(_unset(tokens)))
    action = "STOP ALL" if tokens.accept("STOP", "ALL") else tokens.word()
    if action not in ("STOP ALL", "SUSPEND", "RESUME"):
        raise errors.syntax(tokens.text.upper().find(action), action)
    tokens.end()
    return ComputePool(name, action, forgiving)


def _properties(tokens: Tokens) -> dict[str, Any]:
    found: dict[str, Any] = {}
    while not tokens.done:
        name = tokens.word()
        if name in _OF_OTHERS:
            raise errors.unsupported(f"COMPUTE POOL … {name}")
        if name not in _PROPERTIES:
            raise errors.compilation(errors.INVALID_PROPERTY, f"invalid property '{name}'")
        tokens.expect("=")
        found[name] = _PROPERTIES[name](tokens)
        tokens.accept(",")
    return found


def _unset(tokens: Tokens) -> list[str]:
    names = []
    while not tokens.done:
        names.append(tokens.word())
        if names[-1] not in ("AUTO_RESUME", "AUTO_SUSPEND_SECS", "COMMENT"):
            raise tokens.unexpected()
        tokens.accept(",")
    return names


_PROPERTIES: Mapping[str, Callable[[Tokens], Any]] = {
    "MIN_NODES": within(1, 750),
    "MAX_NODES": within(1, 750),
    "INSTANCE_FAMILY": lambda tokens: tokens.value().upper(),
    "AUTO_RESUME": Tokens.boolean,
    "INITIALLY_SUSPENDED": Tokens.boolean,
    "AUTO_SUSPEND_SECS": within(0, _LONGEST_SUSPEND),
    "COMMENT": Tokens.string,
}
