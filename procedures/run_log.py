"""What a run did, to be read in the event table afterwards: one message for each call.

Forgetting a customer is not among them: an error could repeat the id that is to be forgotten.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from snowflake.snowpark import Session

# `caves logs` and the dashboard know the messages by this name.
log = logging.getLogger("caves")

Parameters = ParamSpec("Parameters")
Counts = TypeVar("Counts", bound=dict[str, Any])
# An error may repeat what events hold, at any length.
LONGEST = 2_000


def logged(
    handler: Callable[Concatenate[Session, Parameters], Counts],
) -> Callable[Concatenate[Session, Parameters], Counts]:
    """The handler, which logs what it returns and how long it took (INFO), or why it failed
    (ERROR). Whether that is kept is LOG_LEVEL's affair, on the database or the account."""

    @wraps(handler)
    def run(session: Session, *arguments: Parameters.args, **named: Parameters.kwargs) -> Counts:
        started = time.monotonic()
        try:
            counts = handler(session, *arguments, **named)
        except BaseException as error:
            log.error("failed after %.1f s: %s", time.monotonic() - started, reason(error))
            raise
        log.info("%s; %.1f s", told(counts), time.monotonic() - started)
        return counts

    return run


def told(counts: dict[str, Any]) -> str:
    """'staged 12, rejected 1'"""
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in counts.items())


def reason(error: BaseException) -> str:
    """The error on one line; what cannot be printed as escapes."""
    text = " ".join(f"{type(error).__name__}: {error}".split())[:LONGEST]
    return "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text
    )
