"""Retrying, discarding and reprocessing take turns, and so do the updates of incidents."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from event_fields import utc_now
from snowflake.snowpark import Session
from snowflake.snowpark import functions as F
from transactions import transaction

REPAIR_LOCK = "OPS.REPAIR_LOCK"


class Overtaken(Exception):
    """Another repair came before this one."""


@contextmanager
def repair(session: Session, after: int | None = None) -> Iterator[None]:
    """A transaction that no other repair runs beside. Raises Overtaken, and does nothing, where it
    does not follow the turn `after`."""
    with turn(session, REPAIR_LOCK):
        if after is not None and turns_taken(session) != after + 1:
            raise Overtaken
        yield


def turns_taken(session: Session) -> int:
    """How many repairs there have been, the running one of this session included."""
    [[turns]] = session.sql(f"SELECT TURNS FROM {REPAIR_LOCK}").collect()
    return int(turns)


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
