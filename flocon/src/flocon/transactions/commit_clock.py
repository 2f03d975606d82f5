"""When each table and stream was changed last, counted in commits of the whole account."""

import threading
from collections import Counter
from collections.abc import Collection, Iterable

from flocon.sql.tokens import FullName
from flocon.transactions.write_times import WriteTimes


class CommitClock:
    """Thread-safe. A commit counts after the engine's and before its client's answer: what is
    acknowledged is never overlooked, and what is counted is seen by every later snapshot.

    A commit that reshapes a table, view, stream or function counts for all of their database. DDL
    of any kind counts as a change of everything.
    """

    def __init__(self, write_times: WriteTimes) -> None:
        self.write_times = write_times
        self._last_commit = 0
        # The last commit that changed a table or stream.
        self._changed: dict[FullName, int] = {}
        self._last_ddl = 0
        # By database: the last commit that reshaped anything in it. A name stays when its database
        # is dropped: another may get it.
        self._reshaped: dict[str, int] = {}
        self._reshapes_under_way: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def last_commit(self) -> int:
        return self._last_commit

    def committed(self, tables: Collection[FullName], streams: Collection[FullName]) -> None:
        """These have changed."""
        with self._lock:
            self._last_commit += 1
            self._changed.update(dict.fromkeys((*tables, *streams), self._last_commit))
            self.write_times.note(tables)

    def last_reshapes(
        self, databases: Collection[str] | None, known: int
    ) -> tuple[int, ...] | None:
        """The last commit that reshaped anything in each of these databases, or in any at all
        (None). None while one does, and where one came after the commit `known`."""
        with self._lock:
            if any(map(self._reshapes_under_way.get, databases or self._reshapes_under_way)):
                return None
            last: tuple[int, ...] = (max(self._reshaped.values(), default=0),)
            if databases is not None:
                last = tuple(self._reshaped.get(database, 0) for database in databases)
            return None if max(last, default=0) > known else last

    def begin_reshape(self, database: str) -> None:
        """Some table, view, stream or function in it is about to be made, altered or dropped, or it
        itself."""
        with self._lock:
            self._reshapes_under_way[database] += 1

    def ddl_ended(self, reshaped: Iterable[str]) -> None:
        """What was about to happen in these databases has happened, or not."""
        with self._lock:
            self._last_commit += 1
            self._last_ddl = self._last_commit
            for database in reshaped:
                self._reshaped[database] = self._last_commit
                self._reshapes_under_way[database] -= 1

    def changed_since(self, commit: int, names: Iterable[FullName]) -> bool:
        """Has any of these changed after that commit, or has there been any DDL?"""
        with self._lock:
            latest = max((self._changed.get(name, 0) for name in names), default=0)
            return max(latest, self._last_ddl) > commit

    def forget(self, database: str) -> None:
        with self._lock:
            for name in [name for name in self._changed if name.database == database]:
                del self._changed[name]
            self.write_times.forget(database)
