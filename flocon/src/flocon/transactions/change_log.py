"""The log of one table's changes: how a statement's effect gets there.

A row of the log: `$tx` the transaction, `$n` its position there, `$op` (I insert, D delete, B and A
before and after an update), `$row` the row's identity, and the table's columns.

Identity is by value: of rows that are equal in every column each may stand for the other.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlglot import Expr, exp

from flocon.engine import HIDDEN_SCHEMA, Binds, Connection, literal, quoted, used
from flocon.sql.tokens import FullName


@dataclass(frozen=True)
class Tracked:
    """A table whose changes are logged, and its columns in order. tracking_version: since when that
    is so (`Changes`); a transaction whose snapshot is older cannot log there."""

    id: int
    table: FullName
    columns: tuple[str, ...]
    tracking_version: int = 0

    @property
    def log(self) -> str:
        return hidden(self.table.database, f"_account_log_{self.id}")

    @property
    def source(self) -> str:
        return source(self.table)

    @property
    def entry(self) -> str:
        """The log and the columns of an entry; a column it has besides gets its default."""
        return f'{self.log} ("$tx", "$n", "$op", "$row", {self.list()})'

    def list(self, prefix: str = "", mark: str = "") -> str:
        """The columns, quoted: each behind a prefix, its name behind a mark."""
        return ", ".join(f"{prefix}{quoted(mark + column)}" for column in self.columns)


def source(table: FullName) -> str:
    """A table's full name in DuckDB's SQL."""
    return quoted(table.database, table.schema, table.name)


def hidden(database: str, table: str) -> str:
    return f"{quoted(database)}.{HIDDEN_SCHEMA}.{table}"


# In an INSERT's meta: a query for the rows that it adds, each with its row id as HELD_ROW. They are
# held by the connection, and would be the same the next time.
READS_AGAIN = "reads_again"
HELD_ROW = "$held_row"
_MANY = 50_000


def only_adds(tree: Expr) -> bool:
    """Does a DML statement leave alone all rows that there are?"""
    if isinstance(tree, exp.Merge):
        thens = [when.args["then"] for when in tree.args["whens"].expressions]
        return all(isinstance(then, exp.Insert) for then in thens)
    return isinstance(tree, exp.Insert | exp.Copy)


def insert(
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


def insert_held(
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
    numbers, if nobody else has taken one out of the run.
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
def compared(connection: Connection, tx: int, tracked: Tracked) -> Iterator[None]:
    """Log the difference of the table before and after."""
    columns = tracked.list()
    hold_row_ids(connection, tracked.table)
    rows = f'SELECT rowid AS "$id", {columns} FROM {tracked.source}'
    connection.values(f'CREATE OR REPLACE TEMP TABLE "$before" AS {rows}')
    yield
    old = ", ".join(f"b.{quoted(c)} AS {quoted('-' + c)}" for c in tracked.columns)
    new = ", ".join(f"a.{quoted(c)} AS {quoted('+' + c)}" for c in tracked.columns)
    differs = " OR ".join(f"b.{quoted(c)} IS DISTINCT FROM a.{quoted(c)}" for c in tracked.columns)
    connection.values(
        f'CREATE OR REPLACE TEMP TABLE "$pairs" AS SELECT *,'
        f' nextval({_sequence(tracked)}) AS "$n" FROM (SELECT'
        f' b."$id" IS NULL AS born, a."$id" IS NULL AS gone, {old}, {new}'
        f' FROM "$before" b FULL JOIN ({rows}) a ON b."$id" = a."$id"'
        f' WHERE b."$id" IS NULL OR a."$id" IS NULL OR {differs})'
    )
    _log_pairs(connection, tx, tracked)
    connection.discard("$before", "$pairs", "$identity")


def hold_row_ids(connection: Connection, table: FullName) -> None:
    """Until the transaction ends, the table's row ids mean the same rows.

    Between two statements of a transaction that has written nothing yet, a checkpoint of another
    connection may move rows together and so renumber them. A DELETE of no row holds it off.
    """
    connection.values(f"DELETE FROM {source(table)} WHERE FALSE")


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
    for sql in (
        f'SELECT {tx}, "$n", \'I\', "$n", {new} FROM "$pairs" WHERE born',
        f'SELECT {tx}, "$n", \'D\', "$row", {old} FROM "$identity" WHERE gone',
        f'SELECT {tx}, "$n", \'B\', "$row", {old} FROM "$identity" WHERE NOT gone',
        f'SELECT {tx}, "$n", \'A\', "$row", {new} FROM "$identity" WHERE NOT gone',
    ):
        connection.values(f"INSERT INTO {tracked.entry} {sql}")


def last_row(connection: Connection, table: FullName) -> int:
    """The highest row id of a table, -1 where it has no row. Those of rows that a transaction
    adds are behind it, also behind those of rows that a checkpoint renumbers meanwhile."""
    # Row ids begin with 0 and none is there twice: so many rows need as many. The count is at
    # hand, and where nothing was deleted, all row groups but the last are passed over.
    [[count]] = connection.values(f"SELECT count(*) FROM {source(table)}")
    highest = f"SELECT coalesce(max(rowid), -1) FROM {source(table)} WHERE rowid >= {count - 1}"
    return int(connection.values(highest)[0][0])


def log_added(connection: Connection, tx: int, tracked: Tracked, last: int) -> None:
    """Log the rows that the transaction has added behind this one."""
    connection.values(
        f'INSERT INTO {tracked.entry} SELECT {tx}, "$n", \'I\', "$n",'
        f' {tracked.list()} FROM (SELECT nextval({_sequence(tracked)}) AS "$n", *'
        f" FROM {tracked.source} WHERE rowid > {last})"
    )


def _sequence(tracked: Tracked) -> str:
    return literal(hidden(tracked.table.database, "_account_change"))
