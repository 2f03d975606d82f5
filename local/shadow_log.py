"""What an explicit transaction adds to tables that no stream is on: logged when it goes on.

Such a log is for the transaction alone, which may have to repeat its effects on a newer snapshot.
After its last statement nobody asks for it, and a copy of all rows is saved. Row ids hold as long:
those of a transaction's own rows come behind all others until it ends.
"""

from local import change_log
from local.change_log import Tracked
from local.engine import Connection
from local.transaction import Transaction


def defer(transaction: Transaction, tracked: Tracked, last: int) -> None:
    """Leave for later what a statement adds behind a row, or has added behind an earlier one."""
    transaction.added.setdefault(tracked.table, (tracked, last))


def log(connection: Connection, transaction: Transaction) -> None:
    """Log what was left for later: before the transaction does anything else."""
    for tracked, last in transaction.added.values():
        make(connection, transaction, tracked)
        change_log.log_added(connection, transaction.id, tracked, last)
    transaction.added.clear()


def make(connection: Connection, transaction: Transaction, tracked: Tracked) -> None:
    """Make the log's table, if there is none yet."""
    if tracked.id not in transaction.made:
        change_log.create(connection, tracked)
        transaction.made.add(tracked.id)


def discard(connection: Connection, transaction: Transaction) -> None:
    """Drop the tables of such logs."""
    connection.discard(*(f"$shadow_{identity}" for identity in transaction.made))
