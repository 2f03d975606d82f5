"""What an explicit transaction does to tables that no stream is on, noted for itself alone.

It may have to do the same again on a newer snapshot (`effects`). So what a statement has
changed is read before the transaction does anything else; after its last statement nobody asks.
Row ids hold as long: those of a transaction's own rows come behind all others until it ends.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from flocon.engine import Connection
from flocon.sql.tokens import FullName
from flocon.transactions import change_log
from flocon.transactions.change_log import source
from flocon.transactions.effects import Effect
from flocon.transactions.transaction import Transaction

_COMPARED_ROWS = 20_000


@contextmanager
def adding(connection: Connection, transaction: Transaction, table: FullName) -> Iterator[None]:
    """The transaction only adds rows to the table inside."""
    noted = table in transaction.added or table in transaction.before
    if noted or not transaction.is_repeatable:
        yield
        return
    last = change_log.last_row(connection, table)
    yield
    transaction.added[table] = last


@contextmanager
def changing(connection: Connection, transaction: Transaction, table: FullName) -> Iterator[None]:
    """The transaction changes rows of the table inside, or removes some, before its statement adds
    any. Where the table is so large that comparing it would cost too much, the transaction cannot
    be repeated."""
    assert table not in transaction.added, f"{table} was added to before it was changed"
    if table not in transaction.before and transaction.is_repeatable:
        if connection.has_more(source(table), _COMPARED_ROWS):
            transaction.opaque = True
        else:
            held = f"$before_{len(transaction.before)}"
            rows = f"SELECT * FROM {source(table)}"
            connection.values(f'CREATE OR REPLACE TEMP TABLE "{held}" AS {rows}')
            transaction.before[table] = held
    yield


def taken(connection: Connection, transaction: Transaction) -> list[Effect]:
    """The effects of the statement before; none where nobody may ask for them."""
    effects = []
    for table, query in () if transaction.opaque else _queries(transaction):
        entries, types = connection.table(query, {})
        if entries.num_rows:
            effects.append(Effect(table, entries, tuple(types)))
    discard(connection, transaction)
    transaction.added.clear()
    transaction.before.clear()
    return effects


def _queries(transaction: Transaction) -> Iterator[tuple[FullName, str]]:
    """For each table a query for what was added and removed, its `$op` first."""
    for table, last in transaction.added.items():
        yield table, f"SELECT 'I' AS \"$op\", * FROM {source(table)} WHERE rowid > {last}"
    for table, held in transaction.before.items():
        yield table, _difference(f'temp."{held}"', source(table))


def _difference(before: str, after: str) -> str:
    """A query for the rows that went and those that came: by how many there are of each before and
    after. What became of which row nobody asks who only has to do it again."""
    rows = f'SELECT *, -1 AS "$k" FROM {before} UNION ALL SELECT *, 1 FROM {after}'
    return (
        'SELECT CASE WHEN "$k" > 0 THEN \'I\' ELSE \'D\' END AS "$op", * EXCLUDE ("$k", "$each")'
        ' FROM (SELECT *, unnest(range(abs("$k"))) AS "$each" FROM'
        ' (SELECT * EXCLUDE ("$k"), CAST(sum("$k") AS BIGINT) AS "$k"'
        f' FROM ({rows}) GROUP BY ALL HAVING sum("$k") <> 0))'
    )


def discard(connection: Connection, transaction: Transaction) -> None:
    """Drop what was kept of tables."""
    connection.discard(*transaction.before.values())
