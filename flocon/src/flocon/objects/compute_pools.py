"""Compute pools are stored, granted and shown; nothing runs in them here.

https://docs.snowflake.com/en/developer-guide/snowpark-container-services/working-with-compute-pool
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
from flocon.core.result import Result
from flocon.engine import StoredObjects
from flocon.session.context import Context
from flocon.session.statements import Kind
from flocon.sql import statements
from flocon.sql.compute_pools import ComputePool, alter_compute_pool, create_compute_pool
from flocon.sql.statements import Named, Show
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
        usage = Grant(
            "USAGE",
            Securable(KIND, (name,)),
            PUBLIC,
            False,
            ADMINISTRATOR,
            pool.created_on.replace(tzinfo=None),
        )
        account.roles.grant([usage])


def pools(account: Stores) -> dict[str, Pool]:
    found = _POOLS.in_schema(account.own)
    return {name: pool for name, pool in found.items() if not pool.dropped}


def create(context: Context, statement: ComputePool) -> Result:
    context.transactions.commit_for_ddl()
    with context.account.lock:
        if statement.name in pools(context.account):
            if statement.forgiving:
                return result.already_exists(statement.name)
            raise errors.already_exists(statement.name)
        properties = {**_DEFAULTS, **statement.properties}
        state = "SUSPENDED" if properties.pop("INITIALLY_SUSPENDED", False) else "IDLE"
        pool = Pool(statement.name, properties, context.access.role, state)
        _POOLS.put(context.account.own, pool)
    return result.status(f"Compute pool {statement.name} successfully created.")


def alter(context: Context, statement: ComputePool) -> Result:
    context.transactions.commit_for_ddl()
    with context.account.lock:
        known = pools(context.account).get(statement.name)
        if known is not None:
            _POOLS.put(context.account.own, _changed(known, statement))
        elif not statement.forgiving:
            raise _missing(statement.name)
    return result.done()


def _changed(pool: Pool, statement: ComputePool) -> Pool:
    changes = statement.properties
    if statement.action == "UNSET":
        changes = {name: _DEFAULTS[name] for name in changes}
    state = {"SUSPEND": "SUSPENDED", "RESUME": "IDLE"}.get(statement.action, pool.state)
    return replace(pool, properties={**pool.properties, **changes}, state=state)


def drop(context: Context, statement: Named) -> Result:
    name, if_exists = statement.name.name, statement.if_exists
    context.transactions.commit_for_ddl()
    with context.account.lock:
        known = pools(context.account).get(name)
        if known is None:
            if not if_exists:
                raise _missing(name)
            return result.already_dropped(name)
        _POOLS.put(context.account.own, replace(known, dropped=True))
    return result.dropped(name)


def _missing(name: str) -> errors.SnowflakeError:
    return errors.does_not_exist("Compute pool", name)


_SHOWN = result.columns(
    "name", "state", "min_nodes", "max_nodes", "instance_family", "num_services", "num_jobs",
    "auto_suspend_secs", "auto_resume", "active_nodes", "idle_nodes", "target_nodes",
    "created_on", "resumed_on", "updated_on", "owner", "comment", "is_exclusive", "application",
)  # fmt: skip


def _shown(pool: Pool) -> dict[str, Any]:
    nothing = ("num_services", "num_jobs", "active_nodes", "idle_nodes", "target_nodes")
    return {
        **dict.fromkeys(nothing, 0),
        **{name.lower(): value for name, value in pool.properties.items()},
        "name": pool.name,
        "state": pool.state,
        "auto_resume": str(pool.properties["AUTO_RESUME"]).lower(),
        "created_on": pool.created_on,
        "owner": pool.owner,
        "is_exclusive": "false",
    }


def show(context: Context, statement: Show) -> Result:
    """SHOW COMPUTE POOLS. https://docs.snowflake.com/en/sql-reference/sql/show-compute-pools"""
    found = statement.scope.chosen(pools(context.account).values())
    return result.listing(_SHOWN, map(_shown, found), result.SHOW)


def describe(context: Context, statement: Named) -> Result:
    """DESCRIBE COMPUTE POOL. https://docs.snowflake.com/en/sql-reference/sql/desc-compute-pool"""
    name = statement.name.name
    known = pools(context.account).get(name)
    if known is None:
        raise _missing(name)
    return result.listing(_SHOWN, [_shown(known)], result.DESCRIBE)


STATEMENTS = (
    Kind(("CREATE", "COMPUTE"), create_compute_pool, create, creates(KIND)),
    Kind(
        ("ALTER", "COMPUTE"),
        alter_compute_pool,
        alter,
        alters(KIND, "MODIFY", operates=("RESUME", "STOP ALL", "SUSPEND")),
    ),
    Kind(("DROP", "COMPUTE"), statements.drop("COMPUTE", "POOL"), drop, drops(KIND)),
    Kind(("SHOW", "COMPUTE"), statements.show("COMPUTE", "POOLS"), show, lists(KIND, "name")),
    Kind(("DESCRIBE", "COMPUTE"), statements.describe("COMPUTE", "POOL"), describe, needs(KIND)),
)
EXISTS = {KIND: lambda context, what: what.name in pools(context.account)}
