"""Streams: their definitions, their offsets, and the view through which each one is read.

https://docs.snowflake.com/en/user-guide/streams-intro
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlglot import exp

from flocon.core import errors
from flocon.engine import HIDDEN_SCHEMA, Catalog, Conflict, Connection
from flocon.sql.streams import CreateStream
from flocon.sql.tokens import FullName
from flocon.transactions.change_log import Tracked, hidden
from flocon.transactions.commits import Commits
from flocon.transactions.stream_view import Stream, initial_table, view_sql
from flocon.transactions.tracked_tables import TrackedTables

DDL = """
CREATE TABLE IF NOT EXISTS _account_streams (
    id BIGINT, schema VARCHAR, name VARCHAR, table_id BIGINT, table_schema VARCHAR,
    table_name VARCHAR, append_only BOOLEAN, "offset" BIGINT, initial BOOLEAN, comment VARCHAR,
    created_on TIMESTAMP, owner VARCHAR
);
"""


class Streams:
    """The streams of an account. Thread-safe."""

    def __init__(self, tables: TrackedTables, commits: Commits) -> None:
        self._tables = tables
        self._commits = commits
        self._streams: dict[FullName, Stream] = {}
        self._lock = threading.RLock()

    def open(self, catalog: Catalog) -> None:
        """Load a database's streams."""
        for row in catalog.rows("SELECT * FROM _account_streams"):
            name = FullName(catalog.database, row["schema"], row["name"])
            table = FullName(catalog.database, row["table_schema"], row["table_name"])
            self._streams[name] = Stream(
                row["id"],
                name,
                row["table_id"],
                table,
                row["append_only"],
                bool(catalog.rows(_INITIAL_TABLE, [f"_account_initial_{row['id']}"])),
                row["comment"],
                row["created_on"],
                row["owner"],
            )
        self._finish_after_crash(catalog)

    def _finish_after_crash(self, catalog: Catalog) -> None:
        """Finish what a crash left half done: recreate views, drop unread tables."""
        read = set()
        for stream in [s for s in self.all() if s.name.database == catalog.database]:
            catalog.write(f"DROP VIEW IF EXISTS {stream.quoted_view}")
            if not self.is_stale(stream):
                read.add(stream.table_id)
                catalog.write(view_sql(stream, self.source(stream)))
        for tracked in self._tables.all_tracked(catalog.database):
            if tracked.id not in read:
                self._tables.untrack(catalog, tracked.table)

    def table_behind(self, view: tuple[str, str, str]) -> tuple[str, str, str] | None:
        """The table of the stream that is read through a hidden view."""
        for stream in self.all():
            if view == (stream.name.database, HIDDEN_SCHEMA, stream.view):
                return (stream.table.database, stream.table.schema, stream.table.name)
        return None

    def find(self, name: FullName) -> Stream | None:
        # Without the lock: each statement asks, also while a new stream waits for others' commits.
        return self._streams.get(name)

    def of_view(self, view: FullName) -> Stream | None:
        """The stream that a view in the hidden schema shows."""
        return next((stream for stream in self.all() if _view_of(stream) == view), None)

    def get(self, name: FullName) -> Stream:
        if stream := self.find(name):
            return stream
        raise errors.does_not_exist("Stream", name)

    def all(self) -> list[Stream]:
        # Without the lock, like `find`.
        streams = list(self._streams.values())
        return sorted(streams, key=lambda stream: str(stream.name))

    def databases(self) -> set[str]:
        """The databases that have streams."""
        return {name.database for name in list(self._streams)}

    def of_table(self, database: str, table_id: int) -> list[Stream]:
        return [
            stream
            for stream in self.all()
            if stream.table_id == table_id and stream.name.database == database
        ]

    def source(self, stream: Stream) -> Tracked:
        """The stream's table. Raises 091901 where that table is gone: the stream is stale."""
        tracked = self._tables.by_id(stream.name.database, stream.table_id)
        if tracked is None:
            raise errors.SnowflakeError(
                errors.STALE_STREAM,
                f"Base table '{stream.table}' dropped or replaced, cannot read from stream"
                f" '{stream.name.name}'. The stream is stale: recreate it.",
            )
        return tracked

    def is_stale(self, stream: Stream) -> bool:
        return self._tables.by_id(stream.name.database, stream.table_id) is None

    def create(
        self,
        catalog: Catalog,
        connection: Connection,
        name: FullName,
        table: FullName,
        statement: CreateStream,
        owner: str,
    ) -> None:
        """Make the stream, its offset at now, or where another stream stands."""
        with self._lock:
            tracked = self._tables.track(catalog, connection, table)
            replaced = self.find(name)
            identity = catalog.rows("SELECT nextval('_account_change') AS id")[0]["id"]
            stream = Stream(
                identity,
                name,
                tracked.id,
                table,
                statement.append_only,
                statement.show_initial_rows,
                statement.comment,
                datetime.now(UTC).replace(tzinfo=None),
                owner,
            )
            # No commit comes between the offset and the copy of the initial rows.
            with self._commits.commits_blocked(name.database):
                offset = self._start(catalog, statement, name, tracked)
                if statement.show_initial_rows:
                    catalog.write(
                        f"CREATE TABLE {initial_table(stream)} AS SELECT * FROM {tracked.source}"
                    )
                _write(catalog, stream, offset, replaced)
            catalog.write(view_sql(stream, tracked))
            self._streams[name] = stream
            if replaced:
                self._leave(catalog, replaced)

    def _start(
        self, catalog: Catalog, statement: CreateStream, name: FullName, tracked: Tracked
    ) -> int:
        if statement.at_stream is None:
            rows = catalog.rows("SELECT coalesce(max(seq), 0) AS seq FROM _account_commits")
            return int(rows[0]["seq"])
        at = statement.at_stream
        other = self.get(FullName(at.database or name.database, at.schema or name.schema, at.name))
        if other.name.database != name.database or other.table_id != tracked.id:
            raise errors.compilation(
                errors.INVALID_PROPERTY,
                f"Stream '{other.name}' is not on table '{tracked.table}'.",
            )
        return self.offset(catalog, other)

    def drop(self, catalog: Catalog, name: FullName) -> None:
        with self._lock:
            stream = self.get(name)
            catalog.write(f"DROP VIEW IF EXISTS {stream.quoted_view}")
            catalog.write("DELETE FROM _account_streams WHERE id = ?", [stream.id])
            del self._streams[name]
            self._leave(catalog, stream)

    def _leave(self, catalog: Catalog, stream: Stream) -> None:
        """The stream is gone: so are its initial rows, and a log that nobody else reads."""
        catalog.write(f"DROP TABLE IF EXISTS {initial_table(stream)}")
        unread = not self.of_table(stream.name.database, stream.table_id)
        if unread and not self.is_stale(stream):
            self._tables.untrack(catalog, self.source(stream).table)

    def table_gone(self, catalog: Catalog, table: FullName) -> None:
        """The table was dropped or replaced: its streams are stale from now on."""
        with self._lock:
            if tracked := self._tables.tracked(table):
                for stream in self.of_table(table.database, tracked.id):
                    catalog.write(f"DROP VIEW IF EXISTS {stream.quoted_view}")
                self._tables.untrack(catalog, table)

    def table_changed(self, catalog: Catalog, connection: Connection, table: FullName) -> None:
        """The table has other columns: so have its streams."""
        with self._lock:
            if tracked := self._tables.tracked(table):
                streams = self.of_table(table.database, tracked.id)
                for stream in streams:
                    catalog.write(f"DROP VIEW IF EXISTS {stream.quoted_view}")
                reshaped = self._tables.reshape(catalog, connection, table)
                assert reshaped is not None
                for stream in streams:
                    catalog.write(view_sql(stream, reshaped))

    def table_renamed(self, catalog: Catalog, old: FullName, new: FullName) -> None:
        with self._lock:
            if tracked := self._tables.tracked(old):
                self._tables.rename(catalog, old, new)
                for stream in self.of_table(old.database, tracked.id):
                    catalog.write(
                        "UPDATE _account_streams SET table_schema = ?, table_name = ? WHERE id = ?",
                        [new.schema, new.name, stream.id],
                    )
                    self._streams[stream.name] = replace(stream, table=new)

    def container_gone(self, catalog: Catalog | None, database: str, schema: str | None) -> None:
        """A schema or database was dropped, with its streams and tables."""
        with self._lock:
            for name in list(self._streams):
                if name.database == database and schema in (None, name.schema):
                    if catalog:
                        self.drop(catalog, name)
                    else:
                        del self._streams[name]

    def behind(self, connection: Connection, tables: Iterable[FullName]) -> list[Stream]:
        """The streams that these tables, as far as they are views, read."""
        if not self._streams:
            return []
        names = reached(connection, tables)
        return [stream for stream in self.all() if _view_of(stream) in names]

    def offset(self, catalog: Catalog, stream: Stream) -> int:
        rows = catalog.rows('SELECT "offset" FROM _account_streams WHERE id = ?', [stream.id])
        return int(rows[0]["offset"])

    def position(self, connection: Connection, stream: Stream) -> tuple[int, bool]:
        """(offset, whether the initial rows are still to come) as a connection sees them.

        Raises Conflict where the stream was dropped or replaced.
        """
        rows = connection.values(
            f'SELECT "offset", initial FROM {hidden(stream.name.database, "_account_streams")}'
            " WHERE id = ?",
            [stream.id],
        )
        if not rows:
            raise Conflict(f"stream '{stream.name}' was dropped or replaced")
        return int(rows[0][0]), bool(rows[0][1])

    def has_data(self, catalog: Catalog, stream: Stream) -> bool:
        """Is there a change that the stream has not given out? Changes that cancel out count.

        https://docs.snowflake.com/en/sql-reference/functions/system_stream_has_data
        """
        log = self.source(stream).log
        rows = catalog.rows(
            f"SELECT initial OR EXISTS (SELECT 1 FROM {log} l JOIN _account_commits c"
            ' ON l."$tx" = c.tx WHERE c.seq > s."offset") AS has'
            " FROM _account_streams s WHERE id = ?",
            [stream.id],
        )
        return bool(rows and rows[0]["has"])

    def trim(self, catalog: Catalog) -> None:
        """Drop what all streams of a database have given out. No stream is created meanwhile."""
        with self._lock:
            self._trim(catalog)

    def _trim(self, catalog: Catalog) -> None:
        rows = catalog.rows(
            'SELECT table_id, min("offset") AS least FROM _account_streams GROUP BY table_id'
        )
        self._commits.trim(catalog, {row["table_id"]: row["least"] for row in rows})
        for row in catalog.rows("SELECT id FROM _account_streams WHERE NOT initial"):
            table = f"_account_initial_{row['id']}"
            if catalog.rows(_INITIAL_TABLE, [table]) and catalog.rows(
                f"SELECT 1 FROM {table} LIMIT 1"
            ):
                catalog.write(f"DELETE FROM {table}")


_INITIAL_TABLE = (
    "SELECT 1 FROM duckdb_tables() WHERE database_name = current_database() AND table_name = ?"
)


_COLUMN_NAMES = (
    'id, schema, name, table_id, table_schema, table_name, append_only, "offset", initial, comment,'
    " created_on, owner"
)


def _write(catalog: Catalog, stream: Stream, offset: int, replaced: Stream | None) -> None:
    """A new row, or the replaced stream's changed in one step: a crash leaves one or the other."""
    values: list[Any] = [
        stream.id,
        stream.name.schema,
        stream.name.name,
        stream.table_id,
        stream.table.schema,
        stream.table.name,
        stream.append_only,
        offset,
        stream.show_initial_rows,
        stream.comment,
        stream.created_on,
        stream.owner,
    ]
    if replaced is None:
        marks = ", ".join("?" * len(values))
        catalog.write(f"INSERT INTO _account_streams ({_COLUMN_NAMES}) VALUES ({marks})", values)
        return
    changes = ", ".join(f"{column} = ?" for column in _COLUMN_NAMES.split(", "))
    catalog.write(f"UPDATE _account_streams SET {changes} WHERE id = ?", [*values, replaced.id])


def _view_of(stream: Stream) -> FullName:
    return FullName(stream.name.database, HIDDEN_SCHEMA, stream.view)


def reached(connection: Connection, names: Iterable[FullName]) -> set[FullName]:
    """These tables and all that they read as far as they are views; of streams, the hidden view."""
    found: set[FullName] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        place = (name.database, name.schema, name.name)
        if name.schema != HIDDEN_SCHEMA and connection.may_be_view(*place):
            for view in connection.views(*place):
                tables = (table for table in view.find_all(exp.Table) if table.db)
                waiting += [FullName(each.catalog, each.db, each.name) for each in tables]
    return found
