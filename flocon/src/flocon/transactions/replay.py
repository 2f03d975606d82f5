"""What a transaction has done to tables, read so that it can be done again on a newer snapshot.

DuckDB has one snapshot per transaction and gives the whole up when a statement fails. Snowflake
has a snapshot per statement and undoes the failed statement alone. So the rows that each statement
of an explicit transaction added and removed are kept, and a new DuckDB transaction begins with
them. Locks (`flocon.transactions.locks`) keep others from changing the same rows meanwhile.

A table with a stream on it has a log: the effects are read there. Of other tables a statement notes
what it needs to know, and its effects are read before the transaction does anything else: row ids
hold as long, because those of a transaction's own rows come behind all others until it ends. After
the last statement they are not needed.

https://docs.snowflake.com/en/sql-reference/transactions
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pyarrow.compute as pc

from flocon.engine import Conflict, Connection
from flocon.sql.tokens import FullName
from flocon.transactions import change_log
from flocon.transactions.change_log import Tracked, source
from flocon.transactions.transaction import Effect, Transaction

_COMPARED_ROWS = 20_000
_RELATION = "ACCOUNT_EFFECT"
_ENTRIES = '"$entries"'


# --- what a statement has done -------------------------------------------------------------------


@contextmanager
def noting_added_rows(
    connection: Connection, transaction: Transaction, table: FullName
) -> Iterator[None]:
    """The statement inside only adds rows to the table, which has no log."""
    noted = table in transaction.rows_added_after or table in transaction.copies_before
    if noted or not transaction.may_be_replayed:
        yield
        return
    last = change_log.last_row(connection, table)
    yield
    transaction.rows_added_after[table] = last


@contextmanager
def noting_changed_rows(
    connection: Connection, transaction: Transaction, table: FullName
) -> Iterator[None]:
    """The statement inside changes or removes rows of the table, which has no log, before it adds
    any. Where the table is so large that comparing it would cost too much, the transaction cannot
    be replayed."""
    assert table not in transaction.rows_added_after, f"{table} was added to before it was changed"
    if table not in transaction.copies_before and transaction.may_be_replayed:
        if connection.has_more(source(table), _COMPARED_ROWS):
            transaction.unrepeatable = True
        else:
            copy = f"$before_{len(transaction.copies_before)}"
            rows = f"SELECT * FROM {source(table)}"
            connection.values(f'CREATE OR REPLACE TEMP TABLE "{copy}" AS {rows}')
            transaction.copies_before[table] = copy
    yield


def discard_copies(connection: Connection, transaction: Transaction) -> None:
    connection.discard(*transaction.copies_before.values())


def read_effects(connection: Connection, transaction: Transaction) -> None:
    """Add to the transaction's effects what its last statement has done. To be called before the
    next one runs."""
    transaction.effects += _of_tables(connection, transaction)
    logged = [
        effect
        for tracked in transaction.unread_logs.values()
        if (effect := _of_log(connection, transaction, tracked))
    ]
    for effect in logged:
        last = int(pc.max(effect.entries.column("$n")).as_py())
        transaction.log_position = max(transaction.log_position, last)
    transaction.effects += logged
    transaction.unread_logs.clear()


def _of_log(connection: Connection, transaction: Transaction, tracked: Tracked) -> Effect | None:
    """The effect of the log's entries that have not been read; None without any. Their order does
    not matter, and to sort rows with documents would take longer than to read them."""
    entries, types = connection.table(
        f'SELECT * FROM {tracked.log} WHERE "$tx" = {transaction.id}'
        f' AND "$n" > {transaction.log_position}',
        {},
    )
    return Effect(tracked.table, entries, tuple(types), tracked) if entries.num_rows else None


def _of_tables(connection: Connection, transaction: Transaction) -> list[Effect]:
    """The effects on tables without a log; [] if the transaction cannot be replayed."""
    effects = []
    for table, query in () if transaction.unrepeatable else _queries(connection, transaction):
        entries, types = connection.table(query, {})
        if entries.num_rows:
            effects.append(Effect(table, entries, tuple(types)))
    discard_copies(connection, transaction)
    transaction.rows_added_after.clear()
    transaction.copies_before.clear()
    return effects


def _queries(connection: Connection, transaction: Transaction) -> Iterator[tuple[FullName, str]]:
    """For each table a query for what was added and removed, its `$op` first."""
    for table, last in transaction.rows_added_after.items():
        yield table, f"SELECT 'I' AS \"$op\", * FROM {source(table)} WHERE rowid > {last}"
    for table, copy in transaction.copies_before.items():
        zoned = connection.zoned_columns(table.database, table.schema, table.name)
        yield table, _difference(f'temp."{copy}"', source(table), zoned)


def _difference(before: str, after: str, zoned: Sequence[str]) -> str:
    """A query for the rows that went and those that came, counted: how many equal rows there are
    before and after. A replay need not know which of equal rows became which. zoned: the columns
    whose values have an offset, by which rows differ, too."""
    offsets = f'[{", ".join(f"_account_minutes({column})" for column in zoned)}] AS "$offsets"'
    rows = (
        f'SELECT *, {offsets}, -1 AS "$k" FROM {before}'
        f" UNION ALL SELECT *, {offsets}, 1 FROM {after}"
    )
    return (
        "SELECT CASE WHEN \"$k\" > 0 THEN 'I' ELSE 'D' END AS \"$op\","
        ' * EXCLUDE ("$k", "$each", "$offsets")'
        ' FROM (SELECT *, unnest(range(abs("$k"))) AS "$each" FROM'
        ' (SELECT * EXCLUDE ("$k"), CAST(sum("$k") AS BIGINT) AS "$k"'
        f' FROM ({rows}) GROUP BY ALL HAVING sum("$k") <> 0))'
    )


# --- the same again ------------------------------------------------------------------------------


def replay(connection: Connection, effect: Effect) -> None:
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
    path = (effect.table.database, effect.table.schema, effect.table.name)
    removed = f"FROM {_ENTRIES} WHERE \"$op\" IN ('D', 'B')"
    count = connection.values(f"SELECT count(*) {removed}")[0][0]
    if not count:
        return
    zoned = connection.zoned_columns(*path)
    equal = f"PARTITION BY {', '.join([columns, *map('_account_minutes({})'.format, zoned)])}"
    # One statement finds and removes: between two, a checkpoint may renumber the rows. And no bare
    # row id is compared: DuckDB 2.0 would filter its scan by them, which fails where the
    # transaction has rows of its own (docs/manual.md).
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
