"""The transactions of a session: their scopes, their locks, what their statements see and leave.

On Snowflake each statement sees what is committed by then, and a failed one undoes itself alone.
A DuckDB transaction has one snapshot and dies with its first failed statement. So an explicit
transaction here may go through several of DuckDB's: the next one begins with the effects of the
one before (`flocon.transactions.replay`).

https://docs.snowflake.com/en/sql-reference/transactions
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from flocon.core import errors
from flocon.core.result import Result
from flocon.engine import Conflict, Connection, Engine
from flocon.sql.tokens import FullName
from flocon.transactions import replay
from flocon.transactions.commits import Commits
from flocon.transactions.locks import Waiter
from flocon.transactions.stream_view import Stream, stream_bound_variable
from flocon.transactions.streams import Streams, reached
from flocon.transactions.tracked_tables import TrackedTables
from flocon.transactions.transaction import Transaction

# Snowflake waits for LOCK_TIMEOUT, 12 hours by default, which is too long at a developer's machine.
# Silent clients and deadlocks are noticed sooner, so this is for transactions that are busy.
_LOCK_TIMEOUT_SECONDS = 120.0
_ATTEMPTS = 5
# Snowflake undoes a transaction that blocks others once its client has been silent for 5 minutes.
_SILENT_SECONDS = 5.0


class TransactionManager:
    """What a session has open. Every method but `_undo_if_silent`, `request_came` and
    `request_ended` wants `lock` held.

    parameters and relations are the session's own: its parameters, and the names of the relations
    that its statement has brought along. adopt: gives a new connection the session's current names.
    """

    def __init__(
        self,
        engine: Engine,
        commits: Commits,
        tables: TrackedTables,
        streams: Streams,
        parameters: Mapping[str, Any],
        relations: set[str],
        adopt: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._commits = commits
        self._tables = tables
        self._streams = streams
        self._parameters = parameters
        self._relations = relations
        self._adopt = adopt
        self.connection: Connection = engine.connect()
        self.lock = threading.RLock()
        # Held by a CALL of the client itself: its procedure's statements come through `lock`.
        self.call_lock = threading.Lock()
        self.transaction: Transaction | None = None
        # How many procedures run, one inside the other; and how many of them have owner's rights.
        self.depth = 0
        self._owners = 0
        self.cancelled = threading.Event()
        self._suspended: list[tuple[Connection, Transaction | None]] = []
        self._attempted: set[FullName] = set()
        self._last_used = time.monotonic()
        self._requests = 0
        self._requests_lock = threading.Lock()
        self._is_ddl = False
        # Does the client ask that the statement's DDL leaves the transaction open? Snowpark does,
        # for temporary objects and for the table that `copy_into_table` makes.
        self.is_spared = False
        # The databases in which the statement that runs gives something another shape.
        self._reshaping: set[str] = set()

    # --- begin and end -----------------------------------------------------------------------

    def begin_implicitly(self) -> None:
        """Without AUTOCOMMIT, DML begins a transaction unless one is open."""
        if self.transaction is None and not self._parameters["AUTOCOMMIT"]:
            self.begin()

    def begin_statement(self) -> None:
        """BEGIN: inside a transaction of the same scope it is ignored, in a procedure called
        within one it begins another."""
        if self.transaction is None:
            self.begin()
        elif self.depth > self.transaction.depth:
            self._suspend()
            self.begin()

    def begin(self, *, explicit: bool = True) -> None:
        """Open a transaction; what streams show in it is fixed now."""
        transaction = self._commits.begin(explicit=explicit, depth=self.depth)
        transaction.undo_if_silent = lambda: self._undo_if_silent(transaction)
        try:
            transaction.bounded_databases = list(self._streams.databases())
            for database in transaction.bounded_databases:
                bound = transaction.stream_bounds.get(database, 0)
                self.connection.set_variable(stream_bound_variable(database), bound)
            self.connection.begin()
        except errors.SnowflakeError:
            self._commits.ended(transaction)
            raise
        self.transaction = transaction

    def commit(self) -> None:
        """Commit the open transaction, if there is one. Raises when it cannot be: it is undone."""
        transaction = self._own_transaction()
        if transaction is None:
            return
        try:
            self._commits.commit(self.connection, transaction)
        except Exception:
            self.connection.rollback()
            raise
        finally:
            self._ended(transaction)

    def commit_for_ddl(self) -> None:
        """DDL commits the open transaction; when it is done, others have to look again.

        https://docs.snowflake.com/en/sql-reference/transactions
        """
        if self.is_spared and self._own_transaction():
            raise errors.unsupported(
                "to make, alter or drop what is not temporary in a transaction that stays open"
            )
        self.commit()
        self._is_ddl = True

    def commit_for_temporary(self) -> None:
        """DDL of a temporary object does so, too, but where Snowpark makes it on its own."""
        if not self.is_spared:
            self.commit_for_ddl()

    def reshape(self, database: str) -> None:
        """The statement is about to make, alter or drop a table, view, stream or function in it:
        from now on no statement is answered as it was resolved before."""
        if database not in self._reshaping:
            self._commits.clock.begin_reshape(database)
            self._reshaping.add(database)

    def statement_ended(self) -> None:
        """What it has reshaped can be read again."""
        if self._is_ddl or self._reshaping:
            self._commits.clock.ddl_ended(self._reshaping)
            self._is_ddl = False
            self._reshaping.clear()

    def rollback(self) -> None:
        """Undo the open transaction, if there is one."""
        transaction = self._own_transaction()
        if transaction is None:
            return
        try:
            self.connection.rollback()
        finally:
            self._ended(transaction)

    def _own_transaction(self) -> Transaction | None:
        if self.transaction and self.transaction.depth != self.depth:
            raise errors.SnowflakeError(
                errors.OUT_OF_SCOPE,
                "Modifying a transaction that has started at a different scope is not allowed.",
            )
        return self.transaction

    def _ended(self, transaction: Transaction) -> None:
        self._commits.ended(transaction)
        self.transaction = None
        for database in transaction.bounded_databases:
            self.connection.set_variable(stream_bound_variable(database), None)
        if self._suspended and self._suspended[-1][1] is not None and self.depth:
            inner = self.connection
            inner.close()
            self.connection, self.transaction = self._suspended.pop()
            self.connection.formats = inner.formats

    def _undo_if_silent(self, transaction: Transaction) -> None:
        """Undo a transaction that blocks others, if its client has sent nothing for long.

        A client that lives after all learns of it from its next statement.
        """
        if not self.lock.acquire(blocking=False):
            return
        try:
            idle = not self._requests and time.monotonic() - self._last_used > _SILENT_SECONDS
            calling = self.depth > 0 or self.call_lock.locked()
            if transaction is self.transaction and idle and not calling:
                self.connection.rollback()
                transaction.failed = True
                self._commits.ended(transaction)
        finally:
            self.lock.release()

    def request_came(self) -> None:
        """The client has sent something, and waits for the answer: until `request_ended` it is not
        silent, though its statement may not have begun."""
        with self._requests_lock:
            self._requests += 1

    def request_ended(self) -> None:
        with self._requests_lock:
            self._requests -= 1
            self._last_used = time.monotonic()

    def undo_all(self) -> None:
        """The session ends: so does everything that it has open."""
        for connection, transaction in [(self.connection, self.transaction), *self._suspended]:
            connection.rollback()
            connection.close()
            if transaction:
                self._commits.ended(transaction)
        self.transaction = None

    # --- procedures --------------------------------------------------------------------------

    def _suspend(self) -> None:
        """A procedure's transaction is independent of its caller's: it gets a connection."""
        self._suspended.append((self.connection, self.transaction))
        self.connection, self.transaction = self._engine.connect(), None
        self._adopt()

    @property
    def owners_rights(self) -> bool:
        """Does a procedure with owner's rights run, or one that it has called?"""
        return self._owners > 0

    def enter_procedure(self, *, owners: bool) -> None:
        """The statements that follow are a procedure's, until `leave_procedure`."""
        self.depth += 1
        self._owners += owners

    def leave_procedure(self, *, owners: bool, failed: bool) -> None:
        """The procedure is over: a transaction that it left open is undone, and is an error."""
        left_open = self.transaction is not None and self.transaction.depth == self.depth
        if left_open:
            self.rollback()
        self.depth -= 1
        self._owners -= owners
        if left_open and not failed:
            raise errors.SnowflakeError(
                errors.INCOMPLETE_TRANSACTION,
                "Stored procedure execution error: Scoped transaction started in stored procedure"
                " is incomplete and it was rolled back.",
            )

    # --- before a statement ------------------------------------------------------------------

    @contextmanager
    def prepared(
        self, locks: Iterable[FullName], reads: Callable[[], Iterable[FullName]]
    ) -> Iterator[None]:
        """A statement runs inside: with its locks, on what others have committed by now.

        reads: the tables, views and streams that it names, asked for where that matters.
        """
        transaction = self.transaction
        owner = transaction.id if transaction else self._commits.next_owner()
        held = self._commits.locks
        try:
            for name in sorted(set(locks), key=str):
                held.take(name, self._waiter(owner), self._commits.undo_owner_if_silent)
            self.read_effects()
            if transaction and not transaction.unrepeatable and self._is_behind(transaction, reads):
                self._replay_on_new_snapshot(transaction)
            yield
        finally:
            if transaction is None:
                held.release(owner)

    def _waiter(self, owner: int) -> Waiter:
        callers = [caller.id for _, caller in self._suspended if caller]
        return Waiter(owner, self._patience(), callers, self.cancelled)

    def _patience(self) -> float:
        asked = self._parameters.get("LOCK_TIMEOUT")
        return min(float(asked), _LOCK_TIMEOUT_SECONDS) if asked else _LOCK_TIMEOUT_SECONDS

    def read_effects(self) -> None:
        """Read what the statement before has done, as long as that can be read."""
        if self.transaction and not self.transaction.failed:
            replay.read_effects(self.connection, self.transaction)

    def _is_behind(self, transaction: Transaction, reads: Callable[[], Iterable[FullName]]) -> bool:
        """Would the statement miss what others have committed?"""
        clock = self._commits.clock
        if clock.last_commit == transaction.snapshot_commit:
            return False
        if not transaction.effects:
            return True
        return clock.changed_since(transaction.snapshot_commit, reached(self.connection, reads()))

    def _replay_on_new_snapshot(self, transaction: Transaction) -> None:
        """Another snapshot, with the same effects. Where that cannot be, all is undone."""
        for attempt in range(_ATTEMPTS):
            try:
                self._replay(transaction)
                return
            except errors.SnowflakeError as error:
                self.connection.rollback()
                if attempt == _ATTEMPTS - 1 or not isinstance(error, Conflict):
                    transaction.failed = True
                    raise
                # Its locks keep others from its rows: a conflict here may be gone in an instant.
                time.sleep(0.01 * attempt)

    def _replay(self, transaction: Transaction) -> None:
        self.connection.rollback()
        self._commits.take_snapshot(transaction)
        self.connection.begin()
        transaction.forget_last_statement()
        for effect in transaction.effects:
            if effect.tracked and not self._tables.is_current(effect.tracked):
                raise Conflict(f"table '{effect.table}' was altered")
            replay.replay(self.connection, effect)
        self._check_positions(transaction)

    def _check_positions(self, transaction: Transaction) -> None:
        """A stream shows the same rows until the transaction ends, or the transaction ends now."""
        for stream in self._streams.all():
            key = (stream.name.database, stream.id)
            position = transaction.stream_positions.get(key)
            if position and position != self._streams.position(self.connection, stream):
                raise Conflict(f"stream '{stream.name}' was consumed by another transaction")

    # --- statements --------------------------------------------------------------------------

    def refuse_failed(self, *, commits: bool = False) -> None:
        """Raises where a statement that failed has aborted the open transaction."""
        if self.transaction is None or not self.transaction.failed:
            return
        if commits:
            self.rollback()
            raise errors.SnowflakeError(
                errors.ABORTED_TRANSACTION,
                "The transaction could not be committed: a statement in it failed. It was"
                " rolled back.",
            )
        raise errors.SnowflakeError(
            errors.ABORTED_TRANSACTION,
            "The transaction was aborted by a failed statement. Roll it back.",
        )

    def used(self) -> None:
        """The client has just had an answer."""
        self._last_used = time.monotonic()

    def interrupt(self) -> None:
        """End the statement that runs, from another thread."""
        self.cancelled.set()
        self.connection.interrupt()

    def forbid_replay(self) -> None:
        """What the open transaction does now cannot be repeated on another snapshot."""
        if self.transaction:
            self.transaction.unrepeatable = True

    def revive(self) -> None:
        """After a failed statement: the transaction is what it was before."""
        transaction = self.transaction
        if transaction is None or transaction.failed:
            return
        if str(self._parameters.get("TRANSACTION_ABORT_ON_ERROR")).upper() == "TRUE":
            transaction.failed = True
        elif self.connection.is_aborted():
            self._undo_statement(transaction)

    def _undo_statement(self, transaction: Transaction) -> None:
        if transaction.unrepeatable or transaction.has_unread_effects:
            transaction.failed = True
            return
        try:
            self._replay_on_new_snapshot(transaction)
        except errors.SnowflakeError:
            # The client gets the statement's own error; the next one says that all is lost.
            transaction.failed = True

    def observe(self, streams: Iterable[Stream]) -> None:
        """The open transaction reads these streams."""
        if self.transaction:
            for stream in streams:
                self._observed(self.transaction, stream)

    def _observed(self, transaction: Transaction, stream: Stream) -> tuple[int, bool]:
        key = (stream.name.database, stream.id)
        if key not in transaction.stream_positions:
            position = self._streams.position(self.connection, stream)
            transaction.stream_positions[key] = position
        return transaction.stream_positions[key]

    def consume(self, transaction: Transaction, streams: Iterable[Stream]) -> None:
        """DML reads these streams: at COMMIT their offsets move to where they end now."""
        for stream in streams:
            database = stream.name.database
            offset, initial = self._observed(transaction, stream)
            if transaction.explicit:
                bound = transaction.stream_bounds.get(database, 0)
            else:
                bound = self._commits.last_visible_commit(self.connection, database)
            transaction.new_offsets[database, stream.id] = offset if initial else bound
            transaction.consumed_streams.add(stream.name)

    def write(self, statement: Callable[[Transaction], Result]) -> Result:
        """Run DML in the open transaction, or in one of its own; wait for others where DuckDB
        finds a conflict that no lock has prevented."""
        deadline = time.monotonic() + self._patience()
        while True:
            try:
                if self.transaction is None:
                    return self._in_own_transaction(statement)
                return self._in_open_transaction(statement, self.transaction)
            except Conflict:
                lost = self.transaction is not None and self.transaction.failed
                # Relations that hold binds or histories went with the snapshot.
                if lost or self._relations or time.monotonic() > deadline:
                    raise
                self._commits.undo_silent(self._attempted, self.transaction)
                if self.cancelled.wait(random.uniform(0.001, 0.02)):
                    raise errors.SnowflakeError(
                        errors.CANCELLED, "SQL execution canceled"
                    ) from None

    def _in_open_transaction(
        self, statement: Callable[[Transaction], Result], transaction: Transaction
    ) -> Result:
        consumed, streams = dict(transaction.new_offsets), set(transaction.consumed_streams)
        self._attempted = transaction.written_tables
        try:
            return statement(transaction)
        except errors.SnowflakeError:
            transaction.new_offsets, transaction.consumed_streams = consumed, streams
            transaction.forget_last_statement()
            self._undo_statement(transaction)
            raise

    def _in_own_transaction(self, statement: Callable[[Transaction], Result]) -> Result:
        transaction = self._commits.begin(explicit=False, depth=self.depth)
        self._attempted = transaction.written_tables
        try:
            self.connection.begin()
            answer = statement(transaction)
            self._commits.commit(self.connection, transaction)
        except BaseException:
            transaction.failed = True
            self.connection.rollback()
            raise
        finally:
            self._commits.ended(transaction)
        return answer
