"""The change log of tracked tables: what streams read, and the order of commits.

A tracked table has a log table beside it, in the same database and so in the same transaction. A
row of the log: `$tx` the transaction, `$n` its position there, `$op` (I insert, D delete, B and A
before and after an update), `$row` the row's identity, and the table's columns. COMMITS gives each
transaction that logged something its place in the order of commits; a stream's offset is such a
place. A transaction's own changes have no place yet, so it does not see them in a stream.

Identity is by value: of rows that are equal in every column each may stand for the other.
"""

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlglot import Expr, exp

from local import errors
from local.engine import HIDDEN_SCHEMA, Binds, Catalog, Connection
from local.parser.tokens import FullName

DDL = """
CREATE SEQUENCE IF NOT EXISTS _account_change;
CREATE TABLE IF NOT EXISTS _account_commits (tx BIGINT, seq BIGINT);
CREATE TABLE IF NOT EXISTS _account_tracked (id BIGINT, schema VARCHAR, name VARCHAR);
"""

_LOCK_SECONDS = 30.0


@dataclass(frozen=True)
class Tracked:
    """A table whose changes are logged, and its columns in order."""

    id: int
    table: FullName
    columns: tuple[str, ...]

    @property
    def log(self) -> str:
        return hidden(self.table.database, f"_account_log_{self.id}")

    @property
    def source(self) -> str:
        return f'"{self.table.database}"."{self.table.schema}"."{self.table.name}"'

    def list(self, prefix: str = "", mark: str = "") -> str:
        """The columns, quoted: each behind a prefix, its name behind a mark."""
        return ", ".join(f"{prefix}{_quoted(mark + column)}" for column in self.columns)


@dataclass
class Transaction:
    """An open transaction: what it logged and which streams it consumed, up to which place."""

    id: int
    explicit: bool
    depth: int = 0
    logged: set[str] = field(default_factory=set)
    consumed: dict[tuple[str, int], int] = field(default_factory=dict)
    wrote: bool = False
    failed: bool = False


def hidden(database: str, table: str) -> str:
    return f'"{database}".{HIDDEN_SCHEMA}.{table}'


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class Changes:
    """The tracked tables of an account. Thread-safe."""

    def __init__(self) -> None:
        self._tables: dict[FullName, Tracked] = {}
        self._commit_locks: dict[str, threading.Lock] = {}
        self._last_seq: dict[str, int] = {}
        self._transactions = itertools.count(1)
        # Transactions that wrote to a table while nobody logged it: tracking waits for their end.
        self._writers: dict[FullName, set[int]] = {}
        self._switching: set[FullName] = set()
        self._condition = threading.Condition()

    # --- which tables ------------------------------------------------------------------------

    def open(self, catalog: Catalog, connection: Connection) -> None:
        """Load what a database already tracks."""
        database = catalog.database
        last = catalog.rows("SELECT max(tx) AS tx, max(seq) AS seq FROM _account_commits")[0]
        first = max(next(self._transactions), (last["tx"] or 0) + 1)
        self._transactions = itertools.count(first)
        self._last_seq[database] = last["seq"] or 0
        self._commit_locks[database] = threading.Lock()
        for row in catalog.rows("SELECT * FROM _account_tracked"):
            table = FullName(database, row["schema"], row["name"])
            self._tables[table] = Tracked(row["id"], table, _columns(connection, table))

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
            columns = _columns(connection, table)
            identity = catalog.rows("SELECT nextval('_account_change') AS id")[0]["id"]
            tracked = Tracked(identity, table, columns)
            catalog.write(
                f'CREATE TABLE {tracked.log} AS SELECT 0::BIGINT AS "$tx", 0::BIGINT AS "$n",'
                f' \'\' AS "$op", 0::BIGINT AS "$row", * FROM {tracked.source} LIMIT 0'
            )
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
        now = dict(_typed_columns(connection, table))
        before = dict(_typed_columns(connection, _log_name(tracked)))
        for column, kind in now.items():
            if column not in before:
                catalog.write(f"ALTER TABLE {tracked.log} ADD COLUMN {_quoted(column)} {kind}")
            elif before[column] != kind:
                catalog.write(
                    f"ALTER TABLE {tracked.log} ALTER COLUMN {_quoted(column)} TYPE {kind}"
                )
        for column in before:
            if column not in now and not column.startswith("$"):
                catalog.write(f"ALTER TABLE {tracked.log} DROP COLUMN {_quoted(column)}")
        self._tables[table] = Tracked(tracked.id, table, tuple(now))
        return self._tables[table]

    def rename(self, catalog: Catalog, old: FullName, new: FullName) -> None:
        """The table has a new name; its streams follow it."""
        tracked = self._tables.pop(old, None)
        if tracked:
            catalog.write(
                "UPDATE _account_tracked SET schema = ?, name = ? WHERE id = ?",
                [new.schema, new.name, tracked.id],
            )
            self._tables[new] = Tracked(tracked.id, new, tracked.columns)

    def tables_of(self, database: str, schema: str) -> list[FullName]:
        """The tracked tables of a schema."""
        return [t for t in self._tables if (t.database, t.schema) == (database, schema)]

    # --- who writes --------------------------------------------------------------------------

    def writing(self, transaction: Transaction, table: FullName) -> Tracked | None:
        """To be asked before each DML: is the table tracked? Waits while that is changing."""
        with self._condition:
            self._condition.wait_for(lambda: table not in self._switching, _LOCK_SECONDS)
            tracked = self._tables.get(table)
            if tracked is None:
                self._writers.setdefault(table, set()).add(transaction.id)
            return tracked

    @contextmanager
    def _switch(self, table: FullName) -> Iterator[None]:
        with self._condition:
            self._switching.add(table)
            try:
                if not self._condition.wait_for(
                    lambda: not self._writers.get(table), _LOCK_SECONDS
                ):
                    raise errors.SnowflakeError(
                        errors.LOCKED, f"An open transaction holds a lock on table '{table}'."
                    )
                yield
            finally:
                self._switching.discard(table)
                self._condition.notify_all()

    # --- transactions ------------------------------------------------------------------------

    def begin(self, *, explicit: bool, depth: int = 0) -> Transaction:
        return Transaction(next(self._transactions), explicit, depth)

    def bound(self, connection: Connection, database: str) -> int:
        """The place up to which this connection's transaction sees commits."""
        sql = f"SELECT coalesce(max(seq), 0) FROM {hidden(database, '_account_commits')}"
        return int(connection.values(sql)[0][0])

    def commit(self, connection: Connection, transaction: Transaction) -> None:
        """Commit, give the logged changes their place, and move the offsets of consumed streams.

        One transaction at a time per database: places are in the order of commits.
        """
        databases = transaction.logged | {database for database, _ in transaction.consumed}
        if not databases:
            connection.commit()
            return
        if len(databases) > 1:
            raise errors.unsupported("a transaction that writes to two databases")
        (database,) = databases
        with self._commit_locks[database]:
            seq = self._last_seq[database] + 1
            if transaction.logged:
                connection.values(
                    f"INSERT INTO {hidden(database, '_account_commits')} VALUES (?, ?)",
                    [transaction.id, seq],
                )
            for (_, stream), bound in transaction.consumed.items():
                connection.values(
                    f"UPDATE {hidden(database, '_account_streams')}"
                    ' SET "offset" = greatest("offset", ?), initial = FALSE WHERE id = ?',
                    [bound, stream],
                )
            connection.commit()
            self._last_seq[database] = seq

    def ended(self, transaction: Transaction) -> None:
        """The transaction is over, either way."""
        with self._condition:
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
        tracked: Tracked,
        tree: Expr,
        binds: Binds,
    ) -> list[tuple[Any, ...]]:
        """Run a DML statement on a tracked table and log what it changed; returns DuckDB's answer:
        one row with the count, or for MERGE one row per action."""
        transaction.logged.add(tracked.table.database)
        if isinstance(tree, exp.Insert):
            return self._insert(connection, transaction, tracked, connection.dml_sql(tree), binds)
        with self._compared(connection, transaction, tracked):
            return connection.dml(tree, binds)

    def _insert(
        self,
        connection: Connection,
        transaction: Transaction,
        tracked: Tracked,
        sql: str,
        binds: Binds,
    ) -> list[tuple[Any, ...]]:
        return connection.values(
            f'WITH "$new" AS ({sql} RETURNING {tracked.list()}) INSERT INTO {tracked.log}'
            f' SELECT {transaction.id}, "$n", \'I\', "$n", {tracked.list()} FROM'
            f' (SELECT nextval({self._sequence(tracked)}) AS "$n", * FROM "$new")',
            {name: binds[name] for name in binds if f"${name}" in sql},
        )

    @contextmanager
    def _compared(
        self, connection: Connection, transaction: Transaction, tracked: Tracked
    ) -> Iterator[None]:
        """Log the difference of the table before and after. DuckDB's row ids hold that long."""
        columns = tracked.list()
        rows = f'SELECT rowid AS "$id", {columns} FROM {tracked.source}'
        connection.values(f'CREATE OR REPLACE TEMP TABLE "$before" AS {rows}')
        yield
        old = ", ".join(f"b.{_quoted(c)} AS {_quoted('-' + c)}" for c in tracked.columns)
        new = ", ".join(f"a.{_quoted(c)} AS {_quoted('+' + c)}" for c in tracked.columns)
        differs = " OR ".join(
            f"b.{_quoted(c)} IS DISTINCT FROM a.{_quoted(c)}" for c in tracked.columns
        )
        connection.values(
            f'CREATE OR REPLACE TEMP TABLE "$pairs" AS SELECT *,'
            f' nextval({self._sequence(tracked)}) AS "$n" FROM (SELECT'
            f' b."$id" IS NULL AS born, a."$id" IS NULL AS gone, {old}, {new}'
            f' FROM "$before" b FULL JOIN ({rows}) a ON b."$id" = a."$id"'
            f' WHERE b."$id" IS NULL OR a."$id" IS NULL OR {differs})'
        )
        self._log_pairs(connection, transaction, tracked)
        connection.discard("$before", "$pairs", "$identity")

    def _log_pairs(
        self, connection: Connection, transaction: Transaction, tracked: Tracked
    ) -> None:
        old, new = tracked.list(mark="-"), tracked.list(mark="+")
        same = " AND ".join(
            f"p.{_quoted('-' + c)} IS NOT DISTINCT FROM l.{_quoted(c)}" for c in tracked.columns
        )
        connection.values(
            f'CREATE OR REPLACE TEMP TABLE "$identity" AS SELECT p.*,'
            f' coalesce(l."$row", p."$n") AS "$row" FROM'
            f" (SELECT *, row_number() OVER (PARTITION BY {old}) AS k"
            f'  FROM "$pairs" WHERE NOT born) p LEFT JOIN'
            f" (SELECT *, row_number() OVER (PARTITION BY {tracked.list()}) AS k FROM"
            f'  (SELECT * FROM {tracked.log} QUALIFY row_number() OVER (PARTITION BY "$row"'
            f'   ORDER BY "$n" DESC, "$op" = \'A\' DESC) = 1)'
            f"  WHERE \"$op\" IN ('I', 'A')) l ON p.k = l.k AND {same}"
        )
        tx = transaction.id
        for sql in (
            f'SELECT {tx}, "$n", \'I\', "$n", {new} FROM "$pairs" WHERE born',
            f'SELECT {tx}, "$n", \'D\', "$row", {old} FROM "$identity" WHERE gone',
            f'SELECT {tx}, "$n", \'B\', "$row", {old} FROM "$identity" WHERE NOT gone',
            f'SELECT {tx}, "$n", \'A\', "$row", {new} FROM "$identity" WHERE NOT gone',
        ):
            connection.values(f"INSERT INTO {tracked.log} {sql}")

    @contextmanager
    def appended(
        self, connection: Connection, transaction: Transaction, tracked: Tracked
    ) -> Iterator[None]:
        """Log the rows that COPY INTO adds. New rows have row ids behind all others."""
        transaction.logged.add(tracked.table.database)
        last = connection.values(f"SELECT coalesce(max(rowid), -1) FROM {tracked.source}")[0][0]
        yield
        connection.values(
            f'INSERT INTO {tracked.log} SELECT {transaction.id}, "$n", \'I\', "$n",'
            f' {tracked.list()} FROM (SELECT nextval({self._sequence(tracked)}) AS "$n", *'
            f" FROM {tracked.source} WHERE rowid > {last})"
        )

    @staticmethod
    def _sequence(tracked: Tracked) -> str:
        return f"'{hidden(tracked.table.database, '_account_change')}'"

    # --- trimming ----------------------------------------------------------------------------

    def trim(self, catalog: Catalog, needed: dict[int, int]) -> None:
        """Drop what every stream has passed. needed: tracked table → its streams' least offset."""
        for tracked in [t for t in self._tables.values() if t.table.database == catalog.database]:
            catalog.write(
                f'DELETE FROM {tracked.log} WHERE "$tx" IN'
                " (SELECT tx FROM _account_commits WHERE seq <= ?)",
                [needed.get(tracked.id, self._last_seq[catalog.database])],
            )
        least = min(needed.values(), default=self._last_seq[catalog.database])
        catalog.write(
            "DELETE FROM _account_commits WHERE seq <= ?"
            " AND seq < (SELECT max(seq) FROM _account_commits)",
            [least],
        )


def _log_name(tracked: Tracked) -> FullName:
    return FullName(tracked.table.database, HIDDEN_SCHEMA, f"_account_log_{tracked.id}")


def _typed_columns(connection: Connection, table: FullName) -> list[tuple[str, str]]:
    return connection.columns(table.database, table.schema, table.name)


def _columns(connection: Connection, table: FullName) -> tuple[str, ...]:
    columns = tuple(name for name, _ in _typed_columns(connection, table))
    if not columns:
        raise errors.does_not_exist("Table", table)
    return columns
