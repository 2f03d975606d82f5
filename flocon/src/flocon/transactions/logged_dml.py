"""DML on a table, and its effect in the table's log where streams ask for that.

https://docs.snowflake.com/en/user-guide/streams-intro
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine import Binds, Conflict, Connection, literal, quoted, used
from flocon.sql.tokens import FullName
from flocon.transactions import change_log, replay
from flocon.transactions.change_log import Tracked, hidden
from flocon.transactions.tracked_tables import TrackedTables
from flocon.transactions.transaction import Transaction

# In an INSERT's meta: a query for the rows that it adds, each with its row id as HELD_ROW. They are
# held by the connection, and would be the same the next time.
READS_AGAIN = "reads_again"
HELD_ROW = "$held_row"
_MANY = 50_000


class LoggedDml:
    """One DML statement of a transaction on a table."""

    def __init__(
        self,
        tables: TrackedTables,
        connection: Connection,
        transaction: Transaction,
        table: FullName,
    ) -> None:
        """Raises Conflict where the table has another shape than the transaction sees."""
        self._tables = tables
        self._connection = connection
        self._transaction = transaction
        self._table = table
        self._tracked = tables.tracked_for_write(transaction, table)

    def run(self, tree: Expr, binds: Binds) -> list[tuple[Any, ...]]:
        """Run it and log what it changed; returns DuckDB's answer: one row with the count, or for
        MERGE one row per action."""
        if self._tracked and isinstance(tree, exp.Insert):
            with self._logging(self._tracked):
                insert = _insert_held if tree.meta.get(READS_AGAIN) else _insert
                return insert(self._connection, self._transaction.id, self._tracked, tree, binds)
        with self.adding_rows() if _only_adds(tree) else self._changing_rows():
            return self._connection.dml(tree, binds)

    @contextmanager
    def adding_rows(self) -> Iterator[None]:
        """Log the rows that COPY INTO, MERGE or INSERT adds inside."""
        connection, transaction, tracked = self._connection, self._transaction, self._tracked
        if tracked is None:
            with replay.noting_added_rows(connection, transaction, self._table):
                yield
            return
        with self._logging(tracked):
            last = change_log.last_row(connection, self._table)
            yield
            _log_added(connection, transaction.id, tracked, last)

    @contextmanager
    def _changing_rows(self) -> Iterator[None]:
        """Log what UPDATE, DELETE, MERGE or TRUNCATE does inside."""
        connection, transaction, tracked = self._connection, self._transaction, self._tracked
        if tracked is None:
            with replay.noting_changed_rows(connection, transaction, self._table):
                yield
            return
        with self._logging(tracked), _compared(connection, transaction.id, tracked):
            yield

    @contextmanager
    def _logging(self, tracked: Tracked) -> Iterator[None]:
        """The transaction logs something inside. A failure because the log went away or changed
        meanwhile is worth another try."""
        self._transaction.unread_logs[tracked.table] = tracked
        self._transaction.logged_databases.add(tracked.table.database)
        try:
            yield
        except errors.SnowflakeError as error:
            if not self._tables.is_current(tracked):
                raise Conflict(error.message) from error
            raise


def _only_adds(tree: Expr) -> bool:
    """Does a DML statement leave alone all rows that there are?"""
    if isinstance(tree, exp.Merge):
        thens = [when.args["then"] for when in tree.args["whens"].expressions]
        return all(isinstance(then, exp.Insert) for then in thens)
    return isinstance(tree, exp.Insert | exp.Copy)


def _insert(
    connection: Connection, tx: int, tracked: Tracked, tree: exp.Insert, binds: Binds
) -> list[tuple[Any, ...]]:
    """Run an INSERT, and log its rows; returns the count."""
    sql = connection.insert_sql(tree, binds)
    return connection.values(
        f'WITH "$new" AS ({sql} RETURNING {tracked.list()}) INSERT INTO {tracked.entry}'
        f' SELECT {tx}, "$n", \'I\', "$n", {tracked.list()} FROM'
        f' (SELECT nextval({_sequence(tracked)}) AS "$n", * FROM "$new")',
        used(sql, binds),
    )


def _insert_held(
    connection: Connection, tx: int, tracked: Tracked, tree: exp.Insert, binds: Binds
) -> list[tuple[Any, ...]]:
    """Run an INSERT that reads what is held, and log the same rows; returns the count.

    Both work in all threads. What RETURNING hands on is written by one, at COMMIT.
    """
    counted = connection.dml(tree, binds)
    named = [column.name for column in tree.this.expressions]
    # Columns that are not named have no default.
    others = [column for column in tracked.columns if column not in named]
    columns, nulls = ", ".join(map(quoted, [*named, *others])), ", NULL" * len(others)
    rows = tree.meta[READS_AGAIN]
    place, sql = _place(connection, tracked, rows), connection.dml_sql(rows, binds)
    connection.values(
        f'INSERT INTO {tracked.log} ("$tx", "$n", "$op", "$row", {columns})'
        f' SELECT {tx}, "$n", \'I\', "$n", * EXCLUDE ("$n", "{HELD_ROW}"){nulls} FROM'
        f' (SELECT {place} AS "$n", * FROM ({sql}))',
        used(sql, binds),
    )
    return counted


def _place(connection: Connection, tracked: Tracked, rows: exp.Select) -> str:
    """An expression for a held row's place in the log.

    A sequence is read in one thread. Of many rows each gets its place in a run of the sequence's
    numbers, if no other transaction has taken one out of the run.
    """
    taken = f"nextval({_sequence(tracked)})"
    held = quoted(rows.args["from_"].this.name)
    bounds = f"SELECT count(*), min(rowid), max(rowid) FROM temp.{held}"
    count, first, last = connection.values(bounds)[0]
    if count < _MANY or last - first + 1 != count:
        return taken
    run = f"SELECT min(n), max(n) FROM (SELECT {taken} AS n FROM range({count}))"
    least, greatest = connection.values(run)[0]
    return f'"{HELD_ROW}" + {least - first}' if greatest - least + 1 == count else taken


@contextmanager
def _compared(connection: Connection, tx: int, tracked: Tracked) -> Iterator[None]:
    """Log the difference of the table before and after."""
    columns = tracked.list()
    change_log.hold_row_ids(connection, tracked.table)
    rows = f'SELECT rowid AS "$id", {columns} FROM {tracked.source}'
    connection.values(f'CREATE OR REPLACE TEMP TABLE "$before" AS {rows}')
    yield
    old = ", ".join(f"b.{quoted(c)} AS {quoted('-' + c)}" for c in tracked.columns)
    new = ", ".join(f"a.{quoted(c)} AS {quoted('+' + c)}" for c in tracked.columns)
    table = tracked.table
    zoned = connection.zoned_columns(table.database, table.schema, table.name)
    differs = " OR ".join(
        [
            *(f"b.{c} IS DISTINCT FROM a.{c}" for c in map(quoted, tracked.columns)),
            *(f"_account_minutes(b.{c}) IS DISTINCT FROM _account_minutes(a.{c})" for c in zoned),
        ]
    )
    [(found,)] = connection.values(
        f'CREATE OR REPLACE TEMP TABLE "$pairs" AS SELECT *,'
        f' nextval({_sequence(tracked)}) AS "$n" FROM (SELECT'
        f' b."$id" IS NULL AS born, a."$id" IS NULL AS gone, {old}, {new}'
        f' FROM "$before" b FULL JOIN ({rows}) a ON b."$id" = a."$id"'
        f' WHERE b."$id" IS NULL OR a."$id" IS NULL OR {differs})'
    )
    if found:
        _log_pairs(connection, tx, tracked)
    connection.discard("$before", "$pairs")


def _log_pairs(connection: Connection, tx: int, tracked: Tracked) -> None:
    old, new = tracked.list(mark="-"), tracked.list(mark="+")
    same = " AND ".join(
        f"p.{quoted('-' + c)} IS NOT DISTINCT FROM l.{quoted(c)}" for c in tracked.columns
    )
    connection.values(
        f'CREATE OR REPLACE TEMP TABLE "$identity" AS SELECT p.*,'
        f' coalesce(l."$row", p."$n") AS "$row" FROM'
        f' (SELECT *, row_number() OVER (PARTITION BY {old}) AS "$k"'
        f'  FROM "$pairs" WHERE NOT born) p LEFT JOIN'
        f' (SELECT *, row_number() OVER (PARTITION BY {tracked.list()}) AS "$k" FROM'
        f'  (SELECT * FROM {tracked.log} QUALIFY row_number() OVER (PARTITION BY "$row"'
        f'   ORDER BY "$n" DESC, "$op" = \'A\' DESC) = 1)'
        f'  WHERE "$op" IN (\'I\', \'A\')) l ON p."$k" = l."$k" AND {same}'
    )
    entries = (
        f'SELECT {tx}, "$n", \'I\', "$n", {new} FROM "$pairs" WHERE born',
        f'SELECT {tx}, "$n", \'D\', "$row", {old} FROM "$identity" WHERE gone',
        f'SELECT {tx}, "$n", \'B\', "$row", {old} FROM "$identity" WHERE NOT gone',
        f'SELECT {tx}, "$n", \'A\', "$row", {new} FROM "$identity" WHERE NOT gone',
    )
    connection.values(f"INSERT INTO {tracked.entry} {' UNION ALL '.join(entries)}")
    connection.discard("$identity")


def _log_added(connection: Connection, tx: int, tracked: Tracked, last: int) -> None:
    """Log the rows that the transaction has added behind this one."""
    connection.values(
        f'INSERT INTO {tracked.entry} SELECT {tx}, "$n", \'I\', "$n",'
        f' {tracked.list()} FROM (SELECT nextval({_sequence(tracked)}) AS "$n", *'
        f" FROM {tracked.source} WHERE rowid > {last})"
    )


def _sequence(tracked: Tracked) -> str:
    return literal(hidden(tracked.table.database, "_account_change"))
