"""Which objects there are, of any kind: for grants on all of them, and for what is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from flocon.access.securables import RELATION, Securable, schema
from flocon.core import errors
from flocon.engine import HIDDEN_SCHEMA
from flocon.jobs import alert_store, task_store
from flocon.objects import compute_pools, context, integrations
from flocon.procedures import store as procedure_store
from flocon.sql.tokens import FullName

if TYPE_CHECKING:
    from flocon.session.session import Session


def exists(session: Session, what: Securable) -> bool:
    """Is there such an object? What is of no known kind is taken to exist."""
    known = _EXISTS.get(what.kind)
    if known is None:
        return True
    try:
        return known(session, what)
    except errors.SnowflakeError:
        return False


def in_schema(session: Session, kind: str, database: str, schema_name: str) -> list[Securable]:
    """All objects of a kind in a schema, sorted."""
    found = _IN_SCHEMA[kind](session, database, schema_name)
    return [Securable(kind, (database, schema_name, name)) for name in sorted(found)]


def schemas(session: Session, database: str) -> list[Securable]:
    """The schemas of a database; raises 002003 where there is no such database."""
    session.catalog(database)
    rows = session.connection.values(
        "SELECT schema_name FROM duckdb_schemas() WHERE database_name = ? AND NOT internal"
        " AND schema_name NOT IN ('main', ?) ORDER BY 1",
        [database, HIDDEN_SCHEMA],
    )
    return [schema(database, name) for (name,) in rows]


def owner_changed(session: Session, what: Securable, role: str) -> None:
    """What keeps its owner itself is told of another one. A task or an alert is suspended by that,
    because it would run as somebody else.

    https://docs.snowflake.com/en/sql-reference/sql/grant-ownership
    """
    if what.kind not in ("TASK", "ALERT"):
        return
    database, schema_name, name = what.path
    catalog = session.catalog(database)
    with session.account.lock:
        if what.kind == "TASK":
            task = task_store.find(catalog, schema_name, name)
            if task and task.owner != role:
                task_store.update(catalog, replace(task, owner=role, state=task_store.SUSPENDED))
        else:
            alert = alert_store.find(catalog, schema_name, name)
            if alert and alert.owner != role:
                alert_store.update(catalog, replace(alert, owner=role, state=task_store.SUSPENDED))
    session.account.tasks_changed()


def _relation(session: Session, what: Securable) -> bool:
    name = FullName(*what.path)
    is_stream = session.account.streams.find(name) is not None
    if what.kind == "STREAM":
        return is_stream
    kind = session.relation_kind(name)
    return kind == what.kind or (what.kind == RELATION and (is_stream or kind is not None))


def _stored(session: Session, what: Securable) -> bool:
    database, schema_name, name = what.path
    return name in _IN_SCHEMA[what.kind](session, database, schema_name)


def _schema_exists(session: Session, what: Securable) -> bool:
    return session.connection.schema_exists(*what.path)


_EXISTS: dict[str, Callable[[Session, Securable], bool]] = {
    "DATABASE": lambda session, what: what.name in session.account.databases(),
    "SCHEMA": _schema_exists,
    "COMPUTE POOL": lambda session, what: what.name in compute_pools.pools(session.account),
    "WAREHOUSE": lambda session, what: what.name in context.warehouses(session.account),
    "INTEGRATION": lambda session, what: (
        what.name in integrations.all_integrations(session.account)
    ),
    "ROLE": lambda session, what: session.account.roles.exists(what.name),
    RELATION: _relation,
    "TABLE": _relation,
    "VIEW": _relation,
    "STREAM": _relation,
    **dict.fromkeys(
        ("ALERT", "FILE FORMAT", "PROCEDURE", "SEQUENCE", "STAGE", "STREAMLIT", "TASK"), _stored
    ),
}


# --- names in a schema ---------------------------------------------------------------------------


def _of_duckdb(function: str, column: str) -> Callable[[Session, str, str], set[str]]:
    def names(session: Session, database: str, schema_name: str) -> set[str]:
        rows = session.connection.values(
            f"SELECT {column} FROM {function}() WHERE (database_name, schema_name) = (?, ?)",
            [database, schema_name],
        )
        return {name for (name,) in rows}

    return names


def _of_catalog(table: str, schema_column: str) -> Callable[[Session, str, str], set[str]]:
    def names(session: Session, database: str, schema_name: str) -> set[str]:
        rows = session.catalog(database).rows(
            f'SELECT name FROM {table} WHERE "{schema_column}" = ?', [schema_name]
        )
        return {row["name"] for row in rows}

    return names


def _of_fakesnow(table: str) -> Callable[[Session, str, str], set[str]]:
    def names(session: Session, database: str, schema_name: str) -> set[str]:
        rows = session.connection.values(
            f"SELECT name FROM _fs_global.{HIDDEN_SCHEMA}.{table}"
            " WHERE (database_name, schema_name) = (?, ?)",
            [database, schema_name],
        )
        return {name for (name,) in rows}

    return names


def _streams(session: Session, database: str, schema_name: str) -> set[str]:
    return {
        stream.name.name
        for stream in session.account.streams.all()
        if (stream.name.database, stream.name.schema) == (database, schema_name)
    }


def _procedures(session: Session, database: str, schema_name: str) -> set[str]:
    found = procedure_store.visible(session.catalog(database), session.id)
    return {
        f"{procedure.name}({procedure.types})"
        for procedure in found
        if procedure.schema == schema_name and procedure.session_id is None
    }


_IN_SCHEMA: dict[str, Callable[[Session, str, str], set[str]]] = {
    "ALERT": _of_catalog("_account_alerts", "schema"),
    "FILE FORMAT": _of_fakesnow("_fs_file_formats"),
    "PROCEDURE": _procedures,
    "SEQUENCE": _of_duckdb("duckdb_sequences", "sequence_name"),
    "STAGE": _of_fakesnow("_fs_stages"),
    "STREAM": _streams,
    "STREAMLIT": _of_catalog("_account_streamlits", "schema_name"),
    "TABLE": _of_duckdb("duckdb_tables", "table_name"),
    "TASK": _of_catalog("_account_tasks", "schema"),
    "VIEW": _of_duckdb("duckdb_views", "view_name"),
}
