"""Which tables have a log of their changes (`change_log`), and who writes to them meanwhile."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from flocon.core import errors
from flocon.engine import Catalog, Conflict, Connection
from flocon.sql.tokens import FullName
from flocon.transactions import change_log
from flocon.transactions.change_log import Tracked
from flocon.transactions.transaction import Transaction

DDL = """
CREATE SEQUENCE IF NOT EXISTS _account_change;
CREATE TABLE IF NOT EXISTS _account_tracked (id BIGINT, schema VARCHAR, name VARCHAR);
"""

_LOCK_SECONDS = 30.0
_ALTER_ATTEMPTS = 20


class TrackedTables:
    """The tracked tables of an account. Thread-safe."""

    def __init__(self) -> None:
        self._tables: dict[FullName, Tracked] = {}
        # Counts how often a log was made or altered.
        self._version = 0
        # Transactions that wrote to a table while it had no log: tracking waits for their end.
        self._writers: dict[FullName, set[Transaction]] = {}
        self._switching: set[FullName] = set()
        self._condition = threading.Condition()

    @property
    def version(self) -> int:
        """Which state of the logs there is. One that is being made or altered is waited for: it is
        not in a snapshot that is taken meanwhile."""
        with self._condition:
            return self._version

    # --- which tables ------------------------------------------------------------------------

    def open(self, catalog: Catalog, connection: Connection) -> None:
        """Load what a database already tracks, and finish what a crash left half done."""
        for row in catalog.rows("SELECT * FROM _account_tracked"):
            table = FullName(catalog.database, row["schema"], row["name"])
            columns = change_log.found(connection, table)
            self._tables[table] = Tracked(row["id"], table, columns)
            if columns:
                self.reshape(catalog, connection, table)
            else:
                self.untrack(catalog, table)
        change_log.drop_others(catalog, {tracked.id for tracked in self._tables.values()})

    def forget_database(self, database: str) -> None:
        for table in [table for table in self._tables if table.database == database]:
            del self._tables[table]

    def tracked(self, table: FullName) -> Tracked | None:
        return self._tables.get(table)

    def by_id(self, database: str, identity: int) -> Tracked | None:
        return next(
            (t for t in self._tables.values() if t.id == identity and t.table.database == database),
            None,
        )

    def track(self, catalog: Catalog, connection: Connection, table: FullName) -> Tracked:
        """Log this table's changes from now on; open transactions that wrote to it end first.

        Raises 000625 when one of them stays open for half a minute.
        """
        with self._switch(table):
            if existing := self._tables.get(table):
                return existing
            columns = change_log.names(connection, table)
            identity = catalog.rows("SELECT nextval('_account_change') AS id")[0]["id"]
            self._version += 1
            tracked = Tracked(identity, table, columns, self._version)
            catalog.write(change_log.definition(connection, tracked))
            catalog.write(
                "INSERT INTO _account_tracked VALUES (?, ?, ?)",
                [identity, table.schema, table.name],
            )
            self._tables[table] = tracked
            return tracked

    def untrack(self, catalog: Catalog, table: FullName) -> None:
        """The table is gone, or has no stream any more."""
        with self._condition:
            tracked = self._tables.pop(table, None)
        if tracked:
            catalog.write("DELETE FROM _account_tracked WHERE id = ?", [tracked.id])
            catalog.write(f"DROP TABLE IF EXISTS {tracked.log}")

    def reshape(self, catalog: Catalog, connection: Connection, table: FullName) -> Tracked | None:
        """Give the log the columns that the table has after ALTER TABLE."""
        tracked = self._tables.get(table)
        if tracked is None:
            return None
        for attempt in range(_ALTER_ATTEMPTS):
            try:
                return self._reshape(catalog, connection, tracked)
            except errors.SnowflakeError:
                # DuckDB alters no table whose rows another transaction adds or undoes just now.
                if attempt == _ALTER_ATTEMPTS - 1:
                    raise
                time.sleep(0.01 * attempt)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _reshape(self, catalog: Catalog, connection: Connection, tracked: Tracked) -> Tracked:
        columns = change_log.follow(catalog, connection, tracked)
        table = tracked.table
        with self._condition:
            self._version += 1
            self._tables[table] = Tracked(tracked.id, table, columns, self._version)
        return self._tables[table]

    def rename(self, catalog: Catalog, old: FullName, new: FullName) -> None:
        """The table has a new name; its streams follow it."""
        tracked = self._tables.pop(old, None)
        if tracked:
            catalog.write(
                "UPDATE _account_tracked SET schema = ?, name = ? WHERE id = ?",
                [new.schema, new.name, tracked.id],
            )
            with self._condition:
                self._version += 1
                self._tables[new] = Tracked(tracked.id, new, tracked.columns, self._version)

    def is_current(self, tracked: Tracked) -> bool:
        """Is the table still logged in this shape?"""
        return self._tables.get(tracked.table) is tracked

    def all_tracked(self, database: str) -> list[Tracked]:
        return [t for t in list(self._tables.values()) if t.table.database == database]

    def tables_of(self, database: str, schema: str) -> list[FullName]:
        """The tracked tables of a schema."""
        return [t for t in self._tables if (t.database, t.schema) == (database, schema)]

    # --- who writes --------------------------------------------------------------------------

    def tracked_for_write(self, transaction: Transaction, table: FullName) -> Tracked | None:
        """To be asked before each DML: is the table tracked? Waits while that is changing.

        Raises Conflict where the tracking is younger than what the transaction sees.
        """
        with self._condition:
            mine = transaction in self._writers.get(table, ())
            if not mine:
                self._condition.wait_for(lambda: table not in self._switching, _LOCK_SECONDS)
            transaction.written_tables.add(table)
            tracked = self._tables.get(table)
            if tracked is None:
                self._writers.setdefault(table, set()).add(transaction)
            elif tracked.tracking_version > transaction.snapshot_tracking_version:
                raise Conflict(f"table '{table}' has another shape or other streams by now")
            return tracked

    @contextmanager
    def _switch(self, table: FullName) -> Iterator[None]:
        with self._condition:
            self._switching.add(table)
            deadline = time.monotonic() + _LOCK_SECONDS
            try:
                while not self._condition.wait_for(lambda: not self._writers.get(table), 1.0):
                    if time.monotonic() > deadline:
                        raise errors.SnowflakeError(
                            errors.LOCKED, f"An open transaction holds a lock on table '{table}'."
                        )
                    for transaction in list(self._writers[table]):
                        transaction.undo_if_silent()
                yield
            finally:
                self._switching.discard(table)
                self._condition.notify_all()

    def ended(self, transaction: Transaction) -> None:
        """The transaction is over, either way."""
        with self._condition:
            for table in [t for t, writers in self._writers.items() if transaction in writers]:
                self._writers[table].discard(transaction)
                if not self._writers[table]:
                    del self._writers[table]
            self._condition.notify_all()
