"""A client's session: the way of each statement."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any, Protocol

from flocon.access.hierarchy import ADMINISTRATOR
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.engine import Connection, marked_names
from flocon.engine.fast import literal_rows
from flocon.session import flows
from flocon.session.cancellation import Cancellation
from flocon.session.context import Context
from flocon.session.directory import RegisteredDirectory
from flocon.session.functions import AccountFunctions
from flocon.session.registry import Registry
from flocon.session.statements import Statement
from flocon.session.trees import Batch, Tree
from flocon.sql import error_places, variables
from flocon.sql.statement_text import StatementText
from flocon.stores.queries import Query
from flocon.stores.stores import Stores


class OpenSession(Protocol):
    """Opens a session; see `Account.open_session`."""

    def __call__(
        self,
        *,
        user: str,
        role: str | None = None,
        warehouse: str | None = None,
        database: str | None = None,
        schema: str | None = None,
        parameters: dict[str, Any] | None = None,
        names_exist: bool = False,
    ) -> Session: ...


class Session:
    """One login. Statements of several threads follow one another."""

    def __init__(self, account: Stores, registry: Registry, *, user: str, role: str) -> None:
        self.id = str(uuid.uuid4())
        self.context = Context(
            account,
            self.id,
            user,
            role,
            self.execute,
            lambda context: RegisteredDirectory(context, registry),
            lambda context: AccountFunctions(context, registry),
        )
        self._account = account
        self._registry = registry
        self._transactions = self.context.transactions
        # The database and schema that its login named, which need not exist.
        self.asked: tuple[str | None, str | None] = (None, None)
        self._leaving = False
        self._closed = False

    @property
    def user(self) -> str:
        return self.context.user

    @property
    def number(self) -> int:
        return self.context.number

    @property
    def connection(self) -> Connection:
        return self.context.connection

    def open(
        self,
        warehouse: str | None,
        database: str | None,
        schema: str | None,
        parameters: dict[str, Any],
        *,
        names_exist: bool,
    ) -> None:
        """Take up the names of a login. Unlike USE DATABASE it makes no schema current that it does
        not name. Names that do not exist are left out; names_exist: they are 390201."""
        context, access = self.context, self.context.access
        context.use_role(context.role or ADMINISTRATOR)
        found = {
            "database": bool(database and access.finds("DATABASE", database)),
            "schema": bool(database and schema and access.finds("SCHEMA", database, schema)),
            "warehouse": bool(warehouse and access.finds("WAREHOUSE", warehouse)),
        }
        asked = {"database": database, "schema": schema, "warehouse": warehouse}
        if missing := [noun for noun, name in asked.items() if name and not found[noun]]:
            if names_exist:
                raise errors.SnowflakeError(
                    errors.NAME_REFUSED,
                    f"The requested {missing[0]} does not exist or not authorized.",
                )
            asked |= dict.fromkeys(missing)
        context.use(asked["database"], asked["schema"])
        context.use_warehouse(asked["warehouse"])
        self.asked = (database, schema)
        self.connection.set_variable("user", self.user)
        self.connection.set_variable("session", self.id)
        for name, value in parameters.items():
            context.set_parameter(name, value)

    # --- statements --------------------------------------------------------------------------

    def execute(
        self,
        sql: str,
        binds: Sequence[Any] = (),
        *,
        describe: bool = False,
        nested: bool = False,
        query_id: str | None = None,
        rows: Sequence[Sequence[Any]] | None = None,
        spares_transaction: bool = False,
    ) -> Result:
        """Run one statement. Raises SnowflakeError; the statement then left nothing.

        describe: only the answer's columns. nested: the statement comes from a procedure's body.
        query_id: the id under which the caller has opened it. rows: those of executemany's binds.
        spares_transaction: its DDL leaves an open transaction open; refused but for temporary
        objects.
        """
        queries = self._account.queries
        text = StatementText.of(sql)
        if text.may_have_flow and len(found := flows.parts(text)) > 1:
            if describe or rows is not None:
                raise errors.unsupported("describing statements with ->>, and array binds of them")
            run = partial(self.execute, nested=nested)
            last, binds = flows.execute(run, self._open_query, queries, text, found, binds)
            text = StatementText(last)
        opened = queries.find_running(query_id)
        query = opened or queries.open(self.id, self.user, query_id)
        answer: Result | None = None
        try:
            answer = self._answer(
                query, text, binds, describe, nested, rows, spared=spares_transaction
            )
        finally:
            if opened is None:
                queries.close(query, answer if query_id else None)
        answer.query_id = query.id
        self.context.remember_query(query.id)
        return answer

    def _open_query(self) -> Query:
        query = self._account.queries.open(self.id, self.user)
        query.awaited = True
        return query

    def _answer(
        self,
        query: Query,
        text: StatementText,
        binds: Sequence[Any],
        describe: bool,
        nested: bool,
        rows: Sequence[Sequence[Any]] | None,
        *,
        spared: bool,
    ) -> Result:
        context, transactions = self.context, self._transactions
        statement: Statement | None = None
        try:
            statement = self._read(query, text, rows, whole=not (describe or binds))
            if not statement.waits and not describe:
                return statement.run(context, binds, describe=False)
            if nested and transactions.owners_rights and statement.barred_to_owners:
                raise errors.barred_to_procedures(statement.barred_to_owners)
            # A procedure's statements run in the time of its CALL.
            warehouse = context.warehouse if statement.uses_warehouse and not nested else None
            with (
                self._account.warehouse_load.running(warehouse),
                self._turn(query, statement, nested),
            ):
                transactions.is_spared = spared
                statement.prepare(context)
                query.check()
                answer = statement.run(context, binds, describe=describe)
                answer.table = marked_names.without_marks(answer.table)
                if answer.statement_type == result.SELECT:
                    # Cancelled before the engine had it, with nothing to interrupt. What changes
                    # something is done by now.
                    query.check()
                return answer
        except errors.SnowflakeError as error:
            with transactions.lock:
                transactions.revive()
                if statement is not None:
                    statement.explain(context, error)
            error.message = marked_names.unmarked(error.message)
            error_places.locate(error, text, context.database)
            raise
        finally:
            transactions.statement_ended()

    def _read(
        self,
        query: Query,
        text: StatementText,
        rows: Sequence[Sequence[Any]] | None,
        *,
        whole: bool,
    ) -> Statement:
        """whole: it is to be run, and has no binds."""
        if text.may_have_variables and variables.are_in(text):
            text = StatementText(variables.replaced(text, self.context.variable))
        if rows is not None:
            return Batch(text, rows)
        if cancel := text.cancel:
            return Cancellation(text, cancel, query)
        text.check_lists()
        is_data = whole and text.is_long and self._account.engine.fast
        if is_data and (found := literal_rows.read(text)):
            return Batch(*found)
        if text.is_query_or_dml:
            return Tree(text, self._registry.trees)
        return self._registry.read(text)

    @contextmanager
    def _turn(self, query: Query, statement: Statement, nested: bool) -> Iterator[None]:
        """The statement runs inside, and no other of the session; but a CALL lets its procedure's
        statements run."""
        transactions = self._transactions
        if statement.is_call:
            self.context.call_id = query.id
            with nullcontext() if nested else transactions.call_lock, query.turn(self.cancel):
                self._check_stays()
                yield
            return
        limit = self.context.parameters.get("STATEMENT_TIMEOUT_IN_SECONDS")
        with transactions.lock:
            transactions.cancelled.clear()
            with query.turn(self._interrupt):
                self._check_stays()
                try:
                    with _time_limit(limit, self.cancel):
                        yield
                finally:
                    transactions.used()

    # --- the end -----------------------------------------------------------------------------

    def cancel(self) -> None:
        """Interrupt what is running, from another thread: it fails with 000604."""
        self._account.workers.cancel(self.id)
        self._transactions.interrupt()

    def _interrupt(self) -> None:
        """The statement alone: the procedure that it is in goes on."""
        self._account.workers.cancel(self.id, batches=True)
        self._transactions.interrupt()

    def _check_stays(self) -> None:
        if self._leaving:
            raise errors.SnowflakeError(errors.CANCELLED, "The account is shutting down.")

    def end(self, patience: float) -> bool:
        """The account stops: cancel what runs, begin nothing more, and `close` as soon as nothing
        runs. False where something still does after so many seconds: to be called again, for an
        interruption that falls between two steps of a statement is lost."""
        self._leaving = True
        self.cancel()
        # A CALL's thread has something to do after its procedure's last statement.
        if not self._transactions.call_lock.acquire(timeout=patience):
            return False
        try:
            return self.close(patience)
        finally:
            self._transactions.call_lock.release()

    def close(self, patience: float = -1) -> bool:
        """Undo what is open and leave. False where a statement still runs after so many seconds."""
        if not self._transactions.lock.acquire(timeout=patience):
            return False
        try:
            if not self._closed:
                self._closed = True
                self._transactions.undo_all()
                if self.context.temporary_objects:
                    self._account.engine.drop_temporary(marked_names.mark_of_session(self.id))
        finally:
            self._transactions.lock.release()
            self._account.sessions.remove(self.id)
        return True


@contextmanager
def _time_limit(seconds: Any, cancel: Callable[[], None]) -> Iterator[None]:
    """Cancel what runs inside after so many seconds, 0 or None for never; it fails with 000630.

    https://docs.snowflake.com/en/sql-reference/parameters#statement-timeout-in-seconds
    """
    limit = int(seconds or 0)
    if not limit:
        yield
        return
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        cancel()

    timer = threading.Timer(limit, expire)
    timer.daemon = True
    timer.start()
    try:
        yield
    except errors.SnowflakeError as error:
        if error.errno != errors.CANCELLED.errno or not expired.is_set():
            raise
        raise errors.SnowflakeError(
            errors.TIMED_OUT,
            "Statement reached its statement or warehouse timeout of"
            f" {limit} second(s) and was canceled.",
        ) from None
    finally:
        timer.cancel()
