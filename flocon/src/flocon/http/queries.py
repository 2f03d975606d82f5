"""The statements of clients at work: each in a thread, its answer waited for or fetched later."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

_KEPT = 100
_KEPT_BYTES = 64 * 1024 * 1024
_THREADS = 256
_UNBOUNDED = 1_000_000

Response = dict[str, Any]


class Query:
    """A statement that was begun: running until its response is there. user: whose it is."""

    def __init__(self, user: str, done: "Future[Response]") -> None:
        self.user = user
        self.done = done

    @property
    def response(self) -> Response | None:
        return self.done.result() if self.done.done() and not self.done.cancelled() else None

    @property
    def size(self) -> int:
        return len(((self.response or {}).get("data") or {}).get("rowsetBase64") or "")


class Queries:
    """Runs them, and keeps the latest answers of those whose client comes back for them, bounded by
    count and bytes. Thread-safe.

    Statements that may wait for others share so many threads. A CALL never takes the thread that
    its procedure's statements need, and what others may be waiting for takes none of these at all:
    the statements of a session with an open transaction, its COMMIT and its ROLLBACK.
    """

    def __init__(
        self, kept: int = _KEPT, kept_bytes: int = _KEPT_BYTES, threads: int = _THREADS
    ) -> None:
        self._kept = kept
        self._kept_bytes = kept_bytes
        self._queries: OrderedDict[str, Query] = OrderedDict()
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(threads, "query")
        self._calls = ThreadPoolExecutor(threads, "call")
        # There is always one that is idle, or another one is made.
        self._at_once = ThreadPoolExecutor(_UNBOUNDED, "at-once")

    def __len__(self) -> int:
        return len(self._queries)

    def begin(
        self, user: str, work: Callable[[], Response], *, is_call: bool, at_once: bool
    ) -> Query:
        """work never raises. at_once: it waits for no thread."""
        threads = self._at_once if at_once else self._calls if is_call else self._threads
        return Query(user, threads.submit(work))

    def keep(self, query_id: str, query: Query) -> None:
        """Its client will ask for the answer by this id."""
        with self._lock:
            self._queries[query_id] = query
        query.done.add_done_callback(lambda _: self._make_room())

    def find(self, query_id: str) -> Query | None:
        with self._lock:
            return self._queries.get(query_id)

    def close(self) -> None:
        """Begin no more of them."""
        for threads in (self._threads, self._calls, self._at_once):
            threads.shutdown(wait=False, cancel_futures=True)

    def _make_room(self) -> None:
        """The oldest answers go; what is running stays, and so does the latest."""
        with self._lock:
            answered = [(i, q.size) for i, q in self._queries.items() if q.done.done()]
            size = sum(size for _, size in answered)
            count = len(answered)
            for query_id, bytes_ in answered[:-1]:
                if count <= self._kept and size <= self._kept_bytes:
                    return
                del self._queries[query_id]
                count, size = count - 1, size - bytes_
