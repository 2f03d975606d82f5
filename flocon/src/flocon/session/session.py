"""A client's session: the way of each statement."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any, Protocol

from sqlglot import Expr, exp

from flocon.access.hierarchy import ADMINISTRATOR
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.engine import TEXT, Connection, parsing, rewrite
from flocon.engine.fast import literal_rows
from flocon.session import cancellation, plain_statements
from flocon.session.context import Context
from flocon.session.directory import RegisteredDirectory
from flocon.session.functions import AccountFunctions
from flocon.session.names import resolve_identifiers
from flocon.session.owners_rights import check_owners_rights
from flocon.session.registry import Registry
from flocon.session.resolved_statement import RESOLVED, ResolvedStatement
from flocon.session.time_limit import time_limit
from flocon.sql import list_limit
from flocon.sql.tokens import Tokens
from flocon.stores.queries import Query
from flocon.stores.stores import Stores
from flocon.stores.warehouse_load import needs_warehouse

# Statements with long texts carry data and do not come again.
_LONG_TEXT = 50_000


# A query or DML, by its first word: long ones are not worth reading twice.
_PLAIN = re.compile(r"[\s(]*(SELECT|WITH|INSERT|MERGE|UPDATE|DELETE)\b", re.IGNORECASE)


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
        self._closed = False

    @property
    def user(self) -> str:
        return self.context.user

    @property
    def number(self) -> int:
        """The id that clients know: on the wire a session's id is a whole number."""
        return int(self.id.replace("-", "")[:12], 16)

    @property
    def connection(self) -> Connection:
        return self.context.connection

    def open(
        self,
        warehouse: str | None,
        database: str | None,
        schema: str | None,
        parameters: dict[str, Any],
    ) -> None:
        """Take up the names of a login; those that do not exist are left out."""
        context, access = self.context, self.context.access
        context.use_role(context.role or ADMINISTRATOR)
        if database and access.finds("DATABASE", database):
            wanted = schema or "PUBLIC"
            context.use(database, wanted if access.finds("SCHEMA", database, wanted) else None)
        else:
            context.use(None, None)
        known = warehouse and access.finds("WAREHOUSE", warehouse)
        context.use_warehouse(warehouse if known else None)
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
    ) -> Result:
        """Run one statement. Raises SnowflakeError; the statement then left nothing.

        describe: only the answer's columns. nested: the statement comes from a procedure's body.
        query_id: the id under which the caller has opened it. rows: those of executemany's binds.
        """
        queries = self._account.queries
        opened = queries.find_running(query_id)
        statement = opened or queries.open(self.id, self.user, query_id)
        answer: Result | None = None
        try:
            answer = self._measured(statement, sql, binds, describe, nested, rows)
        finally:
            if opened is None:
                queries.close(statement, answer if query_id else None)
        answer.query_id = self.context.last_query_id = statement.id
        return answer

    def _measured(
        self,
        statement: Query,
        sql: str,
        binds: Sequence[Any],
        describe: bool,
        nested: bool,
        rows: Sequence[Sequence[Any]] | None,
    ) -> Result:
        if not describe and (answer := cancellation.at_once(self.context, sql, binds, statement)):
            return answer
        # A procedure's statements run in the time of its CALL.
        warehouse = self.context.warehouse if not nested and needs_warehouse(sql) else None
        try:
            with self._account.warehouse_load.running(warehouse):
                if rows is not None:
                    with self._turn(statement):
                        return self._execute_many(sql, rows)
                return self._route(statement, sql, binds, describe, nested)
        except errors.SnowflakeError:
            with self._transactions.lock:
                self._transactions.revive()
            raise
        finally:
            self._transactions.reshaped()

    @contextmanager
    def _turn(self, statement: Query) -> Iterator[None]:
        """The statement runs inside, and no other of the session."""
        with self._transactions.lock:
            self._transactions.cancelled.clear()
            with statement.turn(self._transactions.interrupt):
                yield

    def _route(
        self, statement: Query, sql: str, binds: Sequence[Any], describe: bool, nested: bool
    ) -> Result:
        list_limit.check(sql)
        if _PLAIN.match(sql):
            with self._turn(statement):
                is_long = len(sql) > _LONG_TEXT and not (describe or binds)
                if is_long and self._account.engine.fast and (found := literal_rows.read(sql)):
                    return self._execute_many(*found)
                read = self._read(sql)
                statement.check()
                return self._execute(read, binds, describe)
        tokens = Tokens(sql)
        if tokens.done:
            raise errors.compilation(errors.SYNTAX, "Empty SQL statement.")
        if nested and self._transactions.owners_rights:
            check_owners_rights(tokens)
        if (route := self._registry.route(tokens)) is not None:
            if describe and not tokens.peek_any("SHOW", "DESCRIBE", "DESC"):
                return result.status("Statement executed successfully.")
            if tokens.peek("CALL"):
                statement.is_call = True
                self.context.call_id = statement.id
                return self._call(lambda: route(self.context, tokens, binds), statement, nested)
            with self._turn(statement):
                self._transactions.read_effects()
                return self.context.access.run_words(
                    tokens, lambda read: route(self.context, read, binds)
                )
        with self._turn(statement):
            return self.context.access.listed(
                tokens, lambda text: self._execute(self._read(text), binds, describe)
            )

    def _read(self, sql: str) -> ResolvedStatement | Expr:
        """The statement as it was resolved before under the same names and shapes, or its tree."""
        if len(sql) > _LONG_TEXT:
            return parsing.parse(sql)
        statements, context = self._account.engine.statements, self.context
        transaction = self._transactions.transaction
        shape = self._account.changes.clock.last_reshape(
            transaction.snapshot_commit if transaction else None
        )
        is_fixed = shape is not None and "identifier" not in sql.lower()
        text = (sql, context.database, context.schema, self.connection.temporary_state, shape)
        if is_fixed and (known := statements.find(RESOLVED, text)):
            return known
        parsed: Expr = statements.by_text("parsed", sql, lambda: parsing.parse(sql))
        tree = parsed.copy()
        if is_fixed:
            tree.meta[TEXT] = text
        return tree

    def _execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> Result:
        """One INSERT … VALUES with many rows of binds, as executemany sends it.

        The rows become a relation, and the marks its columns.
        """
        tree = parsing.parse(sql)
        if not isinstance(tree, exp.Insert) or not isinstance(tree.expression, exp.Values):
            raise errors.unsupported(f"array binds in: {sql[:200]}")
        parsing.number_binds(tree)
        relation = "ACCOUNT_BINDS"
        rewrite.insert_from(tree, relation)
        self.context.relations.add(relation)
        self.context.bound_rows = relation, rows
        try:
            return self._execute(tree, (), describe=False)
        finally:
            self.context.bound_rows = None
            self.context.relations.discard(relation)
            self.connection.unbind(relation)

    def _call(self, call: Callable[[], Result], statement: Query, nested: bool) -> Result:
        with nullcontext() if nested else self._transactions.call_lock, statement.turn(self.cancel):
            return call()

    def _execute(
        self, statement: ResolvedStatement | Expr, binds: Sequence[Any], describe: bool
    ) -> Result:
        named = {f"b{index}": value for index, value in enumerate(binds, start=1)}
        try:
            with time_limit(
                self.context.parameters.get("STATEMENT_TIMEOUT_IN_SECONDS"), self.cancel
            ):
                if not isinstance(statement, ResolvedStatement):
                    return self._execute_tree(statement, named, describe)
                self._transactions.refuse_failed()
                return self.context.access.repeat(
                    statement.demand,
                    lambda: plain_statements.repeat(
                        self.context, statement, named, describe=describe
                    ),
                )
        finally:
            self._transactions.used()

    def _execute_tree(self, tree: Expr, named: dict[str, Any], describe: bool) -> Result:
        if not isinstance(tree, exp.Rollback):
            self._transactions.refuse_failed(commits=isinstance(tree, exp.Commit))
        parsing.number_binds(tree)
        if isinstance(tree, exp.Transaction):
            self._transactions.begin_statement()
            return result.status("Statement executed successfully.", result.TRANSACTION)
        if isinstance(tree, exp.Commit):
            self._transactions.commit()
            return result.status("Statement executed successfully.", result.TRANSACTION)
        if isinstance(tree, exp.Rollback):
            self._transactions.rollback()
            return result.status("Statement executed successfully.", result.TRANSACTION)
        tree = parsing.upper_case(tree)
        tree = resolve_identifiers(tree, named)
        return self.context.access.run_tree(
            tree, lambda: self._run_tree(tree, named, describe), describe=describe
        )

    def _run_tree(self, tree: Expr, named: dict[str, Any], describe: bool) -> Result:
        if isinstance(tree, plain_statements.KINDS):
            return plain_statements.run(self.context, tree, named, describe=describe)
        handler = self._registry.trees.get(type(tree))
        if handler is not None:
            if describe:
                return result.status("Statement executed successfully.")
            return handler(self.context, tree, named)
        if isinstance(tree, exp.Show):
            # As far as fakesnow answers it.
            return self.connection.other(tree, named, result.SHOW)
        raise errors.unsupported(tree.sql(dialect="snowflake")[:200])

    # --- the end -----------------------------------------------------------------------------

    def cancel(self) -> None:
        """Interrupt what is running, from another thread: it fails with 000604."""
        self._account.workers.cancel(self.id)
        self._transactions.interrupt()

    def close(self, patience: float = -1) -> bool:
        """Undo what is open and leave. False where a statement still runs after so many seconds."""
        if not self._transactions.lock.acquire(timeout=patience):
            return False
        try:
            if self._closed:
                return True
            self._closed = True
            self._transactions.undo_all()
        finally:
            self._transactions.lock.release()
        self._account.sessions.remove(self.id)
        return True
