"""The log of one table's changes: its names, and its columns, which follow its table's.

A row of the log: `$tx` the transaction, `$n` its position there, `$op` (I insert, D delete, B and A
before and after an update), `$row` the row's identity, and the table's columns.

Identity is by value: of rows that are equal in every column each may stand for the other.
"""

from dataclasses import dataclass

from flocon.core import errors
from flocon.engine import HIDDEN_SCHEMA, Catalog, Connection, compressed, quoted
from flocon.sql.tokens import FullName

_LOGS = (
    "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database()"
    " AND table_name LIKE '\\_account\\_log\\_%' ESCAPE '\\'"
)


@dataclass(frozen=True)
class Tracked:
    """A table whose changes are logged, and its columns in order. tracking_version: since when that
    is so (`TrackedTables`); a transaction whose snapshot is older cannot log there."""

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


# --- its columns ---------------------------------------------------------------------------------


def drop_others(catalog: Catalog, tracked: set[int]) -> None:
    """Drop the logs of a database except those of these tracked tables."""
    kept = {f"_account_log_{identity}" for identity in tracked}
    for row in catalog.rows(_LOGS):
        if row["table_name"] not in kept:
            catalog.write(f"DROP TABLE {row['table_name']}")


def names(connection: Connection, table: FullName) -> tuple[str, ...]:
    """The table's columns in order. Raises 002003 where there is no such table."""
    columns = found(connection, table)
    if not columns:
        raise errors.does_not_exist("Table", table)
    return columns


def found(connection: Connection, table: FullName) -> tuple[str, ...]:
    """The table's columns in order; () if there is no such table."""
    return tuple(name for name, _ in _typed(connection, table))


def definition(connection: Connection, tracked: Tracked) -> str:
    """The statement that makes the log's table."""
    typed = _typed(connection, tracked.table)
    columns = [f"{quoted(name)} {compressed(kind)}" for name, kind in typed]
    own = '"$tx" BIGINT, "$n" BIGINT, "$op" VARCHAR, "$row" BIGINT'
    return f"CREATE TABLE {tracked.log} ({', '.join([own, *columns])})"


def follow(catalog: Catalog, connection: Connection, tracked: Tracked) -> tuple[str, ...]:
    """Give the log the columns that its table has now; returns them."""
    now = dict(_typed(connection, tracked.table))
    log = FullName(tracked.table.database, HIDDEN_SCHEMA, f"_account_log_{tracked.id}")
    before = dict(_typed(connection, log))
    alter = f"ALTER TABLE {tracked.log}"
    for old, new in _renamed([c for c in before if c[:1] != "$"], list(now)):
        catalog.write(f"{alter} RENAME COLUMN {quoted(old)} TO {quoted(new)}")
        before[new] = before.pop(old)
    defaults_now = defaults(connection, tracked.table)
    for column, kind in now.items():
        if column not in before:
            # The rows that the table had got the default, and so do their entries.
            default = defaults_now.get(column, "NULL")
            added = f"{quoted(column)} {compressed(kind)} DEFAULT {default}"
            catalog.write(f"{alter} ADD COLUMN {added}")
        elif before[column] != kind:
            catalog.write(f"{alter} ALTER COLUMN {quoted(column)} TYPE {kind}")
    for column in before:
        if column not in now and not column.startswith("$"):
            catalog.write(f"{alter} DROP COLUMN {quoted(column)}")
    return tuple(now)


def _typed(connection: Connection, table: FullName) -> list[tuple[str, str]]:
    return connection.columns(table.database, table.schema, table.name)


def defaults(connection: Connection, table: FullName) -> dict[str, str]:
    """DuckDB's expressions for the columns that have a default."""
    # Of this table alone: duckdb_columns() goes through all of the account's.
    rows = connection.values(
        "SELECT name, dflt_value FROM pragma_table_info(?) WHERE dflt_value IS NOT NULL",
        [quoted(table.database, table.schema, table.name)],
    )
    return {name: default for name, default in rows}  # noqa: C416 - mypy: rows are of any length


def _renamed(before: list[str], now: list[str]) -> list[tuple[str, str]]:
    """(old, new) where as many columns stand in their places and some have other names."""
    if len(before) != len(now):
        return []
    return [
        (old, new)
        for old, new in zip(before, now, strict=True)
        if old != new and old not in now and new not in before
    ]


# --- the table's rows ----------------------------------------------------------------------------


def hold_row_ids(connection: Connection, table: FullName) -> None:
    """Until the transaction ends, the table's row ids mean the same rows.

    Between two statements of a transaction that has written nothing yet, a checkpoint of another
    connection may move rows together and so renumber them. A DELETE of no row holds it off.
    """
    connection.values(f"DELETE FROM {source(table)} WHERE FALSE")


def last_row(connection: Connection, table: FullName) -> int:
    """The highest row id of a table, -1 where it has no row. Those of rows that a transaction
    adds are behind it, also behind those of rows that a checkpoint renumbers meanwhile."""
    # Row ids begin with 0 and are unique: the last of n rows has n - 1 at least. The count is at
    # hand, and where nothing was deleted, all row groups but the last are passed over.
    [[count]] = connection.values(f"SELECT count(*) FROM {source(table)}")
    highest = f"SELECT coalesce(max(rowid), -1) FROM {source(table)} WHERE rowid >= {count - 1}"
    return int(connection.values(highest)[0][0])
