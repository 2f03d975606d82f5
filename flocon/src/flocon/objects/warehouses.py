"""Warehouses. They are stored, granted and shown; statements run without them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flocon.access.demands import alters, creates, drops, lists, needs, on_account
from flocon.access.hierarchy import ADMINISTRATOR
from flocon.access.needs import Demand
from flocon.access.trees import Place
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.session.context import Context
from flocon.session.statements import Kind
from flocon.sql import statements
from flocon.sql.definitions import creation_mode
from flocon.sql.statements import Named, Show
from flocon.sql.tokens import Tokens
from flocon.stores.stores import Stores

# What spans databases is kept in the account's own file.
ACCOUNT_DDL = """
CREATE TABLE IF NOT EXISTS _account_warehouses (
    name VARCHAR, size VARCHAR, auto_suspend BIGINT, auto_resume BOOLEAN, state VARCHAR,
    comment VARCHAR, created_on TIMESTAMP, owner VARCHAR, resource_monitor VARCHAR
);
ALTER TABLE _account_warehouses ADD COLUMN IF NOT EXISTS resource_monitor VARCHAR;
ALTER TABLE _account_warehouses ADD COLUMN IF NOT EXISTS generation VARCHAR DEFAULT '1';
ALTER TABLE _account_warehouses ADD COLUMN IF NOT EXISTS accelerated BOOLEAN DEFAULT false;
ALTER TABLE _account_warehouses ADD COLUMN IF NOT EXISTS scale_factor BIGINT DEFAULT 8;
"""
_DONE = "Statement executed successfully."


def warehouses(account: Stores) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in account.own_rows("SELECT * FROM _account_warehouses")}


_SIZES = {
    "XSMALL": "X-Small",
    "SMALL": "Small",
    "MEDIUM": "Medium",
    "LARGE": "Large",
    "XLARGE": "X-Large",
}
_GENERATIONS = {"STANDARD_GEN_1": "1", "STANDARD_GEN_2": "2"}
_BOOLEANS = {"FALSE": False, "TRUE": True}
# Properties of which there is nothing here, with the only value that says so.
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
                raise _invalid(name, value)
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
                raise _invalid(name, value)
            found["scale_factor"] = int(value)
        elif name in ("GENERATION", "RESOURCE_CONSTRAINT"):
            raise _invalid(name, value)
        elif name not in _ONLY_VALUES:
            raise errors.compilation(errors.INVALID_PROPERTY, f"invalid property '{name}'")
        elif value.upper() != _ONLY_VALUES[name]:
            raise errors.unsupported(f"WAREHOUSE with {name} = {value}")
        tokens.accept(",")
    return found


def _boolean(name: str, value: str) -> bool:
    if value.upper() not in _BOOLEANS:
        raise _invalid(name, value)
    return _BOOLEANS[value.upper()]


def _invalid(name: str, value: str) -> errors.SnowflakeError:
    return errors.compilation(
        errors.PROPERTY_VALUE, f"Invalid value '{value}' specified for property '{name}'"
    )


@dataclass(frozen=True)
class CreateWarehouse:
    """mode is CREATE, REPLACE or ALTER. properties: columns of its row."""

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
    name, wanted = statement.name, statement.properties
    _check_monitor(context.account, wanted)
    context.transactions.commit_for_ddl()
    account = context.account
    with account.lock:
        if name in warehouses(account):
            if statement.if_not_exists:
                return result.status(f"{name} already exists, statement succeeded.")
            if statement.mode == "CREATE":
                raise errors.already_exists(name)
            account.own_write("DELETE FROM _account_warehouses WHERE name = ?", [name])
        _insert(account, name, context.access.role, wanted)
    context.use_warehouse(name)
    return result.status(f"Warehouse {name} successfully created.")


def provide_first(account: Stores) -> None:
    """COMPUTE_WH, which a new account comes with."""
    with account.lock:
        _insert(account, "COMPUTE_WH", ADMINISTRATOR, {"state": "SUSPENDED"})


def _insert(account: Stores, name: str, owner: str, wanted: dict[str, Any]) -> None:
    row = {
        "size": "X-Small",
        "auto_suspend": 600,
        "auto_resume": True,
        "state": "STARTED",
        "comment": "",
        # What a warehouse is that does not say otherwise, since the bundles 2026_03 and later:
        # https://docs.snowflake.com/en/release-notes/bcr-bundles/2026_03/bcr-2250
        "generation": "2",
        "accelerated": True,
        "scale_factor": 8,
        **wanted,
    }
    account.own_write(
        "INSERT INTO _account_warehouses VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            name,
            row["size"],
            row["auto_suspend"],
            row["auto_resume"],
            row["state"],
            row["comment"],
            datetime.now(UTC).replace(tzinfo=None),
            owner,
            row.get("resource_monitor"),
            row["generation"],
            row["accelerated"],
            row["scale_factor"],
        ],
    )


def _check_monitor(account: Stores, wanted: dict[str, Any]) -> None:
    """Raises 002003 for a resource monitor that there is none of."""
    name = wanted.get("resource_monitor")
    if name and not account.own_rows("SELECT 1 FROM _account_monitors WHERE name = ?", [name]):
        raise errors.does_not_exist("Resource monitor", name)


def alter_warehouse(context: Context, statement: AlterWarehouse) -> Result:
    name, changes = statement.name, statement.properties
    context.transactions.commit_for_ddl()
    if name not in warehouses(context.account):
        if statement.if_exists:
            return result.status(_DONE)
        raise errors.does_not_exist("Warehouse", name)
    _check_monitor(context.account, changes)
    for column, value in changes.items():
        context.account.own_write(
            f"UPDATE _account_warehouses SET {column} = ? WHERE name = ?", [value, name]
        )
    return result.status(_DONE)


def drop_warehouse(context: Context, statement: Named) -> Result:
    name, if_exists = statement.name.name, statement.if_exists
    context.transactions.commit_for_ddl()
    if not context.account.own_write("DELETE FROM _account_warehouses WHERE name = ?", [name]):
        if not if_exists:
            raise errors.does_not_exist("Warehouse", name)
        return result.status(f"Drop statement executed successfully ({name} already dropped).")
    if context.warehouse == name:
        context.use_warehouse(None)
    return result.status(f"{name} successfully dropped.")


_WAREHOUSE_COLUMNS = {
    "name": "VARCHAR",
    "state": "VARCHAR",
    "type": "VARCHAR",
    "size": "VARCHAR",
    "running": "BIGINT",
    "queued": "BIGINT",
    "is_default": "VARCHAR",
    "is_current": "VARCHAR",
    "auto_suspend": "BIGINT",
    "auto_resume": "VARCHAR",
    "created_on": "TIMESTAMP WITH TIME ZONE",
    "owner": "VARCHAR",
    "comment": "VARCHAR",
    "enable_query_acceleration": "VARCHAR",
    "query_acceleration_max_scale_factor": "BIGINT",
    "resource_monitor": "VARCHAR",
    "resource_constraint": "VARCHAR",
    "generation": "VARCHAR",
}


def show_warehouses(context: Context, statement: Show) -> Result:
    """SHOW WAREHOUSES. https://docs.snowflake.com/en/sql-reference/sql/show-warehouses"""
    scope = statement.scope
    found = [row for name, row in sorted(warehouses(context.account).items()) if scope.admits(name)]
    return result.of(
        _WAREHOUSE_COLUMNS,
        [
            [
                row["name"],
                row["state"],
                "STANDARD",
                row["size"],
                0,
                0,
                "N",
                "Y" if row["name"] == context.warehouse else "N",
                row["auto_suspend"],
                "true" if row["auto_resume"] else "false",
                row["created_on"],
                row["owner"],
                row["comment"],
                "true" if row["accelerated"] else "false",
                row["scale_factor"],
                row["resource_monitor"] or "null",
                f"STANDARD_GEN_{row['generation']}",
                row["generation"],
            ]
            for row in found
        ],
        result.SHOW,
    )


def describe_warehouse(context: Context, statement: Named) -> Result:
    """DESCRIBE WAREHOUSE. https://docs.snowflake.com/en/sql-reference/sql/desc-warehouse"""
    name = statement.name.name
    row = warehouses(context.account).get(name)
    if row is None:
        raise errors.does_not_exist("Warehouse", name)
    columns = {
        name: _WAREHOUSE_COLUMNS.get(name, "VARCHAR") for name in ("created_on", "name", "kind")
    }
    return result.of(columns, [[row["created_on"], row["name"], "WAREHOUSE"]], result.DESCRIBE)


def _to_alter(statement: AlterWarehouse, place: Place) -> Demand:
    if "resource_monitor" in statement.properties:
        return on_account(statement, place)
    return alters(_KIND, "MODIFY", operates=("RESUME", "SUSPEND"))(statement, place)


_KIND = "WAREHOUSE"

STATEMENTS = (
    Kind(("CREATE", _KIND), _read_create, create_warehouse, creates(_KIND)),
    Kind(("ALTER", _KIND), _read_alter, alter_warehouse, _to_alter),
    Kind(("DROP", _KIND), statements.drop(_KIND), drop_warehouse, drops(_KIND)),
    Kind(
        ("SHOW", "WAREHOUSES"), statements.show("WAREHOUSES"), show_warehouses, lists(_KIND, "name")
    ),
    Kind(("DESCRIBE", _KIND), statements.describe(_KIND), describe_warehouse, needs(_KIND)),
)
EXISTS = {"WAREHOUSE": lambda context, what: what.name in warehouses(context.account)}
