"""Retrying, discarding and reprocessing take turns, and so do the updates of incidents."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from event_fields import utc_now
from snowflake.snowpark import Session
from snowflake.snowpark import functions as F
from transactions import transaction


def repair(session: Session) -> AbstractContextManager[None]:
    """A transaction that no other repair runs beside."""
    return turn(session, "OPS.REPAIR_LOCK")


@contextmanager
def turn(session: Session, lock_table: str) -> Iterator[None]:
    """A transaction that no other with this lock runs beside.

    Its first statement updates the one row of the lock's table. A second call waits there
    until the first has ended; the statements after it then see all that the first one committed
    (D/sql-reference/transactions: UPDATE locks, and each statement reads what is committed).
    """
    with transaction(session):
        lock = session.table(lock_table)
        taken = lock.update({"TURNS": F.col("TURNS") + F.lit(1), "TAKEN_AT": utc_now()})
        if taken.rows_updated != 1:
            raise RuntimeError(
                f"{lock_table} has {taken.rows_updated} rows instead of one: run `caves deploy`"
            )
        yield
