"""Warehouses. They are stored, granted and shown; statements run without them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from flocon.access.demands import alters, creates, drops, lists, needs, on_account
from flocon.access.hierarchy import ADMINISTRATOR
from flocon.access.needs import Demand
from flocon.access.trees import Place
from flocon.core import errors, result
from flocon.core.clock import utc_now
from flocon.core.result import Result
from flocon.engine import StoredObjects, is_stored
from flocon.session.context import Context
from flocon.session.statements import Kind
from flocon.sql import statements
from flocon.sql.definitions import creation_mode
from flocon.sql.statements import Named, Show
from flocon.sql.tokens import Tokens
from flocon.stores.stores import Stores


@dataclass(frozen=True)
class Warehouse:
    """generation, accelerated: what a warehouse is that does not say otherwise, since the bundles
    2026_03 and later. https://docs.snowflake.com/en/release-notes/bcr-bundles/2026_03/bcr-2250"""

    name: str
    owner: str
    size: str = "X-Small"
    auto_suspend: int = 600
    auto_resume: bool = True
    state: str = "STARTED"
    comment: str = ""
    resource_monitor: str | None = None
    generation: str = "2"
    accelerated: bool = True
    scale_factor: int = 8
    created_on: datetime = field(default_factory=utc_now)


STORED = StoredObjects("WAREHOUSE", lambda fields: Warehouse(**fields))

_SIZES = {
    "XSMALL": "X-Small",
    "SMALL": "Small",
    "MEDIUM": "Medium",
    "LARGE": "Large",
    "XLARGE": "X-Large",
}
_GENERATIONS = {"STANDARD_GEN_1": "1", "STANDARD_GEN_2": "2"}
_BOOLEANS = {"FALSE": False, "TRUE": True}
# Properties that change nothing here, with the only value that is accepted.
_ONLY_VALUES = {
    "MAX_CLUSTER_COUNT": "1",
    "MIN_CLUSTER_COUNT": "1",
    "SCALING_POLICY": "STANDARD",
    "WAREHOUSE_TYPE": "STANDARD",
    "MAX_CONCURRENCY_LEVEL": "8",
    "STATEMENT_TIMEOUT_IN_SECONDS": "172800",
    "STATEMENT_QUEUED_TIMEOUT_IN_SECONDS": "0",
}


def _properties(tokens: Tokens, *, alters: bool = False) -> dict[str, Any]:
    """NAME [=] value …; unknown names are Snowflake's 001008, wrong values 001481."""
    found: dict[str, Any] = {}
    while not tokens.done:
        name = tokens.word()
        tokens.accept("=")
        value = tokens.value()
        if name == "WAREHOUSE_SIZE":
            size = value.upper().replace("-", "")
            if size not in _SIZES:
                raise errors.unsupported(f"WAREHOUSE_SIZE = {value}")
            found["size"] = _SIZES[size]
        elif name == "AUTO_SUSPEND":
            if not value.isdigit() and value.upper() != "NULL":
                raise errors.invalid_value(name, value)
            found["auto_suspend"] = int(value) if value.isdigit() else 0
        elif name == "AUTO_RESUME":
            found["auto_resume"] = _boolean(name, value)
        elif name == "WAIT_FOR_COMPLETION" and alters:
            # A warehouse has its new size at once.
            _boolean(name, value)
        elif name == "INITIALLY_SUSPENDED":
            found["state"] = "SUSPENDED" if _boolean(name, value) else "STARTED"
        elif name == "COMMENT":
            found["comment"] = value
        elif name == "RESOURCE_MONITOR":
            found["resource_monitor"] = None if value.upper() == "NULL" else value.upper()
        elif name == "GENERATION" and value in ("1", "2"):
            found["generation"] = value
        elif name == "RESOURCE_CONSTRAINT" and value.upper() in _GENERATIONS:
            found["generation"] = _GENERATIONS[value.upper()]
        elif name == "ENABLE_QUERY_ACCELERATION":
            found["accelerated"] = _boolean(name, value)
        elif name == "QUERY_ACCELERATION_MAX_SCALE_FACTOR":
            if not (value.isdigit() and int(value) <= 100):
                raise errors.invalid_value(name, value)
            found["scale_factor"] = int(value)
        elif name in ("GENERATION", "RESOURCE_CONSTRAINT"):
            raise errors.invalid_value(name, value)
        elif name not in _ONLY_VALUES:
            raise errors.compilation(errors.INVALID_PROPERTY, f"invalid property '{name}'")
        elif value.upper() != _ONLY_VALUES[name]:
            raise errors.unsupported(f"WAREHOUSE with {name} = {value}")
        tokens.accept(",")
    return found


def _boolean(name: str, value: str) -> bool:
    if value.upper() not in _BOOLEANS:
        raise errors.invalid_value(name, value)
    return _BOOLEANS[value.upper()]


@dataclass(frozen=True)
class CreateWarehouse:
    """mode is CREATE, REPLACE or ALTER. properties: fields of a Warehouse."""

    name: str
    mode: str
    if_not_exists: bool
    properties: dict[str, Any]


@dataclass(frozen=True)
class AlterWarehouse:
    """action is SUSPEND, RESUME or SET."""

    name: str
    if_exists: bool
    action: str
    properties: dict[str, Any]


def _read_create(tokens: Tokens) -> CreateWarehouse:
    mode = creation_mode(tokens)
    tokens.expect("WAREHOUSE")
    if_not_exists = tokens.accept("IF", "NOT", "EXISTS")
    name = tokens.name().name
    tokens.accept("WITH")
    return CreateWarehouse(name, mode, if_not_exists, _properties(tokens))


def _read_alter(tokens: Tokens) -> AlterWarehouse:
    tokens.expect("ALTER", "WAREHOUSE")
    if_exists = tokens.accept("IF", "EXISTS")
    name = tokens.name().name
    if tokens.accept("SUSPEND"):
        action, changes = "SUSPEND", {"state": "SUSPENDED"}
    elif tokens.accept("RESUME"):
        tokens.accept("IF", "SUSPENDED")
        action, changes = "RESUME", {"state": "STARTED"}
    elif tokens.accept("SET"):
        action, changes = "SET", _properties(tokens, alters=True)
    else:
        raise errors.unsupported(f"ALTER WAREHOUSE … {tokens.rest()}")
    tokens.end()
    return AlterWarehouse(name, if_exists, action, changes)


def create_warehouse(context: Context, statement: CreateWarehouse) -> Result:
    name, account = statement.name, context.account
    _check_monitor(account, statement.properties)
    context.transactions.commit_for_ddl()
    with account.lock:
        if STORED.find(account.own, name):
            if statement.if_not_exists:
                return result.already_exists(name)
            if statement.mode == "CREATE":
                raise errors.already_exists(name)
        STORED.put(account.own, Warehouse(name, context.access.role, **statement.properties))
    context.use_warehouse(name)
    return result.status(f"Warehouse {name} successfully created.")


def provide_first(account: Stores) -> None:
    """COMPUTE_WH, which a new account comes with."""
    STORED.put(account.own, Warehouse("COMPUTE_WH", ADMINISTRATOR, state="SUSPENDED"))


def _check_monitor(account: Stores, properties: dict[str, Any]) -> None:
    """Raises 002003 for a resource monitor that does not exist."""
    name = properties.get("resource_monitor")
    if name and not is_stored(account.own, "RESOURCE MONITOR", name):
        raise errors.does_not_exist("Resource monitor", name)


def alter_warehouse(context: Context, statement: AlterWarehouse) -> Result:
    name, account = statement.name, context.account
    context.transactions.commit_for_ddl()
    with account.lock:
        warehouse = STORED.find(account.own, name)
        if warehouse is None:
            if statement.if_exists:
                return result.done()
            raise errors.does_not_exist("Warehouse", name)
        _check_monitor(account, statement.properties)
        STORED.put(account.own, replace(warehouse, **statement.properties))
    return result.done()


def drop_warehouse(context: Context, statement: Named) -> Result:
    name, if_exists = statement.name.name, statement.if_exists
    context.transactions.commit_for_ddl()
    if not STORED.delete(context.account.own, name):
        if not if_exists:
            raise errors.does_not_exist("Warehouse", name)
        return result.already_dropped(name)
    if context.warehouse == name:
        context.use_warehouse(None)
    return result.dropped(name)


_WAREHOUSE_COLUMNS = result.columns(
    "name", "state", "type", "size", "running", "queued", "is_default", "is_current",
    "auto_suspend", "auto_resume", "created_on", "owner", "comment",
    "enable_query_acceleration", "query_acceleration_max_scale_factor", "resource_monitor",
    "resource_constraint", "generation",
)  # fmt: skip


def show_warehouses(context: Context, statement: Show) -> Result:
    """SHOW WAREHOUSES. https://docs.snowflake.com/en/sql-reference/sql/show-warehouses"""
    found = statement.scope.chosen(STORED.all(context.account.own))
    return result.of(
        _WAREHOUSE_COLUMNS,
        [
            [
                each.name,
                each.state,
                "STANDARD",
                each.size,
                0,
                0,
                "N",
                "Y" if each.name == context.warehouse else "N",
                each.auto_suspend,
                "true" if each.auto_resume else "false",
                each.created_on,
                each.owner,
                each.comment,
                "true" if each.accelerated else "false",
                each.scale_factor,
                each.resource_monitor or "null",
                f"STANDARD_GEN_{each.generation}",
                each.generation,
            ]
            for each in found
        ],
        result.SHOW,
    )


def describe_warehouse(context: Context, statement: Named) -> Result:
    """DESCRIBE WAREHOUSE. https://docs.snowflake.com/en/sql-reference/sql/desc-warehouse"""
    name = statement.name.name
    warehouse = STORED.find(context.account.own, name)
    if warehouse is None:
        raise errors.does_not_exist("Warehouse", name)
    columns = result.columns("created_on", "name", "kind")
    return result.of(columns, [[warehouse.created_on, name, "WAREHOUSE"]], result.DESCRIBE)


def _to_alter(statement: AlterWarehouse, place: Place) -> Demand:
    if "resource_monitor" in statement.properties:
        return on_account(statement, place)
    return alters(_KIND, "MODIFY", operates=("RESUME", "SUSPEND"))(statement, place)


_KIND = STORED.kind

STATEMENTS = (
    Kind(("CREATE", _KIND), _read_create, create_warehouse, creates(_KIND)),
    Kind(("ALTER", _KIND), _read_alter, alter_warehouse, _to_alter),
    Kind(("DROP", _KIND), statements.drop(_KIND), drop_warehouse, drops(_KIND)),
    Kind(
        ("SHOW", "WAREHOUSES"), statements.show("WAREHOUSES"), show_warehouses, lists(_KIND, "name")
    ),
    Kind(("DESCRIBE", _KIND), statements.describe(_KIND), describe_warehouse, needs(_KIND)),
)
