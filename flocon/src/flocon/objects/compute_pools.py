"""Compute pools are stored, granted and shown; nothing runs in them here.

https://docs.snowflake.com/en/developer-guide/snowpark-container-services/working-with-compute-pool
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flocon.access.demands import alters, creates, drops, lists, needs
from flocon.access.hierarchy import ADMINISTRATOR, PUBLIC
from flocon.access.roles import Grant
from flocon.access.securables import Securable
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.session.context import Context
from flocon.session.statements import Kind
from flocon.sql import statements
from flocon.sql.compute_pools import ComputePool, alter_compute_pool, create_compute_pool
from flocon.sql.statements import Named, Show
from flocon.stores.documents import AccountDocuments
from flocon.stores.stores import Stores

_POOLS = AccountDocuments("_account_compute_pools")
ACCOUNT_DDL = _POOLS.ddl
KIND = "COMPUTE POOL"
SYSTEM_POOL = "SYSTEM_COMPUTE_POOL_CPU"
_DONE = "Statement executed successfully."
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


def provide_system_pools(account: Stores) -> None:
    """What a new account comes with. A pool that was dropped stays dropped."""
    now = datetime.now(UTC)
    known = _POOLS.all(account.own)
    for name, properties in _SYSTEM_POOLS.items():
        if name in known:
            continue
        document = {
            **_DEFAULTS, **properties, "state": "SUSPENDED", "owner": ADMINISTRATOR,
            "created_on": now.isoformat(),
        }  # fmt: skip
        _POOLS.put(account.own, name, document)
        usage = Grant(
            "USAGE",
            Securable(KIND, (name,)),
            PUBLIC,
            False,
            ADMINISTRATOR,
            now.replace(tzinfo=None),
        )
        account.roles.grant([usage])


def pools(account: Stores) -> dict[str, dict[str, Any]]:
    found = _POOLS.all(account.own)
    return {name: document for name, document in found.items() if not document.get("dropped")}


def create(context: Context, statement: ComputePool) -> Result:
    context.transactions.commit_for_ddl()
    with context.account.lock:
        if statement.name in pools(context.account):
            if statement.forgiving:
                return result.status(f"{statement.name} already exists, statement succeeded.")
            raise errors.already_exists(statement.name)
        suspended = statement.properties.get("INITIALLY_SUSPENDED", False)
        document = {
            **_DEFAULTS, **statement.properties, "state": "SUSPENDED" if suspended else "IDLE",
            "owner": context.access.role, "created_on": datetime.now(UTC).isoformat(),
        }  # fmt: skip
        _POOLS.put(context.account.own, statement.name, document)
    return result.status(f"Compute pool {statement.name} successfully created.")


def alter(context: Context, statement: ComputePool) -> Result:
    context.transactions.commit_for_ddl()
    with context.account.lock:
        known = pools(context.account).get(statement.name)
        if known is not None:
            _POOLS.put(context.account.own, statement.name, _changed(known, statement))
        elif not statement.forgiving:
            raise _missing(statement.name)
    return result.status(_DONE)


def _changed(document: dict[str, Any], statement: ComputePool) -> dict[str, Any]:
    if statement.action == "UNSET":
        return {**document, **{name: _DEFAULTS[name] for name in statement.properties}}
    states = {"SUSPEND": "SUSPENDED", "RESUME": "IDLE"}
    state = states.get(statement.action, document["state"])
    return {**document, **statement.properties, "state": state}


def drop(context: Context, statement: Named) -> Result:
    name, if_exists = statement.name.name, statement.if_exists
    context.transactions.commit_for_ddl()
    with context.account.lock:
        known = pools(context.account).get(name)
        if known is None:
            if not if_exists:
                raise _missing(name)
            return result.status(f"Drop statement executed successfully ({name} already dropped).")
        _POOLS.put(context.account.own, name, {**known, "dropped": True})
    return result.status(f"{name} successfully dropped.")


def _missing(name: str) -> errors.SnowflakeError:
    return errors.does_not_exist("Compute pool", name)


_SHOWN = {
    "name": "VARCHAR",
    "state": "VARCHAR",
    "min_nodes": "BIGINT",
    "max_nodes": "BIGINT",
    "instance_family": "VARCHAR",
    "num_services": "BIGINT",
    "num_jobs": "BIGINT",
    "auto_suspend_secs": "BIGINT",
    "auto_resume": "VARCHAR",
    "active_nodes": "BIGINT",
    "idle_nodes": "BIGINT",
    "target_nodes": "BIGINT",
    "created_on": "TIMESTAMP WITH TIME ZONE",
    "resumed_on": "TIMESTAMP WITH TIME ZONE",
    "updated_on": "TIMESTAMP WITH TIME ZONE",
    "owner": "VARCHAR",
    "comment": "VARCHAR",
    "is_exclusive": "VARCHAR",
    "application": "VARCHAR",
}


def _shown(name: str, document: dict[str, Any]) -> list[Any]:
    nothing = dict.fromkeys(
        ("num_services", "num_jobs", "active_nodes", "idle_nodes", "target_nodes"), 0
    )
    values = {
        **nothing,
        "name": name,
        "state": document["state"],
        "min_nodes": document["MIN_NODES"],
        "max_nodes": document["MAX_NODES"],
        "instance_family": document["INSTANCE_FAMILY"],
        "auto_suspend_secs": document["AUTO_SUSPEND_SECS"],
        "auto_resume": str(document["AUTO_RESUME"]).lower(),
        "created_on": datetime.fromisoformat(document["created_on"]),
        "owner": document["owner"],
        "comment": document["COMMENT"],
        "is_exclusive": "false",
    }
    return [values.get(column) for column in _SHOWN]


def show(context: Context, statement: Show) -> Result:
    """SHOW COMPUTE POOLS. https://docs.snowflake.com/en/sql-reference/sql/show-compute-pools"""
    scope = statement.scope
    found = {n: each for n, each in pools(context.account).items() if scope.admits(n)}
    rows = [_shown(name, document) for name, document in found.items()]
    return result.of(_SHOWN, rows[scope.cut(list(found))], result.SHOW)


def describe(context: Context, statement: Named) -> Result:
    """DESCRIBE COMPUTE POOL. https://docs.snowflake.com/en/sql-reference/sql/desc-compute-pool"""
    name = statement.name.name
    known = pools(context.account).get(name)
    if known is None:
        raise _missing(name)
    return result.of(_SHOWN, [_shown(name, known)], result.DESCRIBE)


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
