"""A statement's time limit."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flocon.core import errors


@contextmanager
def time_limit(seconds: Any, cancel: Callable[[], None]) -> Iterator[None]:
    """Cancel what runs inside after so many seconds, 0 or None for never; it fails with 000630.

    https://docs.snowflake.com/en/sql-reference/parameters#statement-timeout-in-seconds
    """
    limit = int(seconds or 0)
    if not limit:
        yield
        return
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        cancel()

    timer = threading.Timer(limit, expire)
    timer.daemon = True
    timer.start()
    try:
        yield
    except errors.SnowflakeError as error:
        if error.errno != errors.CANCELLED.errno or not expired.is_set():
            raise
        raise errors.SnowflakeError(
            errors.TIMED_OUT,
            "Statement reached its statement or warehouse timeout of"
            f" {limit} second(s) and was canceled.",
        ) from None
    finally:
        timer.cancel()
