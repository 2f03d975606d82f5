"""What the tests of streams and transactions share besides fixtures."""

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
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


def wrong_answers(run: Run, expected: Mapping[str, Any], source: str = "") -> dict[str, Any]:
    """What `SELECT <expression>` answers other than this; arrays and objects are given as such.
    An error's number stands for an error."""
    wrong = {}
    for expression, wanted in expected.items():
        try:
            [(answer,)] = run(f"select {expression} {source}")
        except snowflake.connector.errors.DatabaseError as raised:
            answer = Failed(raised.errno)
        if isinstance(wanted, list | dict) and isinstance(answer, str):
            answer = json.loads(answer)
        if answer != wanted or type(answer) is not type(wanted):
            wrong[expression] = answer
    return wrong


@dataclass(frozen=True)
class Failed:
    """A statement ended in the error of this number."""

    errno: int


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
