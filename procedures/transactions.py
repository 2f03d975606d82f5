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

    Snowpark asks for the columns of what is composed inside, less often where it may infer them:
    each question is a statement, and the transaction is open meanwhile.
    """
    session.reduce_describe_query_enabled = True
    try:
        session.begin_transaction()
        yield
        session.commit()
    except BaseException:
        session.rollback()
        raise
