"""Warehouses. They are stored, granted and shown; statements run without them."""

from __future__ import annotations

from collections.abc import Callable
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
from flocon.objects.account_objects import AccountObjects
from flocon.session.context import Context
from flocon.session.statements import Kind
from flocon.sql import definitions, statements
from flocon.sql.definitions import Definition
from flocon.sql.statements import Named
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


def _boolean(value: str) -> bool:
    return {"FALSE": False, "TRUE": True}[value.upper()]


def _number(value: str, most: int = 2**31 - 1) -> int:
    if not (value.isdigit() and int(value) <= most):
        raise ValueError(value)
    return int(value)


def _size(value: str) -> str:
    size = value.upper().replace("-", "")
    if size not in _SIZES:
        raise errors.unsupported(f"WAREHOUSE_SIZE = {value}")
    return _SIZES[size]


# The field of a Warehouse that a property sets, and its value; a KeyError or ValueError is for a
# value that the property cannot have.
_FIELDS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "WAREHOUSE_SIZE": ("size", _size),
    "AUTO_SUSPEND": ("auto_suspend", lambda v: 0 if v.upper() == "NULL" else _number(v)),
    "AUTO_RESUME": ("auto_resume", _boolean),
    "INITIALLY_SUSPENDED": ("state", lambda v: "SUSPENDED" if _boolean(v) else "STARTED"),
    "COMMENT": ("comment", str),
    "RESOURCE_MONITOR": ("resource_monitor", lambda v: None if v.upper() == "NULL" else v.upper()),
    "GENERATION": ("generation", {"1": "1", "2": "2"}.__getitem__),
    "RESOURCE_CONSTRAINT": ("generation", lambda v: _GENERATIONS[v.upper()]),
    "ENABLE_QUERY_ACCELERATION": ("accelerated", _boolean),
    "QUERY_ACCELERATION_MAX_SCALE_FACTOR": ("scale_factor", lambda v: _number(v, most=100)),
    # A warehouse has its new size at once.
    "WAIT_FOR_COMPLETION": ("", _boolean),
}


def _properties(tokens: Tokens, *, alters: bool = False) -> dict[str, Any]:
    """NAME [=] value …, as fields of a Warehouse. Raises 001008 for an unknown name, 001481 for a
    wrong value."""
    found: dict[str, Any] = {}
    seen: set[str] = set()
    while not tokens.done:
        name = tokens.word()
        if name in seen:
            raise errors.duplicate_property(name)
        seen.add(name)
        tokens.accept("=")
        value = tokens.value()
        if name in _FIELDS and (alters or name != "WAIT_FOR_COMPLETION"):
            field_name, read = _FIELDS[name]
            try:
                found[field_name] = read(value)
            except (KeyError, ValueError):
                raise errors.invalid_value(name, value) from None
        elif name not in _ONLY_VALUES:
            raise definitions.invalid_property(name)
        elif value.upper() != _ONLY_VALUES[name]:
            raise errors.unsupported(f"WAREHOUSE with {name} = {value}")
        tokens.accept(",")
    found.pop("", None)
    return found


def _read_create(tokens: Tokens) -> Definition:
    head = definitions.created(tokens, "WAREHOUSE", modes=("REPLACE", "ALTER"))
    tokens.accept("WITH")
    return replace(head, properties=_properties(tokens))


def _read_alter(tokens: Tokens) -> Definition:
    """ALTER WAREHOUSE [IF EXISTS] name {SUSPEND | RESUME [IF SUSPENDED] | SET … | UNSET
    COMMENT}"""
    head = definitions.altered(tokens, "WAREHOUSE")
    if tokens.accept("SUSPEND"):
        statement = replace(head, action="SUSPEND", properties={"state": "SUSPENDED"})
    elif tokens.accept("RESUME"):
        tokens.accept("IF", "SUSPENDED")
        statement = replace(head, action="RESUME", properties={"state": "STARTED"})
    elif tokens.accept("SET"):
        statement = replace(head, properties=_properties(tokens, alters=True))
    elif tokens.accept("UNSET", "COMMENT"):
        statement = replace(head, properties={"comment": ""})
    else:
        raise errors.unsupported(f"ALTER WAREHOUSE … {tokens.rest()}")
    tokens.end()
    return statement


def provide_first(account: Stores) -> None:
    """COMPUTE_WH, which a new account comes with."""
    STORED.put(account.own, Warehouse("COMPUTE_WH", ADMINISTRATOR, state="SUSPENDED"))


class _Warehouses(AccountObjects[Warehouse]):
    noun = "Warehouse"
    store = STORED
    shown = result.columns(
        "name", "state", "type", "size", "min_cluster_count", "max_cluster_count",
        "started_clusters", "running", "queued", "is_default", "is_current", "auto_suspend",
        "auto_resume", "available", "provisioning", "quiescing", "other", "created_on", "owner",
        "comment", "enable_query_acceleration", "query_acceleration_max_scale_factor",
        "resource_monitor", "scaling_policy", "owner_role_type", "resource_constraint",
        "generation",
    )  # fmt: skip

    def check(self, context: Context, statement: Definition) -> None:
        """Raises 002003 for a resource monitor that does not exist."""
        name = statement.properties.get("resource_monitor")
        if name and not is_stored(context.account.own, "RESOURCE MONITOR", name):
            raise errors.does_not_exist("Resource monitor", name)

    def made(self, context: Context, statement: Definition) -> Warehouse:
        return Warehouse(statement.name.name, context.access.role, **statement.properties)

    def changed(self, current: Warehouse, statement: Definition) -> Warehouse:
        return replace(current, **statement.properties)

    def created(self, context: Context, name: str) -> None:
        context.use_warehouse(name)

    def gone(self, context: Context, name: str) -> None:
        if context.warehouse == name:
            context.use_warehouse(None)

    def row(self, context: Context, item: Warehouse) -> dict[str, Any]:
        is_started = item.state == "STARTED"
        return {
            "name": item.name,
            "state": item.state,
            "type": "STANDARD",
            "size": item.size,
            "min_cluster_count": 1,
            "max_cluster_count": 1,
            "started_clusters": int(is_started),
            "available": "100" if is_started else "",
            **dict.fromkeys(("provisioning", "quiescing", "other"), "0" if is_started else ""),
            "scaling_policy": "STANDARD",
            "owner_role_type": "ROLE",
            "running": 0,
            "queued": 0,
            "is_default": "N",
            "is_current": "Y" if item.name == context.warehouse else "N",
            "auto_suspend": item.auto_suspend,
            "auto_resume": str(item.auto_resume).lower(),
            "created_on": item.created_on,
            "owner": item.owner,
            "comment": item.comment,
            "enable_query_acceleration": str(item.accelerated).lower(),
            "query_acceleration_max_scale_factor": item.scale_factor,
            "resource_monitor": item.resource_monitor or "null",
            "resource_constraint": f"STANDARD_GEN_{item.generation}",
            "generation": item.generation,
        }

    def describe(self, context: Context, statement: Named) -> Result:
        """https://docs.snowflake.com/en/sql-reference/sql/desc-warehouse"""
        item = self.get(context.account, statement.name.name)
        columns = result.columns("created_on", "name", "kind")
        return result.of(columns, [[item.created_on, item.name, "WAREHOUSE"]], result.DESCRIBE)


def _to_alter(statement: Definition, place: Place) -> Demand:
    if "resource_monitor" in statement.properties:
        return on_account(statement, place)
    return alters(_KIND, "MODIFY", operates=("RESUME", "SUSPEND"))(statement, place)


_KIND = STORED.kind
_WAREHOUSES = _Warehouses()
_SHOW = statements.show("WAREHOUSES")

STATEMENTS = (
    Kind(("CREATE", _KIND), _read_create, _WAREHOUSES.create, creates(_KIND)),
    Kind(("ALTER", _KIND), _read_alter, _WAREHOUSES.alter, _to_alter),
    Kind(("DROP", _KIND), statements.drop(_KIND), _WAREHOUSES.drop, drops(_KIND)),
    Kind(("SHOW", "WAREHOUSES"), _SHOW, _WAREHOUSES.show, lists(_KIND, "name")),
    Kind(("DESCRIBE", _KIND), statements.describe(_KIND), _WAREHOUSES.describe, needs(_KIND)),
)
