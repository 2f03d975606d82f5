"""Compute pools are stored, granted and shown; nothing runs in them here.

https://docs.snowflake.com/en/developer-guide/snowpark-container-services/working-with-compute-pool
https://docs.snowflake.com/en/sql-reference/sql/create-compute-pool
https://docs.snowflake.com/en/sql-reference/sql/alter-compute-pool
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from flocon.access.demands import alters, creates, drops, lists, needs
from flocon.access.hierarchy import ADMINISTRATOR, PUBLIC
from flocon.access.roles import Grant
from flocon.access.securables import Securable
from flocon.core import errors, result
from flocon.core.clock import utc_now
from flocon.engine import StoredObjects
from flocon.objects.account_objects import AccountObjects
from flocon.session.context import Context
from flocon.session.statements import Kind
from flocon.sql import definitions, statements
from flocon.sql.definitions import Definition, within
from flocon.sql.tokens import Tokens
from flocon.stores.stores import Stores

KIND = "COMPUTE POOL"
SYSTEM_POOL = "SYSTEM_COMPUTE_POOL_CPU"
_DEFAULTS = {"AUTO_RESUME": True, "AUTO_SUSPEND_SECS": 3600, "COMMENT": None}
# The pools that every account has, and that every role may use until ACCOUNTADMIN revokes it.
_SYSTEM_POOLS: dict[str, dict[str, Any]] = {
    SYSTEM_POOL: {
        "MIN_NODES": 1, "MAX_NODES": 150, "INSTANCE_FAMILY": "CPU_X64_S",
        "AUTO_SUSPEND_SECS": 259_200,
    },
    "SYSTEM_COMPUTE_POOL_GPU": {
        "MIN_NODES": 1, "MAX_NODES": 50, "INSTANCE_FAMILY": "GPU_NV_S", "AUTO_SUSPEND_SECS": 600,
    },
}  # fmt: skip


@dataclass(frozen=True)
class Pool:
    """properties: by Snowflake's names. dropped: a pool of the system's that was there once."""

    name: str
    properties: Mapping[str, Any]
    owner: str
    state: str = "SUSPENDED"
    dropped: bool = False
    created_on: datetime = field(default_factory=utc_now)


_POOLS = StoredObjects(KIND, lambda fields: Pool(**fields))


def provide_system_pools(account: Stores) -> None:
    """What a new account comes with. A pool that was dropped stays dropped."""
    known = _POOLS.in_schema(account.own)
    for name, properties in _SYSTEM_POOLS.items():
        if name in known:
            continue
        pool = Pool(name, {**_DEFAULTS, **properties}, ADMINISTRATOR)
        _POOLS.put(account.own, pool)
        made_on, what = pool.created_on.replace(tzinfo=None), Securable(KIND, (name,))
        account.roles.grant([Grant("USAGE", what, PUBLIC, False, ADMINISTRATOR, made_on)])


# --- what statements say -------------------------------------------------------------------------

_REQUIRED = ("MIN_NODES", "MAX_NODES", "INSTANCE_FAMILY")
_LEFT_OUT = ("BACKUP_INSTANCE_FAMILIES", "FOR", "PLACEMENT_GROUP", "TAG", "WITH")
_PROPERTIES: Mapping[str, definitions.Reader] = {
    "MIN_NODES": within(1, 750),
    "MAX_NODES": within(1, 750),
    "INSTANCE_FAMILY": lambda tokens: tokens.value().upper(),
    "AUTO_RESUME": Tokens.boolean,
    "INITIALLY_SUSPENDED": Tokens.boolean,
    "AUTO_SUSPEND_SECS": within(0, 2**31 - 1),
    "COMMENT": Tokens.string,
}


def _unknown(name: str) -> errors.SnowflakeError:
    if name in _LEFT_OUT:
        return errors.unsupported(f"COMPUTE POOL … {name}")
    return definitions.invalid_property(name)


def _read_create(tokens: Tokens) -> Definition:
    head = definitions.created(tokens, "COMPUTE", "POOL", modes=())
    properties = definitions.properties(tokens, _PROPERTIES, _unknown)
    for required in _REQUIRED:
        if required not in properties:
            raise errors.compilation(errors.INVALID_PROPERTY, f"missing property '{required}'")
    if properties["MIN_NODES"] > properties["MAX_NODES"]:
        raise errors.compilation(
            errors.PROPERTY_VALUE, "MIN_NODES must not be greater than MAX_NODES"
        )
    return replace(head, properties=properties)


def _read_alter(tokens: Tokens) -> Definition:
    """ALTER COMPUTE POOL [IF EXISTS] name {SUSPEND | RESUME | STOP ALL | SET … | UNSET …}"""
    head = definitions.altered(tokens, "COMPUTE", "POOL")
    if tokens.accept("SET"):
        properties = definitions.properties(tokens, _PROPERTIES, _unknown)
        return replace(head, properties=properties)
    if tokens.accept("UNSET"):
        return replace(head, properties=definitions.unset(tokens, _DEFAULTS, _unknown))
    for action in ("STOP ALL", "SUSPEND", "RESUME"):
        if tokens.accept(*action.split()):
            tokens.end()
            return replace(head, action=action)
    raise tokens.unexpected()


# --- what they do --------------------------------------------------------------------------------


class _Pools(AccountObjects[Pool]):
    noun = "Compute pool"
    store = _POOLS
    shown = result.columns(
        "name", "state", "min_nodes", "max_nodes", "instance_family", "num_services", "num_jobs",
        "auto_suspend_secs", "auto_resume", "active_nodes", "idle_nodes", "target_nodes",
        "created_on", "resumed_on", "updated_on", "owner", "comment", "is_exclusive", "application",
    )  # fmt: skip

    def all(self, account: Stores) -> list[Pool]:
        return [pool for pool in self.store.all(account.own) if not pool.dropped]

    def find(self, account: Stores, name: str) -> Pool | None:
        pool = self.store.find(account.own, name)
        return None if pool is None or pool.dropped else pool

    def delete(self, account: Stores, name: str) -> None:
        self.store.put(account.own, replace(self.get(account, name), dropped=True))

    def made(self, context: Context, statement: Definition) -> Pool:
        properties = {**_DEFAULTS, **statement.properties}
        state = "SUSPENDED" if properties.pop("INITIALLY_SUSPENDED", False) else "IDLE"
        return Pool(statement.name.name, properties, context.access.role, state)

    def changed(self, current: Pool, statement: Definition) -> Pool:
        changes = {
            name: _DEFAULTS[name] if value is None else value
            for name, value in statement.properties.items()
        }
        state = {"SUSPEND": "SUSPENDED", "RESUME": "IDLE"}.get(statement.action, current.state)
        return replace(current, properties={**current.properties, **changes}, state=state)

    def row(self, context: Context, item: Pool) -> dict[str, Any]:
        nothing = ("num_services", "num_jobs", "active_nodes", "idle_nodes", "target_nodes")
        return {
            **dict.fromkeys(nothing, 0),
            **{name.lower(): value for name, value in item.properties.items()},
            "name": item.name,
            "state": item.state,
            "auto_resume": str(item.properties["AUTO_RESUME"]).lower(),
            "created_on": item.created_on,
            "owner": item.owner,
            "is_exclusive": "false",
        }


POOLS = _Pools()

_NOUN = ("COMPUTE", "POOL")
_TO_ALTER = alters(KIND, "MODIFY", operates=("RESUME", "STOP ALL", "SUSPEND"))
STATEMENTS = (
    Kind(("CREATE", "COMPUTE"), _read_create, POOLS.create, creates(KIND)),
    Kind(("ALTER", "COMPUTE"), _read_alter, POOLS.alter, _TO_ALTER),
    Kind(("DROP", "COMPUTE"), statements.drop(*_NOUN), POOLS.drop, drops(KIND)),
    Kind(("SHOW", "COMPUTE"), statements.show("COMPUTE", "POOLS"), POOLS.show, lists(KIND, "name")),
    Kind(("DESCRIBE", "COMPUTE"), statements.describe(*_NOUN), POOLS.describe, needs(KIND)),
)
EXISTS = {KIND: lambda context, what: POOLS.find(context.account, what.name) is not None}
