"""Asynchronous queries: begun by one request, their answers fetched by later ones."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

_KEPT = 100
_KEPT_BYTES = 64 * 1024 * 1024
_THREADS = 128

Response = dict[str, Any]


@dataclass
class Query:
    """An asynchronous query: running until its response is there."""

    response: Response | None = None
    size: int = 0


class Queries:
    """Runs them, and keeps the latest answers, bounded by count and bytes. Thread-safe.

    A CALL never takes the thread that its procedure's own queries need.
    """

    def __init__(self, kept: int = _KEPT, kept_bytes: int = _KEPT_BYTES) -> None:
        self._kept = kept
        self._kept_bytes = kept_bytes
        self._queries: OrderedDict[str, Query] = OrderedDict()
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(_THREADS, "query")
        self._calls = ThreadPoolExecutor(_THREADS, "async-call")

    def __len__(self) -> int:
        return len(self._queries)

    def start(self, query_id: str, work: Callable[[], Response], *, is_call: bool) -> None:
        query = Query()
        with self._lock:
            self._queries[query_id] = query

        def run() -> None:
            response = work()
            query.size = len((response.get("data") or {}).get("rowsetBase64") or "")
            query.response = response
            self._make_room()

        (self._calls if is_call else self._threads).submit(run)

    def find(self, query_id: str) -> Query | None:
        with self._lock:
            return self._queries.get(query_id)

    def close(self) -> None:
        """Begin no more of them."""
        for threads in (self._threads, self._calls):
            threads.shutdown(wait=False, cancel_futures=True)

    def _make_room(self) -> None:
        """The oldest answers go; what is running stays, and so does the latest."""
        with self._lock:
            answered = [(i, q.size) for i, q in self._queries.items() if q.response is not None]
            size = sum(size for _, size in answered)
            count = len(answered)
            for query_id, bytes_ in answered[:-1]:
                if count <= self._kept and size <= self._kept_bytes:
                    return
                del self._queries[query_id]
                count, size = count - 1, size - bytes_
