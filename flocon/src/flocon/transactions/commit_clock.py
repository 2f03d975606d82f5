"""When each table and stream was changed last, counted in commits of the whole account."""

import threading
from collections.abc import Iterable
from datetime import UTC, datetime

from flocon.sql.tokens import FullName


class CommitClock:
    """Thread-safe. A commit counts after the engine's and before its client's answer: what is
    acknowledged is never overlooked, and what is counted is seen by every later snapshot.

    A commit that reshapes a table, view or stream counts for all of them.
    """

    def __init__(self) -> None:
        self._last_commit = 0
        # The last commit that changed a table or stream.
        self._changed: dict[FullName, int] = {}
        self._written: dict[FullName, datetime] = {}
        self._last_reshape = 0
        self._reshapes_under_way = 0
        self._lock = threading.Lock()

    @property
    def last_commit(self) -> int:
        return self._last_commit

    def committed(self, names: Iterable[FullName]) -> None:
        """These tables and streams have changed."""
        with self._lock:
            self._last_commit += 1
            self._changed.update(dict.fromkeys(names := tuple(names), self._last_commit))
            self._written.update(dict.fromkeys(names, datetime.now(UTC)))

    def last_written(self, name: FullName) -> datetime | None:
        """When its rows changed last; None where they have not since the start."""
        return self._written.get(name)

    def last_reshape(self, snapshot_commit: int | None) -> int | None:
        """The last commit that reshaped anything; None while one does, and for a snapshot that was
        taken before it."""
        with self._lock:
            behind = snapshot_commit is not None and snapshot_commit < self._last_reshape
            return None if self._reshapes_under_way or behind else self._last_reshape

    def begin_reshape(self) -> None:
        """Some table, view or stream is about to be made, altered or dropped."""
        with self._lock:
            self._reshapes_under_way += 1

    def end_reshape(self) -> None:
        """It has been, or not."""
        with self._lock:
            self._last_commit += 1
            self._last_reshape = self._last_commit
            self._reshapes_under_way -= 1

    def changed_since(self, commit: int, names: Iterable[FullName]) -> bool:
        """Has any of these changed after that commit, or anything at all been reshaped?"""
        with self._lock:
            latest = max((self._changed.get(name, 0) for name in names), default=0)
            return max(latest, self._last_reshape) > commit

    def forget(self, database: str) -> None:
        with self._lock:
            for name in [name for name in self._changed if name.database == database]:
                del self._changed[name]
                self._written.pop(name, None)
