"""CREATE, DROP, SHOW and DESCRIBE STREAM, and SYSTEM$STREAM_HAS_DATA."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from flocon.core import errors, result
from flocon.core.result import Result
from flocon.sql.show import show_scope
from flocon.sql.streams import CreateStream, create_stream
from flocon.sql.tokens import FullName, Tokens
from flocon.transactions.stream_view import Stream
from flocon.transactions.streams import DDL

if TYPE_CHECKING:
    from flocon.session.session import Session

__all__ = ["DDL", "FUNCTIONS", "ROUTES"]

# Snowflake extends a source's retention to this for its streams' sake.
_MAX_DATA_EXTENSION = timedelta(days=14)


def create(session: Session, tokens: Tokens, binds: Sequence[Any]) -> Result:
    statement = create_stream(tokens)
    session.commit_for_ddl()
    name, table = session.resolve(statement.name), session.resolve(statement.source)
    account = session.account
    session.check_schema(name)
    if answer := _existing(session, statement, name):
        return answer
    _check_source(session, name, table)
    catalog = session.catalog(name.database)
    # This may wait for others' transactions, so it does not hold the account's lock.
    account.changes.track(catalog, session.connection, table)
    with account.lock:
        if answer := _existing(session, statement, name):
            return answer
        account.streams.create(
            catalog, session.connection, name, table, statement, session.guard.role
        )
    return result.status(f"Stream {name.name} successfully created.")


def _existing(session: Session, statement: CreateStream, name: FullName) -> Result | None:
    if not session.account.streams.find(name) or statement.replace:
        return None
    if statement.if_not_exists:
        return result.status(f"{name.name} already exists, statement succeeded.")
    raise errors.already_exists(name)


def _check_source(session: Session, name: FullName, table: FullName) -> None:
    if table.database != name.database:
        raise errors.unsupported("a stream on a table of another database")
    kind = session.relation_kind(table)
    if kind == "VIEW":
        raise errors.unsupported("CREATE STREAM ON VIEW")
    if kind is None:
        raise errors.does_not_exist("Table", table)


def drop(session: Session, tokens: Tokens, binds: Sequence[Any]) -> Result:
    tokens.expect("DROP", "STREAM")
    if_exists = tokens.accept("IF", "EXISTS")
    name = session.resolve(tokens.name())
    tokens.end()
    session.commit_for_ddl()
    with session.account.lock:
        if if_exists and not session.account.streams.find(name):
            return result.status(
                f"Drop statement executed successfully ({name.name} already dropped)."
            )
        session.account.streams.drop(session.catalog(name.database), name)
    return result.status(f"{name.name} successfully dropped.")


def alter(session: Session, tokens: Tokens, binds: Sequence[Any]) -> Result:
    tokens.expect("ALTER", "STREAM")
    raise errors.unsupported(f"ALTER STREAM {tokens.rest()}")


_COLUMNS = {
    "created_on": "TIMESTAMP WITH TIME ZONE",
    "name": "VARCHAR",
    "database_name": "VARCHAR",
    "schema_name": "VARCHAR",
    "owner": "VARCHAR",
    "comment": "VARCHAR",
    "table_name": "VARCHAR",
    "source_type": "VARCHAR",
    "base_tables": "VARCHAR",
    "type": "VARCHAR",
    "stale": "VARCHAR",
    "mode": "VARCHAR",
    "stale_after": "TIMESTAMP WITH TIME ZONE",
    "invalid_reason": "VARCHAR",
    "owner_role_type": "VARCHAR",
}


def _row(session: Session, stream: Stream) -> list[Any]:
    stale = session.account.streams.is_stale(stream)
    return [
        stream.created_on,
        stream.name.name,
        stream.name.database,
        stream.name.schema,
        stream.owner,
        stream.comment,
        str(stream.table),
        "Table",
        str(stream.table),
        "DELTA",
        "true" if stale else "false",
        "APPEND_ONLY" if stream.append_only else "DEFAULT",
        None if stale else datetime.now(UTC).replace(tzinfo=None) + _MAX_DATA_EXTENSION,
        "Base table dropped" if stale else "N/A",
        "ROLE",
    ]


def show(session: Session, tokens: Tokens, binds: Sequence[Any]) -> Result:
    """SHOW STREAMS. https://docs.snowflake.com/en/sql-reference/sql/show-streams"""
    tokens.expect("SHOW")
    tokens.accept("TERSE")
    tokens.expect("STREAMS")
    scope = show_scope(tokens)
    database, schema = scope.place(session)
    found = [
        stream
        for stream in session.account.streams.all()
        if database in (None, stream.name.database)
        and schema in (None, stream.name.schema)
        and scope.admits(stream.name.name)
    ]
    found = found[scope.cut([stream.name.name for stream in found])]
    return result.of(_COLUMNS, [_row(session, stream) for stream in found], result.SHOW)


def describe(session: Session, tokens: Tokens, binds: Sequence[Any]) -> Result:
    tokens.next()
    tokens.expect("STREAM")
    stream = session.account.streams.get(session.resolve(tokens.name()))
    return result.of(_COLUMNS, [_row(session, stream)], result.DESCRIBE)


def stream_has_data(session: Session, arguments: list[Any]) -> bool:
    """SYSTEM$STREAM_HAS_DATA('name')"""
    if len(arguments) != 1 or not isinstance(arguments[0], str):
        raise errors.compilation(errors.INVALID_PROPERTY, "SYSTEM$STREAM_HAS_DATA takes a name.")
    name = session.resolve(Tokens(arguments[0]).name())
    streams = session.account.streams
    return streams.has_data(session.catalog(name.database), streams.get(name))


ROUTES = {
    ("CREATE", "STREAM"): create,
    ("ALTER", "STREAM"): alter,
    ("DROP", "STREAM"): drop,
    ("SHOW", "STREAMS"): show,
    ("DESCRIBE", "STREAM"): describe,
}
FUNCTIONS = {"SYSTEM$STREAM_HAS_DATA": stream_has_data}
