"""The statements that are not answered yet, each within reach of whoever cancels it.

https://docs.snowflake.com/en/user-guide/querying-cancel-statements
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flocon.core import errors
from flocon.core.errors import SnowflakeError

# An interruption between two steps of a statement is lost: it comes again, so often, until the
# statement has ended.
_AGAIN_SECONDS = 0.25
_TIMES = 40


class Statement:
    """One statement: it waits for its turn in its session, runs, and is over. Thread-safe."""

    def __init__(self, session_id: str, query_id: str) -> None:
        self.session_id = session_id
        self.query_id = query_id
        self.is_call = False
        self._interrupt: Callable[[], None] | None = None
        self._cancelled = False
        self._over = threading.Event()
        self._lock = threading.Lock()

    @contextmanager
    def turn(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """The statement runs inside; interrupt ends it. Raises 000604 where it was cancelled while
        it waited."""
        with self._lock:
            if self._cancelled:
                raise SnowflakeError(errors.CANCELLED, "SQL execution canceled")
            self._interrupt = interrupt
        try:
            yield
        finally:
            with self._lock:
                self._interrupt = None

    def check(self) -> None:
        """Raises 000604 where it was cancelled at a moment that had nothing to interrupt."""
        if self._cancelled:
            raise SnowflakeError(errors.CANCELLED, "SQL execution canceled")

    def end(self) -> None:
        self._over.set()

    def cancel(self) -> bool:
        """End the statement, and no other of its session. False where it is over already.

        One that waits fails when its turn comes.
        """
        if self._over.is_set():
            return False
        for _ in range(_TIMES):
            with self._lock:
                self._cancelled = True
                waits = self._interrupt is None
                if self._interrupt:
                    self._interrupt()
            if waits or self._over.wait(_AGAIN_SECONDS):
                break
        return True


class Running:
    """An account's statements of this moment, by query id. Thread-safe."""

    def __init__(self) -> None:
        self._statements: dict[str, Statement] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._statements)

    def open(self, session_id: str, query_id: str) -> Statement:
        """A statement that has come in; `close` is for when it is answered."""
        statement = Statement(session_id, query_id)
        with self._lock:
            self._statements[query_id] = statement
        return statement

    def close(self, statement: Statement) -> None:
        statement.end()
        with self._lock:
            self._statements.pop(statement.query_id, None)

    def find(self, query_id: str) -> Statement | None:
        with self._lock:
            return self._statements.get(query_id)

    def of(self, session_id: str) -> list[Statement]:
        """A session's statements, the oldest first."""
        with self._lock:
            return [s for s in self._statements.values() if s.session_id == session_id]
