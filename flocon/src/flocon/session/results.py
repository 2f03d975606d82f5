"""The rows of the latest queries, for RESULT_SCAN."""

import threading
from collections import OrderedDict

from flocon.core import errors
from flocon.core.errors import SnowflakeError
from flocon.core.result import Result

_KEPT = 100
_KEPT_BYTES = 256 * 1024 * 1024


class Results:
    """Bounded by count and bytes: the oldest make room. Thread-safe."""

    def __init__(self, kept: int = _KEPT, kept_bytes: int = _KEPT_BYTES) -> None:
        self._kept = kept
        self._kept_bytes = kept_bytes
        self._results: OrderedDict[str, Result] = OrderedDict()
        self._users: dict[str, str] = {}
        self._bytes = 0
        self._lock = threading.Lock()

    def keep(self, answer: Result, user: str) -> None:
        """Keep a query's rows for its user; those of a PUT and what alone is too large are not
        kept."""
        if answer.put is not None or answer.table.nbytes > self._kept_bytes:
            return
        with self._lock:
            if answer.query_id in self._results:
                self._bytes -= self._results.pop(answer.query_id).table.nbytes
            self._results[answer.query_id] = answer
            self._users[answer.query_id] = user
            self._bytes += answer.table.nbytes
            while len(self._results) > self._kept or self._bytes > self._kept_bytes:
                query_id, oldest = self._results.popitem(last=False)
                del self._users[query_id]
                self._bytes -= oldest.table.nbytes

    def has(self, query_id: str, user: str) -> bool:
        with self._lock:
            return self._users.get(query_id) == user

    def find(self, query_id: str, user: str) -> Result:
        """Raises 000709 where no query of the user's has had this id of late. A result is its
        user's. https://docs.snowflake.com/en/sql-reference/functions/result_scan"""
        with self._lock:
            if self._users.get(query_id) != user:
                raise SnowflakeError(errors.UNKNOWN_STATEMENT, f"Statement {query_id} not found")
            return self._results[query_id]

    @property
    def size(self) -> tuple[int, int]:
        """How many, and their bytes."""
        with self._lock:
            return len(self._results), self._bytes
