"""Streamlit apps are stored, shown, changed and dropped; serving them is Streamlit's own affair.

https://docs.snowflake.com/en/sql-reference/sql/create-streamlit
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from flocon.access.demands import creates, drops, lists, needs, usage_of_warehouse
from flocon.access.needs import Demand, Need
from flocon.access.securables import Securable, inside
from flocon.access.trees import Place, staged
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.objects import account_parameters, compute_pools
from flocon.session.context import Context
from flocon.session.directory import of_catalog
from flocon.session.names import place_of
from flocon.session.stage_location import stage_location, versioned_folder
from flocon.session.statements import Kind, refused
from flocon.sql import statements
from flocon.sql.statements import Named, Show
from flocon.sql.streamlits import AlterStreamlit, CreateStreamlit, alter_streamlit, create_streamlit
from flocon.sql.tokens import FullName, Tokens

_PROPERTIES = (
    "title", "main_file", "query_warehouse", "comment", "root_location", "runtime_name",
    "compute_pool",
)  # fmt: skip
DDL = f"""
CREATE TABLE IF NOT EXISTS _account_streamlits (
    schema_name VARCHAR, name VARCHAR, id VARCHAR, created_on TIMESTAMP, owner VARCHAR,
    live BOOLEAN, {", ".join(f"{name} VARCHAR" for name in _PROPERTIES)}
);
"""
_DONE = "Statement executed successfully."
_LIVE_VERSION_EXISTS = errors.Code(99106, "42710")
_WAREHOUSE_RUNTIME = "SYSTEM$WAREHOUSE_RUNTIME"
_CONTAINER_RUNTIME = "SYSTEM$ST_CONTAINER_RUNTIME_PY3_11"
_KEY = "(schema_name, name) = (?, ?)"


def _found(context: Context, name: FullName) -> dict[str, Any] | None:
    rows = context.catalog(name.database).rows(
        f"SELECT * FROM _account_streamlits WHERE {_KEY}", [name.schema, name.name]
    )
    return rows[0] if rows else None


def _existing(context: Context, name: FullName) -> dict[str, Any]:
    row = _found(context, name)
    if row is None:
        raise errors.does_not_exist("Streamlit", name)
    return row


def create(context: Context, statement: CreateStreamlit) -> Result:
    name = context.resolve(statement.name)
    context.transactions.commit_for_ddl()
    context.check_schema(name)
    with context.account.lock:
        if _found(context, name):
            if statement.if_not_exists:
                return result.status(f"{name.name} already exists, statement succeeded.")
            if not statement.replace:
                raise errors.already_exists(name)
            _delete(context, name)
        values = _runtime(context, {"main_file": "streamlit_app.py", **statement.properties})
        folder = versioned_folder(context, name)
        folder.mkdir(parents=True)
        if statement.source:
            _copy(context, statement.source, folder / "versions" / "live")
        context.catalog(name.database).write(
            f"INSERT INTO _account_streamlits VALUES ({', '.join('?' * (6 + len(_PROPERTIES)))})",
            [
                name.schema,
                name.name,
                result.new_id(),
                datetime.now(UTC).replace(tzinfo=None),
                context.access.role,
                statement.source is not None,
                *(values.get(key) for key in _PROPERTIES),
            ],
        )
    return result.status(f"Streamlit {name.name} successfully created.")


def _runtime(context: Context, values: dict[str, Any]) -> dict[str, Any]:
    """The properties with the runtime that serves the app. Since the bundle 2026_06 it is the
    container runtime where none is named; an app with a ROOT_LOCATION has the warehouse runtime,
    and can have no other. Raises 001481 for what a runtime does not allow, 002003 and 003001 for a
    compute pool that the role may not use.

    https://docs.snowflake.com/en/developer-guide/streamlit/app-development/runtime-environments
    """
    legacy = values.get("root_location")
    runtime = (values.get("runtime_name") or "").upper()
    runtime = runtime or (_WAREHOUSE_RUNTIME if legacy else _CONTAINER_RUNTIME)
    if runtime not in (_WAREHOUSE_RUNTIME, _CONTAINER_RUNTIME) or (
        legacy and runtime == _CONTAINER_RUNTIME
    ):
        raise _invalid("RUNTIME_NAME", runtime)
    pool = values.get("compute_pool")
    if runtime == _WAREHOUSE_RUNTIME:
        main_file = values.get("main_file") or ""
        if "/" in main_file and not legacy:
            raise _invalid("MAIN_FILE", main_file)
        return {**values, "runtime_name": runtime}  # a compute pool is kept, and ignored
    default = account_parameters.value_of(
        context.account, account_parameters.DEFAULT_STREAMLIT_COMPUTE_POOL
    )
    pool = pool or default
    if pool not in compute_pools.pools(context.account):
        raise errors.does_not_exist("Compute pool", pool)
    context.access.require(Need(Securable(compute_pools.KIND, (pool,)), ("USAGE",)))
    return {**values, "runtime_name": runtime, "compute_pool": pool}


def _invalid(name: str, value: str) -> errors.SnowflakeError:
    return errors.compilation(
        errors.PROPERTY_VALUE, f"Invalid value '{value}' specified for property '{name}'"
    )


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


def alter(context: Context, statement: AlterStreamlit) -> Result:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-streamlit"""
    name = context.resolve(statement.name)
    context.transactions.commit_for_ddl()
    with context.account.lock:
        if statement.if_exists and _found(context, name) is None:
            return result.status(_DONE)
        row = _existing(context, name)
        if statement.add_live_version:
            if row["live"]:
                raise errors.SnowflakeError(
                    _LIVE_VERSION_EXISTS, "There is already a live version."
                )
            _update(context, name, {"live": True})
        elif statement.rename_to:
            _rename(context, name, context.resolve(statement.rename_to))
        else:
            changes = {**statement.set, **dict.fromkeys(statement.unset)}
            _update(context, name, _changed(context, row, changes))
    return result.status(_DONE)


def _changed(context: Context, row: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """What an ALTER sets, which must fit what the app has."""
    if not changes.keys() & {"main_file", "runtime_name", "compute_pool"}:
        return changes
    return _runtime(context, {**{key: row[key] for key in _PROPERTIES}, **changes})


def _update(context: Context, name: FullName, values: dict[str, Any]) -> None:
    if values:
        assignments = ", ".join(f"{key} = ?" for key in values)
        context.catalog(name.database).write(
            f"UPDATE _account_streamlits SET {assignments} WHERE {_KEY}",
            [*values.values(), name.schema, name.name],
        )


def _rename(context: Context, name: FullName, new: FullName) -> None:
    if (new.database, new.schema) != (name.database, name.schema):
        raise errors.unsupported("ALTER STREAMLIT … RENAME TO another schema")
    if _found(context, new):
        raise errors.already_exists(new)
    _update(context, name, {"name": new.name})
    versioned_folder(context, name).rename(versioned_folder(context, new))


def drop(context: Context, statement: Named) -> Result:
    name = context.resolve(statement.name)
    context.transactions.commit_for_ddl()
    with context.account.lock:
        if _found(context, name) is None:
            if statement.if_exists:
                return result.status(
                    f"Drop statement executed successfully ({name.name} already dropped)."
                )
            raise errors.does_not_exist("Streamlit", name)
        _delete(context, name)
    return result.status(f"{name.name} successfully dropped.")


def _delete(context: Context, name: FullName) -> None:
    context.catalog(name.database).write(
        f"DELETE FROM _account_streamlits WHERE {_KEY}", [name.schema, name.name]
    )
    context.account.engine.stages.remove(versioned_folder(context, name))


_SHOWN = {
    "created_on": "TIMESTAMP WITH TIME ZONE",
    **dict.fromkeys(
        (
            "name", "database_name", "schema_name", "title", "owner", "comment",
            "query_warehouse", "url_id", "owner_role_type",
        ),
        "VARCHAR",
    ),
}  # fmt: skip


def show(context: Context, statement: Show) -> Result:
    """SHOW STREAMLITS. https://docs.snowflake.com/en/sql-reference/sql/show-streamlits"""
    scope = statement.scope
    wanted, schema = place_of(context, scope)
    if scope.kind is None and context.schema:
        schema = context.schema
    rows = [
        {**row, "database_name": database, "url_id": row["id"], "owner_role_type": "ROLE"}
        for database in ([wanted] if wanted else context.account.databases())
        for row in context.catalog(database).rows(
            "SELECT * FROM _account_streamlits ORDER BY schema_name, name"
        )
        if scope.admits(row["name"]) and schema in (None, row["schema_name"])
    ]
    rows = rows[scope.cut([row["name"] for row in rows])]
    return result.of(_SHOWN, [[row[column] for column in _SHOWN] for row in rows], result.SHOW)


_DESCRIBED = (
    "title", "main_file", "query_warehouse", "url_id", "default_packages", "user_packages",
    "import_urls", "external_access_integrations", "external_access_secrets", "name", "comment",
    "root_location", "runtime_name", "compute_pool", "live_version_location_uri",
)  # fmt: skip


def describe(context: Context, statement: Named) -> Result:
    """DESCRIBE STREAMLIT. https://docs.snowflake.com/en/sql-reference/sql/desc-streamlit"""
    name = context.resolve(statement.name)
    row = _existing(context, name)
    live = f"snow://streamlit/{_quoted(name)}/versions/live/" if row["live"] else None
    empty = {"import_urls": "[]", "external_access_integrations": "[]"}
    told = {**row, **empty, "url_id": row["id"], "live_version_location_uri": live}
    values = [told.get(column) for column in _DESCRIBED]
    return result.of(dict.fromkeys(_DESCRIBED, "VARCHAR"), [values], result.DESCRIBE)


def _quoted(name: FullName) -> str:
    """Each part as SQL reads it again."""
    parts = (name.database, name.schema, name.name)
    return ".".join(
        part if part.isidentifier() and part.upper() == part else f'"{part}"' for part in parts
    )


def restart(context: Context, arguments: list[Any]) -> str:
    """SYSTEM$RESTART_STREAMLIT(name): after new files, of an app in the container runtime. None is
    served here, so there is nothing to be restarted."""
    if len(arguments) != 1:
        raise errors.compilation(errors.SYNTAX, "SYSTEM$RESTART_STREAMLIT takes one argument.")
    _existing(context, context.resolve(Tokens(str(arguments[0])).name()))
    return _DONE


FUNCTIONS = {"SYSTEM$RESTART_STREAMLIT": restart}


def _sources(statement: CreateStreamlit, place: Place) -> Iterable[Need]:
    if statement.source:
        yield staged(statement.source, place, "READ")
    yield from usage_of_warehouse(statement.properties.get("query_warehouse"))


def _to_alter(statement: AlterStreamlit, place: Place) -> Demand:
    what = inside("STREAMLIT", place.resolve(statement.name))
    owned = (Need(what, ("OWNERSHIP",)),)
    if statement.rename_to is None:
        return Demand(owned)
    return Demand(owned, renames=(what, inside("STREAMLIT", place.resolve(statement.rename_to))))


STATEMENTS = (
    Kind(("CREATE", "STREAMLIT"), create_streamlit, create, creates("STREAMLIT", _sources)),
    Kind(("ALTER", "STREAMLIT"), alter_streamlit, alter, _to_alter),
    Kind(("DROP", "STREAMLIT"), statements.drop("STREAMLIT"), drop, drops("STREAMLIT")),
    Kind(("SHOW", "STREAMLITS"), statements.show("STREAMLITS"), show, lists("STREAMLIT")),
    Kind(("DESCRIBE", "STREAMLIT"), statements.describe("STREAMLIT"), describe, needs("STREAMLIT")),
    refused("EXECUTE", "STREAMLIT", message="`streamlit run` serves an app on this machine"),
)
OF_SCHEMA = ("_account_streamlits", "schema_name")
IN_SCHEMA = {"STREAMLIT": of_catalog(*OF_SCHEMA)}
