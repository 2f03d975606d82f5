"""Which tables are tracked, by whom they are written, and the order of commits.

A tracked table has a log table beside it (`change_log`), in the same database and so in the
same transaction. COMMITS gives each transaction that logged something its place in the order of
commits; a stream's offset is such a place. A transaction's own changes have no place yet, so it
does not see them in a stream.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine import Binds, Catalog, Conflict, Connection
from flocon.sql.tokens import FullName
from flocon.transactions import change_log, log_shape, replay
from flocon.transactions.change_log import Tracked, hidden
from flocon.transactions.commit_clock import CommitClock
from flocon.transactions.locks import Locks
from flocon.transactions.transaction import Transaction

DDL = """
CREATE SEQUENCE IF NOT EXISTS _account_change;
CREATE TABLE IF NOT EXISTS _account_commits (tx BIGINT, seq BIGINT);
CREATE TABLE IF NOT EXISTS _account_tracked (id BIGINT, schema VARCHAR, name VARCHAR);
"""

_LOCK_SECONDS = 30.0
_ALTER_ATTEMPTS = 20
# Snowflake undoes a transaction that blocks others once its client has been silent for 5 minutes.
_ORPHAN_SECONDS = 5.0


class Changes:
    """The tracked tables of an account. Thread-safe."""

    def __init__(self) -> None:
        self._tables: dict[FullName, Tracked] = {}
        self._commit_locks: dict[str, threading.Lock] = {}
        # By database: the place of its last commit.
        self._last_commits: dict[str, int] = {}
        self._last_transaction = 0
        # Counts how often a log was made or altered.
        self._tracking_version = 0
        self._open: dict[int, Transaction] = {}
        # Transactions that wrote to a table while nobody logged it: tracking waits for their end.
        self._writers: dict[FullName, set[int]] = {}
        self._switching: set[FullName] = set()
        self.clock = CommitClock()
        self.locks = Locks()
        self._condition = threading.Condition()

    # --- which tables ------------------------------------------------------------------------

    def open(self, catalog: Catalog, connection: Connection) -> None:
        """Load what a database already tracks, and finish what a crash left half done."""
        database = catalog.database
        last = catalog.rows("SELECT max(tx) AS tx, max(seq) AS seq FROM _account_commits")[0]
        with self._condition:
            self._last_transaction = max(self._last_transaction, last["tx"] or 0)
        self._last_commits[database] = last["seq"] or 0
        self._commit_locks[database] = threading.Lock()
        for row in catalog.rows("SELECT * FROM _account_tracked"):
            table = FullName(database, row["schema"], row["name"])
            columns = log_shape.found(connection, table)
            self._tables[table] = Tracked(row["id"], table, columns)
            if columns:
                self.reshape(catalog, connection, table)
            else:
                self.untrack(catalog, table)
        log_shape.drop_others(catalog, {tracked.id for tracked in self._tables.values()})

    def forget_database(self, database: str) -> None:
        for table in [table for table in self._tables if table.database == database]:
            del self._tables[table]
        self._commit_locks.pop(database, None)
        self._last_commits.pop(database, None)
        self.clock.forget(database)

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
            columns = log_shape.names(connection, table)
            identity = catalog.rows("SELECT nextval('_account_change') AS id")[0]["id"]
            self._tracking_version += 1
            tracked = Tracked(identity, table, columns, self._tracking_version)
            catalog.write(log_shape.definition(connection, tracked))
            catalog.write(
                "INSERT INTO _account_tracked VALUES (?, ?, ?)",
                [identity, table.schema, table.name],
            )
            self._tables[table] = tracked
            return tracked

    def untrack(self, catalog: Catalog, table: FullName) -> None:
        """The table is gone or nobody asks for its changes any more."""
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
        columns = log_shape.follow(catalog, connection, tracked)
        table = tracked.table
        with self._condition:
            self._tracking_version += 1
            self._tables[table] = Tracked(tracked.id, table, columns, self._tracking_version)
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
                self._tracking_version += 1
                self._tables[new] = Tracked(
                    tracked.id, new, tracked.columns, self._tracking_version
                )

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
            mine = transaction.id in self._writers.get(table, ())
            if not mine:
                self._condition.wait_for(lambda: table not in self._switching, _LOCK_SECONDS)
            transaction.written_tables.add(table)
            tracked = self._tables.get(table)
            if tracked is None:
                self._writers.setdefault(table, set()).add(transaction.id)
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
                    self.undo_silent({table})
                yield
            finally:
                self._switching.discard(table)
                self._condition.notify_all()

    def undo_silent(self, tables: set[FullName], but: Transaction | None = None) -> None:
        """Undo the explicit transactions that wrote to these tables and whose clients are silent.

        https://docs.snowflake.com/en/sql-reference/transactions
        """
        with self._condition:
            blocking = [
                t for t in self._open.values() if t is not but and t.written_tables & tables
            ]
        for transaction in blocking:
            if transaction.undo_if_silent:
                transaction.undo_if_silent(_ORPHAN_SECONDS)

    def undo_owner_if_silent(self, owner: int) -> None:
        """Somebody waits for a lock of this transaction: undo it, if its client is silent."""
        with self._condition:
            transaction = self._open.get(owner)
        if transaction and transaction.undo_if_silent:
            transaction.undo_if_silent(_ORPHAN_SECONDS)

    # --- transactions ------------------------------------------------------------------------

    def next_owner(self) -> int:
        """A number to hold locks by, for a statement that is a transaction of its own."""
        with self._condition:
            self._last_transaction += 1
            return self._last_transaction

    def begin(self, *, explicit: bool, depth: int = 0) -> Transaction:
        """To be called before the transaction sees anything."""
        with self._condition:
            self._last_transaction += 1
            transaction = Transaction(self._last_transaction, explicit, depth)
            transaction.stream_bounds = dict(self._last_commits)
            self._open[transaction.id] = transaction
        self.take_snapshot(transaction)
        return transaction

    def take_snapshot(self, transaction: Transaction) -> None:
        """To be called before the transaction takes another snapshot."""
        with self._condition:
            transaction.snapshot_tracking_version = self._tracking_version
            transaction.snapshot_commit = self.clock.last_commit

    def is_current(self, tracked: Tracked) -> bool:
        """Is the table still logged in this shape?"""
        return self._tables.get(tracked.table) is tracked

    def last_visible_commit(self, connection: Connection, database: str) -> int:
        """The place up to which this connection's transaction sees commits."""
        sql = f"SELECT coalesce(max(seq), 0) FROM {hidden(database, '_account_commits')}"
        return int(connection.values(sql)[0][0])

    def commit(self, connection: Connection, transaction: Transaction) -> None:
        """Commit, give the logged changes their place, and move the offsets of consumed streams.

        One transaction at a time per database: places are in the order of commits.
        """
        databases = transaction.logged_databases | {
            database for database, _ in transaction.new_offsets
        }
        replay.discard_copies(connection, transaction)
        if not databases:
            connection.commit()
            self.clock.committed(transaction.written_tables | transaction.consumed_streams)
            return
        if len(databases) > 1:
            raise errors.unsupported("a transaction that writes to two databases")
        (database,) = databases
        with self.commits_blocked(database):
            seq = self._last_commits[database] + 1
            if transaction.logged_databases:
                connection.values(
                    f"INSERT INTO {hidden(database, '_account_commits')} VALUES (?, ?)",
                    [transaction.id, seq],
                )
            for (_, stream), bound in transaction.new_offsets.items():
                connection.values(
                    f"UPDATE {hidden(database, '_account_streams')}"
                    ' SET "offset" = greatest("offset", ?), initial = FALSE WHERE id = ?',
                    [bound, stream],
                )
            connection.commit()
            self._last_commits[database] = seq
        self.clock.committed(transaction.written_tables | transaction.consumed_streams)

    @contextmanager
    def commits_blocked(self, database: str) -> Iterator[None]:
        """Nobody commits changes of tracked tables meanwhile."""
        lock = self._commit_locks.get(database)
        if lock is None:
            raise errors.does_not_exist("Database", database)
        with lock:
            yield

    def ended(self, transaction: Transaction) -> None:
        """The transaction is over, either way."""
        self.locks.release(transaction.id)
        with self._condition:
            self._open.pop(transaction.id, None)
            for table in [t for t, ids in self._writers.items() if transaction.id in ids]:
                self._writers[table].discard(transaction.id)
                if not self._writers[table]:
                    del self._writers[table]
            self._condition.notify_all()

    # --- logging -----------------------------------------------------------------------------

    def run(
        self,
        connection: Connection,
        transaction: Transaction,
        table: FullName,
        tree: Expr,
        binds: Binds,
    ) -> list[tuple[Any, ...]]:
        """Run a DML statement on a table and log what it changed, where anybody asks for that;
        returns DuckDB's answer: one row with the count, or for MERGE one row per action."""
        tracked = self.tracked_for_write(transaction, table)
        if tracked and isinstance(tree, exp.Insert):
            with self._written(transaction, tracked):
                held = tree.meta.get(change_log.READS_AGAIN)
                insert = change_log.insert_held if held else change_log.insert
                return insert(connection, transaction.id, tracked, tree, binds)
        noted = self._added if change_log.only_adds(tree) else self._changed
        with noted(connection, transaction, table, tracked):
            return connection.dml(tree, binds)

    @contextmanager
    def appended(
        self, connection: Connection, transaction: Transaction, table: FullName
    ) -> Iterator[None]:
        """Log the rows that COPY INTO adds inside."""
        tracked = self.tracked_for_write(transaction, table)
        with self._added(connection, transaction, table, tracked):
            yield

    @contextmanager
    def _added(
        self,
        connection: Connection,
        transaction: Transaction,
        table: FullName,
        tracked: Tracked | None,
    ) -> Iterator[None]:
        """Log the rows that COPY INTO, MERGE or INSERT adds inside."""
        if tracked is None:
            with replay.noting_added_rows(connection, transaction, table):
                yield
            return
        with self._written(transaction, tracked):
            last = change_log.last_row(connection, table)
            yield
            change_log.log_added(connection, transaction.id, tracked, last)

    @contextmanager
    def _changed(
        self,
        connection: Connection,
        transaction: Transaction,
        table: FullName,
        tracked: Tracked | None,
    ) -> Iterator[None]:
        """Log what UPDATE, DELETE, MERGE or TRUNCATE does inside."""
        if tracked is None:
            with replay.noting_changed_rows(connection, transaction, table):
                yield
            return
        with (
            self._written(transaction, tracked),
            change_log.compared(connection, transaction.id, tracked),
        ):
            yield

    @contextmanager
    def _written(self, transaction: Transaction, tracked: Tracked) -> Iterator[None]:
        """The transaction logs something inside. A failure because the log went away or changed
        meanwhile is worth another try."""
        transaction.unread_logs[tracked.table] = tracked
        transaction.logged_databases.add(tracked.table.database)
        try:
            yield
        except errors.SnowflakeError as error:
            if not self.is_current(tracked):
                raise Conflict(error.message) from error
            raise

    # --- trimming ----------------------------------------------------------------------------

    def trim(self, catalog: Catalog, needed: dict[int, int]) -> None:
        """Drop what every stream has passed. needed: tracked table → its streams' least offset."""
        tables = self.all_tracked(catalog.database)
        for tracked in tables:
            catalog.write(
                f'DELETE FROM {tracked.log} WHERE "$tx" IN'
                " (SELECT tx FROM _account_commits WHERE seq <= ?)",
                [needed.get(tracked.id, self._last_commits.get(catalog.database, 0))],
            )
        read = [needed[tracked.id] for tracked in tables if tracked.id in needed]
        least = min(read, default=self._last_commits.get(catalog.database, 0))
        catalog.write(
            "DELETE FROM _account_commits WHERE seq <= ?"
            " AND seq < (SELECT max(seq) FROM _account_commits)",
            [least],
        )
