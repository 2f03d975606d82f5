"""The threads in which the statements of clients run."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")

_THREADS = 256
_UNBOUNDED = 1_000_000


class Threads:
    """Statements that may wait for others share so many threads.

    A CALL never takes the thread that its procedure's statements need. Statements that others may
    be waiting for always get a thread of their own: those of a session with an open transaction,
    its COMMIT and its ROLLBACK. No thread keeps the process alive: one whose statement cannot be
    ended is left behind.
    """

    def __init__(self, shared: int = _THREADS) -> None:
        self._shared = _Pool(shared, "query")
        self._calls = _Pool(shared, "call")
        # There is always one that is idle, or another one is made.
        self._unlimited = _Pool(_UNBOUNDED, "others-wait")

    def begin(self, work: Callable[[], T], *, is_call: bool, others_wait: bool) -> "Future[T]":
        """Run it as soon as there is a thread. others_wait: for what it does; there is one now."""
        threads = self._unlimited if others_wait else self._calls if is_call else self._shared
        return threads.begin(work)

    def close(self) -> None:
        """Begin nothing more: what waits for a thread is cancelled."""
        for threads in (self._shared, self._calls, self._unlimited):
            threads.close()


_Work = tuple["Future[Any]", Callable[[], Any]]


class _Pool:
    """As ThreadPoolExecutor, except that Python does not wait for its threads at its own end."""

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._made = 0
        self._idle = threading.Semaphore(0)
        self._waiting: SimpleQueue[_Work | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False

    def begin(self, work: Callable[[], T]) -> "Future[T]":
        future: Future[T] = Future()
        with self._lock:
            if self._closed:
                future.cancel()
                return future
            self._waiting.put((future, work))
            if not self._idle.acquire(blocking=False) and self._made < self._most:
                self._made += 1
                name = f"{self._name}_{self._made}"
                threading.Thread(target=self._work, name=name, daemon=True).start()
        return future

    def close(self) -> None:
        with self._lock:
            self._closed = True
            while (waiting := self._next()) is not None:
                waiting[0].cancel()
            for _ in range(self._made):
                self._waiting.put(None)

    def _next(self) -> _Work | None:
        try:
            return self._waiting.get_nowait()
        except Empty:
            return None

    def _work(self) -> None:
        while (waiting := self._waiting.get()) is not None:
            future, work = waiting
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(work())
                except BaseException as error:
                    future.set_exception(error)
            # Their rows go now, not with the next statement.
            del waiting, future, work
            self._idle.release()
