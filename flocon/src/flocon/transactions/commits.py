"""Transactions from their begin to their end, and the order of their commits.

COMMITS gives each transaction that logged something its place in the order of commits, in the
same database and so in the same transaction as the log; a stream's offset is such a place. A
transaction's own changes have no place yet, so it does not see them in a stream.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flocon.core import errors
from flocon.engine import Catalog, Connection
from flocon.sql.tokens import FullName
from flocon.transactions import replay
from flocon.transactions.change_log import hidden
from flocon.transactions.commit_clock import CommitClock
from flocon.transactions.locks import Locks
from flocon.transactions.tracked_tables import TrackedTables
from flocon.transactions.transaction import Transaction
from flocon.transactions.write_times import WriteTimes

DDL = """
CREATE TABLE IF NOT EXISTS _account_commits (tx BIGINT, seq BIGINT);
"""


class Commits:
    """The open transactions of an account, what they lock, and what has been committed.
    Thread-safe."""

    def __init__(self, tables: TrackedTables, write_times: WriteTimes) -> None:
        self._tables = tables
        self._commit_locks: dict[str, threading.Lock] = {}
        # By database: the place of its last commit.
        self._last_commits: dict[str, int] = {}
        self._last_transaction = 0
        self._open: dict[int, Transaction] = {}
        self.clock = CommitClock(write_times)
        self.locks = Locks()
        self._lock = threading.Lock()

    def open(self, catalog: Catalog) -> None:
        """Go on where a database's last commit was."""
        last = catalog.rows("SELECT max(tx) AS tx, max(seq) AS seq FROM _account_commits")[0]
        with self._lock:
            self._last_transaction = max(self._last_transaction, last["tx"] or 0)
        self._last_commits[catalog.database] = last["seq"] or 0
        self._commit_locks[catalog.database] = threading.Lock()

    def forget_database(self, database: str) -> None:
        self._commit_locks.pop(database, None)
        self._last_commits.pop(database, None)
        self.clock.forget(database)

    def next_owner(self) -> int:
        """A number to hold locks by, for a statement that is a transaction of its own."""
        with self._lock:
            self._last_transaction += 1
            return self._last_transaction

    def begin(self, *, explicit: bool, depth: int = 0) -> Transaction:
        """To be called before the transaction sees anything."""
        with self._lock:
            self._last_transaction += 1
            transaction = Transaction(self._last_transaction, explicit, depth)
            transaction.stream_bounds = dict(self._last_commits)
            self._open[transaction.id] = transaction
        self.take_snapshot(transaction)
        return transaction

    def take_snapshot(self, transaction: Transaction) -> None:
        """To be called before the transaction takes another snapshot."""
        transaction.snapshot_tracking_version = self._tables.version
        transaction.snapshot_commit = self.clock.last_commit

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
            self.clock.committed(transaction.written_tables, transaction.consumed_streams)
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
        self.clock.committed(transaction.written_tables, transaction.consumed_streams)

    @contextmanager
    def commits_blocked(self, database: str) -> Iterator[None]:
        """Inside, no other transaction commits changes of tracked tables."""
        lock = self._commit_locks.get(database)
        if lock is None:
            raise errors.does_not_exist("Database", database)
        with lock:
            yield

    def ended(self, transaction: Transaction) -> None:
        """The transaction is over, either way."""
        self.locks.release(transaction.id)
        with self._lock:
            self._open.pop(transaction.id, None)
        self._tables.ended(transaction)

    def undo_silent(self, tables: set[FullName], but: Transaction | None = None) -> None:
        """Undo the explicit transactions that wrote to these tables and whose clients are silent.

        https://docs.snowflake.com/en/sql-reference/transactions
        """
        with self._lock:
            blocking = [
                t for t in self._open.values() if t is not but and t.written_tables & tables
            ]
        for transaction in blocking:
            transaction.undo_if_silent()

    @contextmanager
    def leaving(self, *path: str) -> Iterator[None]:
        """Inside, a table loses its name, or all of a schema or database do. What has written to it
        and is still open keeps its snapshot: it must not write again to what has the name then."""
        self._keep_snapshots(path)
        try:
            yield
        finally:
            # Somebody may have written in the meantime.
            self._keep_snapshots(path)

    def _keep_snapshots(self, path: tuple[str, ...]) -> None:
        with self._lock:
            for transaction in self._open.values():
                for name in list(transaction.written_tables):
                    if (name.database, name.schema, name.name)[: len(path)] == path:
                        transaction.unrepeatable = True

    def undo_owner_if_silent(self, owner: int) -> None:
        """Somebody waits for a lock of this transaction: undo it, if its client is silent."""
        with self._lock:
            transaction = self._open.get(owner)
        if transaction:
            transaction.undo_if_silent()

    # --- trimming ----------------------------------------------------------------------------

    def trim(self, catalog: Catalog, needed: dict[int, int]) -> None:
        """Drop what every stream has passed. needed: tracked table → its streams' least offset."""
        tables = self._tables.all_tracked(catalog.database)
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
