"""CREATE, DROP, SHOW and DESCRIBE STREAM, and SYSTEM$STREAM_HAS_DATA."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from flocon.access.demands import creates, drops, lists, needs
from flocon.access.needs import Need
from flocon.access.trees import Place, selects
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.session.context import Context
from flocon.session.names import place_of
from flocon.session.statements import Kind, refused
from flocon.sql import statements
from flocon.sql.statements import Named, Show
from flocon.sql.streams import CreateStream, create_stream
from flocon.sql.tokens import FullName, Tokens
from flocon.transactions.stream_view import Stream
from flocon.transactions.streams import DDL

__all__ = ["DDL", "EXISTS", "FUNCTIONS", "IN_SCHEMA", "STATEMENTS"]

# Snowflake extends a source's retention to this for its streams' sake.
_MAX_DATA_EXTENSION = timedelta(days=14)


def create(context: Context, statement: CreateStream) -> Result:
    context.transactions.commit_for_ddl()
    name, table = context.resolve(statement.name), context.resolve(statement.source)
    account = context.account
    context.check_schema(name)
    if answer := _existing(context, statement, name):
        return answer
    _check_source(context, name, table)
    catalog = context.catalog(name.database)
    context.transactions.reshape(name.database)
    # This may wait for others' transactions, so it does not hold the account's lock.
    account.tracked_tables.track(catalog, context.connection, table)
    with account.lock:
        if answer := _existing(context, statement, name):
            return answer
        account.streams.create(
            catalog, context.connection, name, table, statement, context.access.role
        )
    return result.status(f"Stream {name.name} successfully created.")


def _existing(context: Context, statement: CreateStream, name: FullName) -> Result | None:
    held = context.connection.temporary.get(name)
    if held:
        raise errors.name_is_taken(statement.name, held.kind)
    context.check_name(name, "STREAM", statement.name)
    if not context.account.streams.find(name) or statement.replace:
        return None
    if statement.if_not_exists:
        return result.already_exists(name.name)
    raise errors.already_exists(statement.name)


def _check_source(context: Context, name: FullName, table: FullName) -> None:
    if table.database != name.database:
        raise errors.unsupported("a stream on a table of another database")
    kind = context.relation_kind(table)
    if kind == "VIEW":
        raise errors.unsupported("CREATE STREAM ON VIEW")
    if kind != "TABLE":
        raise errors.does_not_exist("Table", table)


def drop(context: Context, statement: Named) -> Result:
    name = context.resolve(statement.name)
    context.transactions.commit_for_ddl()
    with context.account.lock:
        found = context.relation_kind(name)
        if found is None:
            context.check_missing("Stream", name, if_exists=statement.if_exists)
            return result.already_dropped(name.name)
        if found != "STREAM":
            raise errors.wrong_kind(found, "STREAM")
        context.transactions.reshape(name.database)
        context.account.streams.drop(context.catalog(name.database), name)
    return result.dropped(name.name)


_COLUMNS = result.columns(
    "created_on", "name", "database_name", "schema_name", "owner", "comment", "table_name",
    "source_type", "base_tables", "type", "stale", "mode", "stale_after", "invalid_reason",
    "owner_role_type",
)  # fmt: skip


def _row(context: Context, stream: Stream) -> list[Any]:
    stale = context.account.streams.is_stale(stream)
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


def show(context: Context, statement: Show) -> Result:
    """SHOW STREAMS. https://docs.snowflake.com/en/sql-reference/sql/show-streams"""
    scope = statement.scope
    database, schema = place_of(context, scope)
    found = [
        stream
        for stream in context.account.streams.all()
        if database in (None, stream.name.database) and schema in (None, stream.name.schema)
    ]
    found = scope.chosen(found, lambda stream: stream.name.name)
    return result.of(_COLUMNS, [_row(context, stream) for stream in found], result.SHOW)


def describe(context: Context, statement: Named) -> Result:
    stream = context.account.streams.get(context.resolve(statement.name))
    return result.of(_COLUMNS, [_row(context, stream)], result.DESCRIBE)


def stream_has_data(context: Context, arguments: list[Any]) -> bool:
    """SYSTEM$STREAM_HAS_DATA('name')"""
    if len(arguments) != 1 or not isinstance(arguments[0], str):
        raise errors.compilation(errors.INVALID_PROPERTY, "SYSTEM$STREAM_HAS_DATA takes a name.")
    name = context.resolve(Tokens(arguments[0]).name())
    streams = context.account.streams
    return streams.has_data(context.catalog(name.database), streams.get(name))


def _reads_source(statement: CreateStream, place: Place) -> Iterable[Need]:
    return selects(place.resolve(statement.source))


STATEMENTS = (
    Kind(("CREATE", "STREAM"), create_stream, create, creates("STREAM", _reads_source)),
    refused("ALTER", "STREAM"),
    Kind(("DROP", "STREAM"), statements.drop("STREAM"), drop, drops("STREAM")),
    Kind(("SHOW", "STREAMS"), statements.show("STREAMS"), show, lists("STREAM")),
    Kind(("DESCRIBE", "STREAM"), statements.describe("STREAM"), describe, needs("STREAM")),
)
FUNCTIONS = {"SYSTEM$STREAM_HAS_DATA": stream_has_data}


def _names(context: Context, database: str, schema: str) -> set[str]:
    return {
        stream.name.name
        for stream in context.account.streams.all()
        if (stream.name.database, stream.name.schema) == (database, schema)
    }


EXISTS = {
    "STREAM": lambda context, what: context.account.streams.find(FullName(*what.path)) is not None
}
IN_SCHEMA = {"STREAM": _names}
