"""One transaction around everything that a procedure does with its stream."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from snowflake.snowpark import Session


@contextmanager
def transaction(session: Session) -> Iterator[None]:
    """All of the block's statements take effect, or none of them.

    A stream's offset moves when the transaction that read it commits, and within one transaction
    every statement sees the same rows of the stream. Snowflake leaves a transaction open after a
    failed statement, ready to be committed half-done: hence the rollback for whatever is raised,
    by BEGIN and COMMIT as well. After a COMMIT whose answer was lost it finds nothing to undo.
    """
    infer_columns(session)
    try:
        session.begin_transaction()
        yield
        session.commit()
    except BaseException:
        session.rollback()
        raise


def infer_columns(session: Session) -> None:
    """Let Snowpark work out the columns of what is composed, where it can.

    Otherwise it asks Snowflake for them, a statement each time: 15 instead of 8 in a run of
    INVENTORY_CURRENT, although tables are shared between frames as far as its public API goes, and
    90 instead of 38 before a repair. Snowpark calls the setting experimental, and warns of it once
    for each process; where a version has it no more, setting it does nothing.
    """
    session.reduce_describe_query_enabled = True
