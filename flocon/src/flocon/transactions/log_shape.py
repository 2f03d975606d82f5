"""The columns of a change log: those of its table, also after ALTER TABLE."""

from flocon.core import errors
from flocon.engine import HIDDEN_SCHEMA, Catalog, Connection, compressed
from flocon.sql.tokens import FullName
from flocon.transactions.change_log import Tracked, quoted

_LOGS = (
    "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database()"
    " AND table_name LIKE '\\_account\\_log\\_%' ESCAPE '\\'"
)


def drop_others(catalog: Catalog, tracked: set[int]) -> None:
    """Drop the logs of a database that are of none of these tracked tables."""
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
    """The table's columns in order; none where there is no such table."""
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
    rows = connection.values(
        "SELECT column_name, column_default FROM duckdb_columns() WHERE database_name = ?"
        " AND schema_name = ? AND table_name = ? AND column_default IS NOT NULL",
        [table.database, table.schema, table.name],
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
