"""Retrying, discarding and reprocessing take turns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from event_fields import utc_now
from snowflake.snowpark import Session
from snowflake.snowpark import functions as F
from transactions import transaction


@contextmanager
def repair(session: Session) -> Iterator[None]:
    """A transaction that no other repair runs beside.

    Its first statement updates the one row of OPS.REPAIR_LOCK. Whoever comes second waits there
    until the first has ended; the statements after it then see all that the first one committed
    (D/sql-reference/transactions: UPDATE locks, and each statement reads what is committed).
    """
    with transaction(session):
        lock = session.table("OPS.REPAIR_LOCK")
        taken = lock.update({"TURNS": F.col("TURNS") + F.lit(1), "TAKEN_AT": utc_now()})
        if taken.rows_updated != 1:
            raise RuntimeError(
                f"OPS.REPAIR_LOCK has {taken.rows_updated} rows instead of one: run `caves deploy`"
            )
        yield
