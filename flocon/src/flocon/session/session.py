"""A client's session: the way of each statement, the transaction, the current names."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from sqlglot import Expr, exp

from flocon.access.guard import Guard
from flocon.access.hierarchy import ADMINISTRATOR
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.engine import OF_THE_ENGINE, TEXT, Catalog, parsing, rewrite
from flocon.engine.fast import literal_rows
from flocon.objects import ddl, views
from flocon.objects.warehouse_load import needs_warehouse
from flocon.procedures.owners_rights import check_owners_rights
from flocon.session import cancellation, plain_statements, registry
from flocon.session.names import resolve_identifiers
from flocon.session.resolved_statement import RESOLVED, ResolvedStatement
from flocon.session.session_transactions import SessionTransactions
from flocon.session.time_limit import time_limit
from flocon.sql import list_limit
from flocon.sql.tokens import FullName, Name, Tokens, checked, checked_without_quotes
from flocon.stores.queries import Query

if TYPE_CHECKING:
    from flocon.account import Account
    from flocon.jobs.alert_runs import Moments

# Statements with long texts carry data and do not come again.
_LONG_TEXT = 50_000

_DEFAULT_PARAMETERS: dict[str, Any] = {
    "AUTOCOMMIT": True,
    # Snowflake's own default is America/Los_Angeles; a machine's account has no such history.
    "TIMEZONE": "UTC",
    "QUERY_TAG": "",
}


class Session(SessionTransactions):
    """One login. Statements of several threads follow one another."""

    def __init__(self, account: Account, *, user: str, role: str | None) -> None:
        super().__init__(account)
        self.id = str(uuid.uuid4())
        self.user = user
        self.role = role
        self.warehouse: str | None = None
        self.database: str | None = None
        self.schema: str | None = None
        self.parameters = dict(_DEFAULT_PARAMETERS)
        self.variables: dict[str, str] = {}
        self._closed = False
        self._reshaping = False
        # Rows of binds, and the relation that they are for the statement that runs.
        self._rows: tuple[str, Sequence[Sequence[Any]]] | None = None
        self.last_query_id: str | None = None
        self.guard = Guard(self)
        # The run that this session is for, if it is an alert's.
        self.alert: Moments | None = None

    @property
    def number(self) -> int:
        """The id that clients know: on the wire a session's id is a whole number."""
        return int(self.id.replace("-", "")[:12], 16)

    def open(
        self,
        warehouse: str | None,
        database: str | None,
        schema: str | None,
        parameters: dict[str, Any],
    ) -> None:
        """Take up the names of a login; those that do not exist are left out."""
        self.use_role(self.role or ADMINISTRATOR)
        if database and self.guard.finds("DATABASE", database):
            wanted = schema or "PUBLIC"
            self.use(database, wanted if self.guard.finds("SCHEMA", database, wanted) else None)
        else:
            self.use(None, None)
        known = warehouse and self.guard.finds("WAREHOUSE", warehouse)
        self.use_warehouse(warehouse if known else None)
        self.connection.set_variable("user", self.user)
        self.connection.set_variable("session", self.id)
        for name, value in parameters.items():
            self.set_parameter(name, value)

    # --- the current names -------------------------------------------------------------------

    def use(self, database: str | None, schema: str | None) -> None:
        """Make these current; the caller has checked that they exist."""
        self.database, self.schema = database, schema
        self.connection.use(database, schema)

    def use_role(self, role: str) -> None:
        self.role = role
        self.connection.set_variable("role", role)

    def use_warehouse(self, warehouse: str | None) -> None:
        self.warehouse = warehouse
        self.connection.set_variable("warehouse", warehouse)

    def set_parameter(self, name: str, value: Any) -> None:
        """ALTER SESSION SET name = value; None sets the default again."""
        name = name.upper()
        if name == "AUTOCOMMIT":
            if isinstance(value, str):
                value = value.upper() == "TRUE"
            if self._depth:
                raise errors.SnowflakeError(
                    errors.OUT_OF_SCOPE, "AUTOCOMMIT cannot be changed inside a stored procedure."
                )
            if self.transaction:
                self.commit()
        elif name == "TIMEZONE":
            self.connection.set_time_zone(str(value or "UTC"))
        if value is None:
            value = _DEFAULT_PARAMETERS.get(name, "")
        self.parameters[name] = value

    def no_database(self) -> errors.SnowflakeError:
        return errors.SnowflakeError(
            errors.NO_DATABASE,
            "Cannot perform operation. This session does not have a current database. Call 'USE"
            " DATABASE', or use a qualified name.",
        )

    def resolve(self, name: Name) -> FullName:
        """The full name; raises 090105 or 090106 where nothing is current."""
        database = name.database or self.database
        if database is None:
            raise self.no_database()
        schema = name.schema or self.schema
        if schema is None:
            raise errors.SnowflakeError(
                errors.NO_SCHEMA,
                "Cannot perform operation. This session does not have a current schema. Call 'USE"
                " SCHEMA', or use a qualified name.",
            )
        checked(name.name)
        checked_without_quotes(database, schema)
        return FullName(database, schema, name.name)

    def check_schema(self, name: FullName) -> None:
        """Raises 002003 where the place of something new does not exist."""
        self.catalog(name.database)
        if not self.connection.schema_exists(name.database, name.schema):
            raise errors.does_not_exist("Schema", f"{name.database}.{name.schema}")

    def catalog(self, database: str) -> Catalog:
        return self.account.catalog(database)

    def relation_kind(self, name: FullName) -> str | None:
        """TABLE, VIEW, or None where there is neither. What the engine keeps is not there."""
        if name.schema in OF_THE_ENGINE:
            return None
        return self.connection.relation_kind(name.database, name.schema, name.name)

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
        query_id: the id under which the caller has opened it, or under which its rows are to be
        kept. rows: those of executemany's binds.
        """
        queries = self.account.queries
        opened = queries.find_running(query_id)
        statement = opened or queries.open(self.id, self.user, query_id)
        answer: Result | None = None
        try:
            answer = self._measured(statement, sql, binds, describe, nested, rows)
        finally:
            if opened is None:
                queries.close(statement, answer if query_id else None)
        answer.query_id = self.last_query_id = statement.id
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
        if not describe and (answer := cancellation.at_once(self, sql, binds, statement)):
            return answer
        # A procedure's statements run in the time of its CALL.
        warehouse = self.warehouse if not nested and needs_warehouse(sql) else None
        try:
            with self.account.warehouse_load.running(warehouse):
                if rows is not None:
                    with self._turn(statement):
                        return self._execute_many(sql, rows)
                return self._route(statement, sql, binds, describe, nested)
        except errors.SnowflakeError:
            with self.lock:
                self.revive()
            raise
        finally:
            if self._reshaping:
                self._reshaping = False
                self.account.changes.clock.reshaped()

    @contextmanager
    def _turn(self, statement: Query) -> Iterator[None]:
        """The statement runs inside, and no other of the session."""
        with self.lock:
            self._cancelled.clear()
            with statement.turn(self.interrupt):
                yield

    def _route(
        self, statement: Query, sql: str, binds: Sequence[Any], describe: bool, nested: bool
    ) -> Result:
        list_limit.check(sql)
        if registry.is_plain(sql):
            with self._turn(statement):
                is_long = len(sql) > _LONG_TEXT and not (describe or binds)
                if is_long and self.account.engine.fast and (found := literal_rows.read(sql)):
                    return self._execute_many(*found)
                read = self._read(sql)
                statement.check()
                return self._execute(read, binds, describe)
        tokens = Tokens(sql)
        if tokens.done:
            raise errors.compilation(errors.SYNTAX, "Empty SQL statement.")
        if nested and self.owners_rights:
            check_owners_rights(tokens)
        if (route := registry.route(tokens)) is not None:
            if describe and not registry.is_question(tokens):
                return result.status("Statement executed successfully.")
            if registry.is_call(tokens):
                statement.is_call = True
                return self._call(lambda: route(self, tokens, binds), statement, nested)
            with self._turn(statement):
                self.keep_effects()
                return self.guard.run_words(tokens, lambda read: route(self, read, binds))
        with self._turn(statement):
            return self.guard.listed(
                tokens, lambda text: self._execute(self._read(text), binds, describe)
            )

    def _read(self, sql: str) -> ResolvedStatement | Expr:
        """The statement as it was resolved before under the same names and shapes, or its tree."""
        if len(sql) > _LONG_TEXT:
            return parsing.parse(sql)
        statements = self.account.engine.statements
        seen = self.transaction.seen if self.transaction else None
        shape = self.account.changes.clock.shape(seen)
        is_fixed = shape is not None and "identifier" not in sql.lower()
        text = (sql, self.database, self.schema, self.connection.temporary_state, shape)
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
        self.relations.add(relation)
        self._rows = relation, rows
        try:
            return self._execute(tree, (), describe=False)
        finally:
            self._rows = None
            self.relations.discard(relation)
            self.connection.unbind(relation)

    def _call(self, call: Callable[[], Result], statement: Query, nested: bool) -> Result:
        with nullcontext() if nested else self.call_lock, statement.turn(self.cancel):
            return call()

    def _execute(
        self, statement: ResolvedStatement | Expr, binds: Sequence[Any], describe: bool
    ) -> Result:
        named = {f"b{index}": value for index, value in enumerate(binds, start=1)}
        try:
            with time_limit(self.parameters.get("STATEMENT_TIMEOUT_IN_SECONDS"), self.cancel):
                if not isinstance(statement, ResolvedStatement):
                    return self._execute_tree(statement, named, describe)
                self._refuse_failed(statement.tree)
                return self.guard.repeat(
                    statement.demand,
                    lambda: plain_statements.repeat(self, statement, named, describe=describe),
                )
        finally:
            self._last_used = time.monotonic()

    def _execute_tree(self, tree: Expr, named: dict[str, Any], describe: bool) -> Result:
        self._refuse_failed(tree)
        parsing.number_binds(tree)
        if isinstance(tree, exp.Transaction):
            self.begin_statement()
            return result.status("Statement executed successfully.", result.TRANSACTION)
        if isinstance(tree, exp.Commit):
            self.commit()
            return result.status("Statement executed successfully.", result.TRANSACTION)
        if isinstance(tree, exp.Rollback):
            self.rollback()
            return result.status("Statement executed successfully.", result.TRANSACTION)
        tree = parsing.upper_case(tree)
        tree = resolve_identifiers(tree, named)
        return self.guard.run_tree(
            tree, lambda: self._run_tree(tree, named, describe), describe=describe
        )

    def _run_tree(self, tree: Expr, named: dict[str, Any], describe: bool) -> Result:
        if isinstance(tree, plain_statements.KINDS):
            return plain_statements.run(self, tree, named, describe=describe)
        if isinstance(tree, ddl.STATEMENTS):
            if describe:
                return result.status("Statement executed successfully.")
            if isinstance(tree, exp.Create) and views.is_view(tree):
                return registry.create_view(self, tree, named)
            if isinstance(tree, exp.Create) and tree.expression:
                with registry.evaluated(self, tree, named):
                    return ddl.run(self, tree, named)
            return ddl.run(self, tree, named)
        return registry.other(self, tree, named)

    def begin_implicitly(self) -> None:
        """Without AUTOCOMMIT, DML begins a transaction where none is open."""
        if self.transaction is None and not self.parameters["AUTOCOMMIT"]:
            self.begin()

    def bind_rows(self) -> None:
        """executemany's rows become the relation that its statement reads."""
        if self._rows:
            self.connection.bind_relation(*self._rows)

    # --- transactions ------------------------------------------------------------------------

    @property
    def in_transaction(self) -> bool:
        return self.transaction is not None

    def _refuse_failed(self, tree: Expr) -> None:
        if self.transaction and self.transaction.failed and not isinstance(tree, exp.Rollback):
            if isinstance(tree, exp.Commit):
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

    def commit_for_ddl(self) -> None:
        """DDL commits the open transaction; when it is done, others have to look again."""
        super().commit_for_ddl()
        if not self._reshaping:
            self.account.changes.clock.reshaping()
            self._reshaping = True

    def adopt_connection(self) -> None:
        self.use(self.database, self.schema)
        self.use_role(self.role or "")
        self.use_warehouse(self.warehouse)

    # --- the end -----------------------------------------------------------------------------

    def cancel(self) -> None:
        """Interrupt what is running, from another thread: it fails with 000604."""
        self.account.workers.cancel(self.id)
        self.interrupt()

    def interrupt(self) -> None:
        """The same for a statement that is no CALL: calls go on."""
        self._cancelled.set()
        self.connection.interrupt()

    def close(self, patience: float = -1) -> bool:
        """Undo what is open and leave. False where a statement still runs after so many seconds."""
        if not self.lock.acquire(timeout=patience):
            return False
        try:
            if self._closed:
                return True
            self._closed = True
            self.undo_all()
        finally:
            self.lock.release()
        self.account.closed(self)
        return True
