"""Streamlit apps are stored, shown, changed and dropped; serving them is Streamlit's own affair.

https://docs.snowflake.com/en/sql-reference/sql/create-streamlit
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from flocon.access.demands import creates, drops, lists, needs, usage_of_warehouse
from flocon.access.needs import Demand, Need
from flocon.access.securables import Securable, inside
from flocon.access.trees import Place, staged
from flocon.core import errors, result
from flocon.core.clock import utc_now
from flocon.core.result import Result
from flocon.engine import StoredObjects
from flocon.objects import account_parameters, compute_pools
from flocon.session.arguments import only
from flocon.session.context import Context
from flocon.session.names import place_of
from flocon.session.stage_location import stage_location, versioned_folder
from flocon.session.statements import Kind, refused
from flocon.sql import definitions, statements
from flocon.sql.definitions import Definition, identifier
from flocon.sql.statements import Named, Show
from flocon.sql.tokens import FullName, Tokens

_LIVE_VERSION_EXISTS = errors.Code(99106, "42710")
_WAREHOUSE_RUNTIME = "SYSTEM$WAREHOUSE_RUNTIME"
_CONTAINER_RUNTIME = "SYSTEM$ST_CONTAINER_RUNTIME_PY3_11"


@dataclass(frozen=True)
class Streamlit:
    """live: has it a live version? properties: by their names in DESCRIBE, only those that were
    set."""

    schema: str
    name: str
    owner: str
    live: bool
    properties: Mapping[str, str | None]
    id: str = field(default_factory=result.new_id)
    created_on: datetime = field(default_factory=utc_now)


STORED = StoredObjects("STREAMLIT", lambda fields: Streamlit(**fields))


# --- what statements say -------------------------------------------------------------------------

_TEXTS = ("ROOT_LOCATION", "MAIN_FILE", "TITLE", "COMMENT", "RUNTIME_NAME")
_PROPERTIES: dict[str, definitions.Reader] = {
    **dict.fromkeys(_TEXTS, Tokens.value),
    **dict.fromkeys(("QUERY_WAREHOUSE", "COMPUTE_POOL"), identifier),
}
# The location behind FROM, and the name behind RENAME TO.
_SOURCE, _NEW_NAME = "FROM", "RENAME TO"


def _read_create(tokens: Tokens) -> Definition:
    """CREATE [OR REPLACE] STREAMLIT [IF NOT EXISTS] name [FROM '…'] property = value …"""
    head = definitions.created(tokens, "STREAMLIT")
    source = {_SOURCE: tokens.value()} if tokens.accept("FROM") else {}
    properties = definitions.properties(tokens, _PROPERTIES, _unknown)
    return replace(head, properties=properties | source)


def _read_alter(tokens: Tokens) -> Definition:
    """ALTER STREAMLIT [IF EXISTS] n {SET … | UNSET … | ADD LIVE VERSION FROM LAST | RENAME TO …}"""
    head = definitions.altered(tokens, "STREAMLIT")
    if tokens.accept("UNSET"):
        known = ("QUERY_WAREHOUSE", "TITLE", "COMMENT")
        return replace(head, properties=definitions.unset(tokens, known, _unknown))
    if tokens.accept("SET"):
        return replace(head, properties=definitions.properties(tokens, _PROPERTIES, _unknown))
    if tokens.accept("ADD", "LIVE", "VERSION", "FROM", "LAST"):
        statement = replace(head, action="ADD LIVE VERSION")
    elif tokens.accept("RENAME", "TO"):
        statement = replace(head, action="RENAME", properties={_NEW_NAME: tokens.name()})
    else:
        raise errors.unsupported(f"ALTER STREAMLIT … {tokens.rest()}")
    tokens.end()
    return statement


def _unknown(name: str) -> errors.SnowflakeError:
    return errors.unsupported(f"STREAMLIT with {name}")


def _fields(statement: Definition) -> dict[str, Any]:
    """Its properties by their names in DESCRIBE."""
    return {name.lower(): v for name, v in statement.properties.items() if name in _PROPERTIES}


# --- what they do --------------------------------------------------------------------------------


def _find(context: Context, name: FullName) -> Streamlit | None:
    return STORED.find(context.catalog(name.database), name.schema, name.name)


def _existing(context: Context, name: FullName) -> Streamlit:
    app = _find(context, name)
    if app is None:
        raise errors.does_not_exist("Streamlit", name)
    return app


def create(context: Context, statement: Definition) -> Result:
    name = context.resolve(statement.name)
    context.transactions.commit_for_ddl()
    context.check_schema(name)
    with context.account.lock:
        if _find(context, name):
            if statement.forgiving:
                return result.already_exists(name.name)
            if statement.mode == "CREATE":
                raise errors.already_exists(name)
            _delete(context, name)
        values = _runtime(context, {"main_file": "streamlit_app.py", **_fields(statement)})
        folder = versioned_folder(context, name)
        folder.mkdir(parents=True)
        source = statement.properties.get(_SOURCE)
        if source:
            _copy(context, source, folder / "versions" / "live")
        live = source is not None
        app = Streamlit(name.schema, name.name, context.access.role, live, values)
        STORED.put(context.catalog(name.database), app)
    return result.status(f"Streamlit {name.name} successfully created.")


def _runtime(context: Context, values: dict[str, Any]) -> dict[str, Any]:
    """The properties with the runtime that serves the app. Since the bundle 2026_06 the default is
    the container runtime; an app with a ROOT_LOCATION can have the warehouse runtime only.
    Raises 001481 for what a runtime does not allow, 002003 and 003001 for a compute pool that the
    role may not use.

    https://docs.snowflake.com/en/developer-guide/streamlit/app-development/runtime-environments
    """
    legacy = values.get("root_location")
    runtime = (values.get("runtime_name") or "").upper()
    runtime = runtime or (_WAREHOUSE_RUNTIME if legacy else _CONTAINER_RUNTIME)
    if runtime not in (_WAREHOUSE_RUNTIME, _CONTAINER_RUNTIME) or (
        legacy and runtime == _CONTAINER_RUNTIME
    ):
        raise errors.invalid_value("RUNTIME_NAME", runtime)
    pool = values.get("compute_pool")
    if runtime == _WAREHOUSE_RUNTIME:
        main_file = values.get("main_file") or ""
        if "/" in main_file and not legacy:
            raise errors.invalid_value("MAIN_FILE", main_file)
        return {**values, "runtime_name": runtime}  # a compute pool is kept, and ignored
    default = account_parameters.value_of(
        context.account, account_parameters.DEFAULT_STREAMLIT_COMPUTE_POOL
    )
    pool = pool or default
    compute_pools.POOLS.get(context.account, pool)
    context.access.require(Need(Securable(compute_pools.KIND, (pool,)), ("USAGE",)))
    return {**values, "runtime_name": runtime, "compute_pool": pool}


def _copy(context: Context, source: str, folder: Any) -> None:
    """The files below a stage's path become the live version's."""
    place = stage_location(context, source)
    below = f"{place.path.rstrip('/')}/" if place.path else ""
    for _, file in place.files():
        relative = file.relative_to(place.folder).as_posix()
        if relative.startswith(below):
            target = folder / relative[len(below) :]
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)


def alter(context: Context, statement: Definition) -> Result:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-streamlit"""
    name = context.resolve(statement.name)
    context.transactions.commit_for_ddl()
    with context.account.lock:
        if statement.forgiving and _find(context, name) is None:
            context.check_missing("Streamlit", name, if_exists=True)
            return result.done()
        app = _existing(context, name)
        if statement.action == "ADD LIVE VERSION":
            if app.live:
                raise errors.SnowflakeError(
                    _LIVE_VERSION_EXISTS, "There is already a live version."
                )
            changed = replace(app, live=True)
        elif statement.action == "RENAME":
            new = context.resolve(statement.properties[_NEW_NAME])
            changed = _renamed(context, app, name, new)
        else:
            changed = replace(app, properties=_changed(context, app, _fields(statement)))
        STORED.put(context.catalog(name.database), changed, instead_of=app)
    return result.done()


def _changed(context: Context, app: Streamlit, changes: dict[str, Any]) -> dict[str, Any]:
    """The properties after an ALTER that sets some, which must fit the others."""
    properties = {**app.properties, **changes}
    decides = changes.keys() & {"main_file", "runtime_name", "compute_pool"}
    return _runtime(context, properties) if decides else properties


def _renamed(context: Context, app: Streamlit, name: FullName, new: FullName) -> Streamlit:
    if (new.database, new.schema) != (name.database, name.schema):
        raise errors.unsupported("ALTER STREAMLIT … RENAME TO another schema")
    if _find(context, new):
        raise errors.already_exists(new)
    versioned_folder(context, name).rename(versioned_folder(context, new))
    return replace(app, name=new.name)


def drop(context: Context, statement: Named) -> Result:
    name = context.resolve(statement.name)
    context.transactions.commit_for_ddl()
    with context.account.lock:
        if _find(context, name) is None:
            context.check_missing("Streamlit", name, if_exists=statement.if_exists)
            return result.already_dropped(name.name)
        _delete(context, name)
    return result.dropped(name.name)


def _delete(context: Context, name: FullName) -> None:
    STORED.delete(context.catalog(name.database), name.schema, name.name)
    context.account.engine.stages.remove(versioned_folder(context, name))


_SHOWN = result.columns(
    "created_on", "name", "database_name", "schema_name", "title", "owner", "comment",
    "query_warehouse", "url_id", "owner_role_type",
)  # fmt: skip


def show(context: Context, statement: Show) -> Result:
    """SHOW STREAMLITS. https://docs.snowflake.com/en/sql-reference/sql/show-streamlits"""
    scope = statement.scope
    wanted, schema = place_of(context, scope)
    if scope.kind is None and context.schema:
        schema = context.schema
    rows: list[dict[str, Any]] = []
    for database in [wanted] if wanted else context.account.databases():
        with context.account.while_there(database):
            rows += [
                _row(app) | {"database_name": database}
                for app in STORED.all(context.catalog(database))
                if schema in (None, app.schema)
            ]
    return result.listing(_SHOWN, scope.chosen(rows, lambda row: row["name"]), result.SHOW)


def _row(app: Streamlit) -> dict[str, Any]:
    return {
        **app.properties,
        "created_on": app.created_on,
        "name": app.name,
        "schema_name": app.schema,
        "owner": app.owner,
        "url_id": app.id,
        "owner_role_type": "ROLE",
    }


_DESCRIBED = result.columns(
    "title", "main_file", "query_warehouse", "url_id", "default_packages", "user_packages",
    "import_urls", "external_access_integrations", "external_access_secrets", "name", "comment",
    "root_location", "runtime_name", "compute_pool", "live_version_location_uri",
)  # fmt: skip


def describe(context: Context, statement: Named) -> Result:
    """DESCRIBE STREAMLIT. https://docs.snowflake.com/en/sql-reference/sql/desc-streamlit"""
    name = context.resolve(statement.name)
    app = _existing(context, name)
    live = f"snow://streamlit/{_quoted(name)}/versions/live/" if app.live else None
    empty = {"import_urls": "[]", "external_access_integrations": "[]"}
    row = {**_row(app), **empty, "live_version_location_uri": live}
    return result.listing(_DESCRIBED, [row], result.DESCRIBE)


def _quoted(name: FullName) -> str:
    """Each part as SQL reads it again."""
    parts = (name.database, name.schema, name.name)
    return ".".join(
        part if part.isidentifier() and part.upper() == part else f'"{part}"' for part in parts
    )


def restart(context: Context, arguments: list[Any]) -> str:
    """SYSTEM$RESTART_STREAMLIT(name): after new files, of an app in the container runtime. None is
    served here, so there is nothing to be restarted."""
    name = Tokens(str(only(arguments, "SYSTEM$RESTART_STREAMLIT"))).name()
    _existing(context, context.resolve(name))
    return result.DONE


FUNCTIONS = {"SYSTEM$RESTART_STREAMLIT": restart}


def _sources(statement: Definition, place: Place) -> Iterable[Need]:
    if source := statement.properties.get(_SOURCE):
        yield from staged(source, place, "READ")
    yield from usage_of_warehouse(statement.properties.get("QUERY_WAREHOUSE"))


def _to_alter(statement: Definition, place: Place) -> Demand:
    what = inside("STREAMLIT", place.resolve(statement.name))
    owned = (Need(what, ("OWNERSHIP",)),)
    if statement.action != "RENAME":
        return Demand(owned)
    new = inside("STREAMLIT", place.resolve(statement.properties[_NEW_NAME]))
    return Demand(owned, renames=(what, new))


STATEMENTS = (
    Kind(("CREATE", "STREAMLIT"), _read_create, create, creates("STREAMLIT", _sources)),
    Kind(("ALTER", "STREAMLIT"), _read_alter, alter, _to_alter),
    Kind(("DROP", "STREAMLIT"), statements.drop("STREAMLIT"), drop, drops("STREAMLIT")),
    Kind(("SHOW", "STREAMLITS"), statements.show("STREAMLITS"), show, lists("STREAMLIT")),
    Kind(("DESCRIBE", "STREAMLIT"), statements.describe("STREAMLIT"), describe, needs("STREAMLIT")),
    refused("EXECUTE", "STREAMLIT", message="`streamlit run` serves an app on this machine"),
)
