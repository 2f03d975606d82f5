"""Calls that run against each other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from snowflake.snowpark import Session

from tests.procedures.pipeline import Pipeline


def at_the_same_time(pipeline: Pipeline, account: Any, *calls: Callable[[Session], Any]) -> list:
    """Each call in a thread and a session of its own, started together; their answers. Raises what
    a call raised, and fails if one hangs."""
    start = threading.Barrier(len(calls))
    answers: list[Future[Any]] = [Future() for _ in calls]

    def work(call: Callable[[Session], Any], answer: Future[Any]) -> None:
        try:
            with account.snowpark(database=pipeline.database, schema="OPS") as session:
                start.wait(60)
                answer.set_result(call(session))
        except BaseException as error:
            answer.set_exception(error)

    for call, answer in zip(calls, answers, strict=True):
        threading.Thread(target=work, args=(call, answer), daemon=True).start()
    return [answer.result(180) for answer in answers]
