"""The hidden metadata tables of one database: streams, tasks, procedures, histories."""

import threading
from collections.abc import Sequence
from typing import Any

import duckdb

from flocon.core import errors
from flocon.engine.failures import Conflict, translated
from flocon.engine.fast.parsed_statements import ParsedStatements
from flocon.engine.quoting import literal, quoted

# fakesnow hides this schema from SHOW and INFORMATION_SCHEMA: the metadata lives there too.
HIDDEN_SCHEMA = "_fs_information_schema"

_ATTEMPTS = 20


def search_path(database: str | None, schema: str) -> str:
    """The statement that makes a schema the current one. The macros are in the engine's own
    database, behind every other."""
    own = "memory.main"
    path = f"{quoted(database, schema)},{own}" if database else own
    return f"SET search_path = {literal(path)}"


class Catalog:
    """Reads and writes metadata, each statement its own durable transaction. Thread-safe.

    Raises 002003 where the database has been dropped meanwhile.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, database: str, parsed: ParsedStatements
    ) -> None:
        self.database = database
        self._parsed = parsed
        self._connection = connection
        self._lock = threading.RLock()
        self._is_dropped = False
        connection.execute(search_path(database, HIDDEN_SCHEMA))

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """The rows of a query; unqualified names are those of the hidden schema."""
        with self._lock, translated(sql):
            cursor = self._execute(sql, params)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def write(self, sql: str, params: Sequence[Any] = ()) -> int:
        """Run one statement and commit it; returns the number of affected rows.

        A conflict with another writer of the same rows is tried again: metadata rows are written
        in an instant.
        """
        for attempt in range(_ATTEMPTS):
            try:
                with self._lock, translated(sql):
                    row = self._execute(sql, params).fetchone()
                    return int(row[0]) if row and isinstance(row[0], int) else 0
            except Conflict:
                if attempt == _ATTEMPTS - 1:
                    raise
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _execute(self, sql: str, params: Sequence[Any]) -> duckdb.DuckDBPyConnection:
        if self._is_dropped:
            raise errors.does_not_exist("Database", self.database)
        return self._connection.execute(self._parsed.of(self._connection, sql), list(params))

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def drop(self) -> None:
        """Closed, for the database is about to go."""
        with self._lock:
            self._is_dropped = True
            self.close()
