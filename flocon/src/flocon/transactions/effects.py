"""What a transaction has done to tables, so that it can be done again on a newer snapshot.

DuckDB has one snapshot per transaction and gives the whole up when a statement fails. Snowflake
has a snapshot per statement and undoes the failed statement alone. So the rows that each statement
of an explicit transaction added and removed are kept, and a new DuckDB transaction begins with
them. Locks (`flocon.transactions.locks`) see to it that nobody has changed the same rows meanwhile.

https://docs.snowflake.com/en/sql-reference/transactions
"""

from dataclasses import dataclass

import pyarrow as pa

from flocon.engine import Conflict, Connection
from flocon.sql.tokens import FullName
from flocon.transactions.change_log import Tracked, quoted, source

_RELATION = "ACCOUNT_EFFECT"
_ENTRIES = '"$entries"'


@dataclass(frozen=True)
class Effect:
    """The rows that a statement has added to a table and removed, each with its `$op` as in a log,
    and the names of their columns' types. tracked: in whose log they are entries; None where the
    transaction has noted them for itself."""

    table: FullName
    entries: pa.Table
    types: tuple[str, ...]
    tracked: Tracked | None = None

    @property
    def columns(self) -> str:
        """The table's columns, quoted."""
        own = self.tracked.columns if self.tracked else self.entries.column_names[1:]
        return ", ".join(map(quoted, own))


def taken(connection: Connection, tx: int, tracked: Tracked, behind: int) -> Effect | None:
    """The effect of the entries behind a position of the log; None where there are none."""
    table, types = connection.table(
        f'SELECT * FROM {tracked.log} WHERE "$tx" = {tx} AND "$n" > {behind} ORDER BY "$n"', {}
    )
    return Effect(tracked.table, table, tuple(types), tracked) if table.num_rows else None


def last(effect: Effect) -> int:
    """The position of a logged effect's last entry."""
    return int(effect.entries.column("$n")[-1].as_py())


def repeat(connection: Connection, effect: Effect) -> None:
    """Remove and add the same rows again. Raises Conflict where a row to remove is not there."""
    tracked, columns = effect.tracked, effect.columns
    connection.relation(_RELATION, effect.entries, effect.types)
    connection.values(f"CREATE OR REPLACE TEMP TABLE {_ENTRIES} AS FROM {_RELATION}")
    connection.forget(_RELATION)
    _remove(connection, effect)
    connection.values(
        f"INSERT INTO {source(effect.table)} ({columns})"
        f" SELECT {columns} FROM {_ENTRIES} WHERE \"$op\" IN ('I', 'A')"
    )
    if tracked:
        connection.values(
            f'INSERT INTO {tracked.entry} SELECT "$tx", "$n", "$op", "$row", {columns}'
            f" FROM {_ENTRIES}"
        )
    connection.discard(_ENTRIES.strip('"'))


def _remove(connection: Connection, effect: Effect) -> None:
    """Of rows that are equal in every column any may stand for the other."""
    columns, table = effect.columns, source(effect.table)
    removed = f"FROM {_ENTRIES} WHERE \"$op\" IN ('D', 'B')"
    count = connection.values(f"SELECT count(*) {removed}")[0][0]
    if not count:
        return
    equal = f"PARTITION BY {columns}"
    # One statement finds and removes: between two, a checkpoint may renumber the rows. And no bare
    # row id is compared: DuckDB 2.0 would filter its scan by them, which fails where the
    # transaction has rows of its own (docs/local-account.md).
    deleted = connection.values(
        f"DELETE FROM {table} WHERE rowid + 1 IN"
        ' (SELECT "$id" + 1 FROM (SELECT "$id",'
        f' row_number() OVER ({equal} ORDER BY "$id" NULLS LAST) AS "$k",'
        f' count(*) FILTER ("$id" IS NULL) OVER ({equal}) AS "$wanted"'
        f' FROM (SELECT rowid AS "$id", {columns} FROM {table}'
        f" UNION ALL SELECT NULL, {columns} {removed}))"
        ' WHERE "$id" IS NOT NULL AND "$k" <= "$wanted")'
    )[0][0]
    if deleted != count:
        raise Conflict(
            f"rows of '{effect.table}' that the transaction changed are gone:"
            f" {count} wanted, {deleted} removed"
        )
