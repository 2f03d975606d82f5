"""The account's queries by their ids, from when a query comes in until it is forgotten.

comes in     `QueryStore.open`: from here on it can be cancelled, and its request is known
waits, runs  `Query.turn`: the statements of a session follow one another
cancelled    `Query.cancel`: that one, and no other of its session
over         `QueryStore.close`: with its rows, its error, or nothing that is worth keeping
kept         for RESULT_SCAN, for a client that asks for its answer later, and for a request that
             comes a second time because its client has not heard whether the first one arrived

https://docs.snowflake.com/en/user-guide/querying-cancel-statements
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from typing import NamedTuple

from flocon.core import errors, output_formats, result
from flocon.core.errors import SnowflakeError
from flocon.core.output_formats import OutputFormats
from flocon.core.result import Result

_KEPT = 256
_KEPT_BYTES = 256 * 1024 * 1024
# An interruption that falls between two steps of a statement is lost. It is repeated until the
# statement has ended, this often at most.
_INTERRUPT_SECONDS = 0.25
_INTERRUPTIONS = 40


class Names(NamedTuple):
    """What was current in a query's session when it ended; clients are told.

    result_format: of the rows, ARROW or JSON. json_indent: blanks for each level of JSON.
    formats: in which a client that writes values itself is to write them.
    """

    database: str | None = None
    schema: str | None = None
    role: str | None = None
    warehouse: str | None = None
    time_zone: str = "UTC"
    result_format: str = "ARROW"
    json_indent: int = 2
    formats: OutputFormats = output_formats.DEFAULT


_NOTHING = Names()


class Query:
    """One query of one user. Thread-safe.

    outcome: its rows or its error; None while it runs, and where there is nothing to tell.
    size: the bytes of its rows. awaited: its client has been told to ask for the answer later.
    over: done when it has ended.
    """

    def __init__(
        self, query_id: str, session_id: str, user: str, request: Hashable | None = None
    ) -> None:
        self.id = query_id
        self.session_id = session_id
        self.user = user
        self.request = request
        self.is_call = False
        self.awaited = False
        self.outcome: Result | SnowflakeError | None = None
        self.names = _NOTHING
        self.size = 0
        self.over: Future[None] = Future()
        self._interrupt: Callable[[], None] | None = None
        self._cancelled = False
        self._lock = threading.Lock()

    @property
    def rows(self) -> Result | None:
        """What RESULT_SCAN reads; None for an error and for a PUT."""
        outcome = self.outcome
        return outcome if isinstance(outcome, Result) and outcome.put is None else None

    @contextmanager
    def turn(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """The query runs inside; interrupt ends it. Raises 000604 where it was cancelled while it
        waited."""
        with self._lock:
            self.check()
            self._interrupt = interrupt
        try:
            yield
        finally:
            with self._lock:
                self._interrupt = None

    def check(self) -> None:
        """Raises 000604 if it was cancelled while there was nothing to interrupt."""
        if self._cancelled:
            raise SnowflakeError(errors.CANCELLED, "SQL execution canceled")

    def cancel(self) -> bool:
        """End it; returns when it has ended. False where it is over already.

        One that waits for its turn fails when that comes, and is not waited for.
        """
        if self.over.done():
            return False
        for _ in range(_INTERRUPTIONS):
            with self._lock:
                self._cancelled = True
                interrupt = self._interrupt
                if interrupt:
                    interrupt()
            if interrupt is None or wait([self.over], _INTERRUPT_SECONDS).done:
                break
        return True


class QueryStore:
    """All that run, and the latest that are over, bounded by count and bytes. Thread-safe.

    What alone is larger than the bound is kept only for a client that has been told to come back.
    """

    def __init__(self, kept: int = _KEPT, kept_bytes: int = _KEPT_BYTES) -> None:
        self._most = kept
        self._most_bytes = kept_bytes
        self._running: dict[str, Query] = {}
        self._kept: OrderedDict[str, Query] = OrderedDict()
        self._kept_bytes = 0
        self._requests: dict[Hashable, Query] = {}
        self._lock = threading.Lock()

    def open(self, session_id: str, user: str, query_id: str | None = None) -> Query:
        """A query that has come in; `close` it when it is over."""
        query = Query(query_id or result.new_id(), session_id, user)
        with self._lock:
            self._running[query.id] = query
        return query

    def open_request(self, request: Hashable, session_id: str, user: str) -> tuple[Query, bool]:
        """A client's request: its query, and whether this opened it. A request that comes again
        has the query of the first time."""
        with self._lock:
            if known := self._requests.get(request):
                return known, False
            query = Query(result.new_id(), session_id, user, request)
            self._running[query.id] = self._requests[request] = query
            return query, True

    def await_client(self, query: Query) -> bool:
        """Its client will ask for the answer later. False where that is there by now."""
        with self._lock:
            query.awaited = True
            return query.id in self._running

    def close(
        self,
        query: Query,
        outcome: Result | SnowflakeError | None = None,
        names: Names = _NOTHING,
    ) -> None:
        """It is over. Without an outcome it is forgotten at once."""
        query.outcome, query.names = outcome, names
        query.size = outcome.table.nbytes if isinstance(outcome, Result) else 0
        with self._lock:
            del self._running[query.id]
            self._kept[query.id] = query
            self._kept_bytes += query.size
            if outcome is None or (query.size > self._most_bytes and not query.awaited):
                self._forget(query)
            self._make_room()
        query.over.set_result(None)

    def find(self, query_id: str) -> Query | None:
        """One that runs or is kept."""
        with self._lock:
            return self._running.get(query_id) or self._kept.get(query_id)

    def find_running(self, query_id: str | None) -> Query | None:
        with self._lock:
            return self._running.get(query_id or "")

    def find_request(self, request: Hashable) -> Query | None:
        """The query that a request asked for."""
        with self._lock:
            return self._requests.get(request)

    def running_in(self, session_id: str) -> list[Query]:
        """Those of a session that are not over, the oldest first."""
        with self._lock:
            return [query for query in self._running.values() if query.session_id == session_id]

    def rows(self, query_id: str, user: str) -> Result:
        """A query's rows. Raises 000709 where no query of the user's has had this id of late: a
        result is its user's. https://docs.snowflake.com/en/sql-reference/functions/result_scan"""
        query = self.find(query_id)
        if query is None or query.user != user or query.rows is None:
            raise unknown(query_id)
        return query.rows

    def state(self) -> dict[str, int]:
        """How many there are, and what is kept, in numbers."""
        with self._lock:
            return {
                "running queries": len(self._running),
                "kept queries": len(self._kept),
                "kept KB": self._kept_bytes // 1024,
            }

    def _make_room(self) -> None:
        """The oldest go; the latest stays, whatever its size: somebody may be asking for it."""
        while len(self._kept) > 1 and (
            len(self._kept) > self._most or self._kept_bytes > self._most_bytes
        ):
            self._forget(next(iter(self._kept.values())))

    def _forget(self, query: Query) -> None:
        del self._kept[query.id]
        self._kept_bytes -= query.size
        self._requests.pop(query.request, None)


def unknown(query_id: str) -> SnowflakeError:
    return SnowflakeError(errors.UNKNOWN_STATEMENT, f"Statement {query_id} not found")
