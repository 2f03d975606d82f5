"""What the tests of streams and transactions share besides fixtures."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import snowflake.connector

Run = Callable[..., list[Any]]

CHANGES = "SELECT id, v, METADATA$ACTION, METADATA$ISUPDATE FROM s ORDER BY id, v, METADATA$ACTION"


def failure(run: Run, sql: str, *binds: Any) -> tuple[int, str]:
    """The number and text of the error that a statement ends in."""
    with pytest.raises(snowflake.connector.errors.DatabaseError) as raised:
        run(sql, *binds)
    return int(raised.value.errno), str(raised.value.msg)


def error(run: Run, sql: str, *binds: Any) -> int:
    """The number of the error that a statement ends in."""
    return failure(run, sql, *binds)[0]


@contextmanager
def beside(statement: Callable[[], Any]) -> Iterator[Future[Any]]:
    """Run something in another thread."""
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(statement)


def still_waits(future: Future[Any]) -> bool:
    """Has it not ended in a fifth of a second?"""
    try:
        future.exception(timeout=0.2)
    except TimeoutError:
        return True
    return False
