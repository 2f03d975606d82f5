"""When each table and stream was changed last, counted in commits of the whole account."""

import threading
from collections.abc import Iterable

from flocon.sql.tokens import FullName


class CommitClock:
    """Thread-safe. A commit counts after the engine's and before its client's answer: what is
    acknowledged is never overlooked, and what is counted is seen by every later snapshot."""

    def __init__(self) -> None:
        self._now = 0
        self._changed: dict[FullName, int] = {}
        self._reshaped = 0
        self._reshaping = 0
        self._lock = threading.Lock()

    @property
    def now(self) -> int:
        return self._now

    def committed(self, names: Iterable[FullName]) -> None:
        """These tables and streams have changed."""
        with self._lock:
            self._now += 1
            self._changed.update(dict.fromkeys(names, self._now))

    def shape(self, seen: int | None) -> int | None:
        """When the last table, view or stream was reshaped; None while one is.

        seen: when an open transaction's snapshot was taken; None where that is older.
        """
        with self._lock:
            behind = seen is not None and seen < self._reshaped
            return None if self._reshaping or behind else self._reshaped

    def reshaping(self) -> None:
        """Some table, view or stream is about to be made, altered or dropped."""
        with self._lock:
            self._reshaping += 1

    def reshaped(self) -> None:
        """It has been, or not."""
        with self._lock:
            self._now += 1
            self._reshaped = self._now
            self._reshaping -= 1

    def moved(self, since: int, names: Iterable[FullName]) -> bool:
        """Has any of these changed since, or any table, view or stream at all been reshaped?"""
        with self._lock:
            latest = max((self._changed.get(name, 0) for name in names), default=0)
            return max(latest, self._reshaped) > since

    def forget(self, database: str) -> None:
        with self._lock:
            for name in [name for name in self._changed if name.database == database]:
                del self._changed[name]
