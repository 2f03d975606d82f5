"""The threads in which the statements of clients run."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

_THREADS = 256
_UNBOUNDED = 1_000_000


class Threads:
    """Statements that may wait for others share so many threads.

    A CALL never takes the thread that its procedure's statements need. Statements that others may
    be waiting for always get a thread of their own: those of a session with an open transaction,
    its COMMIT and its ROLLBACK.
    """

    def __init__(self, shared: int = _THREADS) -> None:
        self._shared = ThreadPoolExecutor(shared, "query")
        self._calls = ThreadPoolExecutor(shared, "call")
        # There is always one that is idle, or another one is made.
        self._unlimited = ThreadPoolExecutor(_UNBOUNDED, "others-wait")

    def begin(self, work: Callable[[], T], *, is_call: bool, others_wait: bool) -> "Future[T]":
        """Run it as soon as there is a thread. others_wait: for what it does; there is one now."""
        threads = self._unlimited if others_wait else self._calls if is_call else self._shared
        return threads.submit(work)

    def close(self) -> None:
        """Begin nothing more."""
        for threads in (self._shared, self._calls, self._unlimited):
            threads.shutdown(wait=False, cancel_futures=True)
