"""A client's session: the way of each statement, the transaction, the current names."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlglot import Expr, exp

from local import errors, registry, result
from local.changes import Transaction
from local.engine import TEXT, Catalog, Conflict, Connection, parsing, rewrite
from local.names import qualify, resolve_identifiers
from local.parser.tokens import FullName, Name, Tokens
from local.result import Result
from local.statements import context, ddl, dml, views
from local.statements.procedure_rights import check_owners_rights
from local.streams import Stream
from local.time_limit import time_limit
from local.warehouse_load import needs_warehouse

if TYPE_CHECKING:
    from local.account import Account

# Snowflake waits for another transaction's lock; here the statement is tried again this long.
_LOCK_TIMEOUT_SECONDS = 20.0
# Statements with long texts carry data and do not come again.
_LONG_TEXT = 50_000

_DEFAULT_PARAMETERS: dict[str, Any] = {
    "AUTOCOMMIT": True,
    # Snowflake's own default is America/Los_Angeles; a machine's account has no such history.
    "TIMEZONE": "UTC",
    "QUERY_TAG": "",
}


class Session:
    """One login. Statements of several threads follow one another."""

    def __init__(self, account: Account, *, user: str, role: str | None) -> None:
        self.account = account
        self.id = str(uuid.uuid4())
        self.user = user
        self.role = role
        self.warehouse: str | None = None
        self.database: str | None = None
        self.schema: str | None = None
        self.parameters = dict(_DEFAULT_PARAMETERS)
        self.variables: dict[str, str] = {}
        self.relations: set[str] = set()
        self.lock = threading.RLock()
        # Held by a CALL of the client itself: its procedure's statements come through `lock`.
        self.call_lock = threading.Lock()
        self.connection: Connection = account.engine.connect()
        self.transaction: Transaction | None = None
        self._suspended: list[tuple[Connection, Transaction | None]] = []
        self._depth = 0
        # How many of the procedures that run have owner's rights.
        self._owners = 0
        self._closed = False
        self._cancelled = threading.Event()
        self._attempted: set[FullName] = set()
        self._last_used = time.monotonic()
        self.last_query_id: str | None = None

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
        if database and database in self.account.databases():
            wanted = schema or "PUBLIC"
            exists = self.connection.schema_exists(database, wanted)
            self.use(database, wanted if exists else None)
        else:
            self.use(None, None)
        known = context.warehouses(self.account)
        self.use_warehouse(warehouse if warehouse in known else None)
        self.use_role(self.role or "SYSADMIN")
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
        return FullName(database, schema, name.name)

    def catalog(self, database: str) -> Catalog:
        return self.account.catalog(database)

    def relation_kind(self, name: FullName) -> str | None:
        """TABLE, VIEW, or None where there is neither."""
        return self.connection.relation_kind(name.database, name.schema, name.name)

    def stage_path(self, location: str) -> tuple[Path, str, FullName]:
        """@[database.][schema.]stage[/path] → its folder, the path inside, its name."""
        if not location.startswith("@"):
            raise errors.compilation(errors.SYNTAX, f"invalid stage location '{location}'")
        stage, _, path = location[1:].partition("/")
        full = self.resolve(Tokens(stage).name())
        return self.connection.stage_folder(full.database, full.schema, full.name), path, full

    # --- statements --------------------------------------------------------------------------

    def execute(
        self,
        sql: str,
        binds: Sequence[Any] = (),
        *,
        describe: bool = False,
        nested: bool = False,
        query_id: str | None = None,
    ) -> Result:
        """Run one statement. Raises SnowflakeError; the statement then left nothing.

        describe: only the answer's columns. nested: the statement comes from a procedure's body.
        """
        # A procedure's statements run in the time of its CALL.
        warehouse = self.warehouse if not nested and needs_warehouse(sql) else None
        with self.account.warehouse_load.running(warehouse):
            answer = self._route(sql, binds, describe, nested)
        answer.query_id = self.last_query_id = query_id or result.new_id()
        return answer

    def _route(self, sql: str, binds: Sequence[Any], describe: bool, nested: bool) -> Result:
        if registry.is_plain(sql):
            with self.lock:
                return self._execute(self._parse(sql), binds, describe)
        tokens = Tokens(sql)
        if tokens.done:
            raise errors.compilation(errors.SYNTAX, "Empty SQL statement.")
        if nested and self.owners_rights:
            check_owners_rights(tokens)
        if (route := registry.route(tokens)) is not None:
            if describe and not registry.is_question(tokens):
                return result.status("Statement executed successfully.")
            if registry.is_call(tokens):
                return self._call(route, tokens, binds, nested)
            with self.lock:
                return route(self, tokens, binds)
        with self.lock:
            return self._execute(self._parse(sql), binds, describe)

    def _parse(self, sql: str) -> Expr:
        """The statement's tree. Under the same names the same text means the same, which spares
        the engine to rewrite it again."""
        tree = parsing.parse(sql)
        if len(sql) < _LONG_TEXT and "identifier" not in sql.lower():
            temporary = frozenset(self.connection.temporary)
            tree.meta[TEXT] = (sql, self.database, self.schema, temporary)
        return tree

    def execute_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> Result:
        """One INSERT … VALUES with many rows of binds, as executemany sends it.

        The rows become a relation, and the marks its columns.
        """
        with self.lock:
            tree = parsing.parse(sql)
            if not isinstance(tree, exp.Insert) or not isinstance(tree.expression, exp.Values):
                raise errors.unsupported(f"array binds in: {sql[:200]}")
            parsing.number_binds(tree)
            relation = "ACCOUNT_BINDS"
            rewrite.insert_from(tree, relation)
            self.connection.bind_relation(relation, rows)
            self.relations.add(relation)
            try:
                return self._execute(tree, (), describe=False)
            finally:
                self.relations.discard(relation)
                self.connection.unbind(relation)

    def _call(
        self, route: registry.Handler, tokens: Tokens, binds: Sequence[Any], nested: bool
    ) -> Result:
        if nested:
            return route(self, tokens, binds)
        with self.call_lock:
            return route(self, tokens, binds)

    def _execute(self, tree: Expr, binds: Sequence[Any], describe: bool) -> Result:
        self._cancelled.clear()
        try:
            with time_limit(self.parameters.get("STATEMENT_TIMEOUT_IN_SECONDS"), self.cancel):
                return self._execute_tree(tree, binds, describe)
        finally:
            self._last_used = time.monotonic()

    def _execute_tree(self, tree: Expr, binds: Sequence[Any], describe: bool) -> Result:
        self._refuse_failed(tree)
        parsing.number_binds(tree)
        named = {f"b{index}": value for index, value in enumerate(binds, start=1)}
        if isinstance(tree, exp.Transaction):
            return self._begin_statement()
        if isinstance(tree, exp.Commit):
            self.commit()
            return result.status("Statement executed successfully.", result.TRANSACTION)
        if isinstance(tree, exp.Rollback):
            self.rollback()
            return result.status("Statement executed successfully.", result.TRANSACTION)
        tree = parsing.upper_case(tree)
        tree = resolve_identifiers(tree, named)
        if isinstance(tree, exp.Query):
            return self._query(tree, named, describe)
        if isinstance(tree, dml.STATEMENTS):
            if describe:
                return dml.describe(tree)
            dml.check(self, tree)
            with registry.evaluated(self, tree, named):
                return dml.run(self, tree, qualify(self, tree), named)
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

    def _query(self, tree: Expr, binds: dict[str, Any], describe: bool) -> Result:
        with registry.evaluated(self, tree, binds, describe=describe):
            names = qualify(self, tree)
            if describe:
                return self.read(lambda: self.connection.describe(tree))
            if self.transaction and names.streams:
                self.transaction.read_stream = True
            return self.read(lambda: self.connection.query(tree, binds))

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

    def _begin_statement(self) -> Result:
        if self.transaction is None:
            self.begin()
        elif self._depth > self.transaction.depth:
            self._suspend()
            self.begin()
        # BEGIN inside a transaction of the same scope is ignored.
        # https://docs.snowflake.com/en/sql-reference/transactions
        return result.status("Statement executed successfully.", result.TRANSACTION)

    def begin(self, *, explicit: bool = True) -> None:
        """Open a transaction; what streams show in it is fixed now."""
        transaction = self.account.changes.begin(explicit=explicit, depth=self._depth)
        transaction.abandon = lambda silent: self._abandon(transaction, silent)
        try:
            self.connection.begin()
        except errors.SnowflakeError:
            self.account.changes.ended(transaction)
            raise
        self.transaction = transaction
        if self.database:
            self.account.changes.bound(self.connection, self.database)

    def commit(self) -> None:
        """Commit the open transaction, if there is one. Raises when it cannot be: it is undone."""
        transaction = self._own_transaction()
        if transaction is None:
            return
        try:
            self.account.changes.commit(self.connection, transaction)
        except Exception:
            self.connection.rollback()
            raise
        finally:
            self._ended(transaction)

    def _abandon(self, transaction: Transaction, silent: float) -> None:
        """Undo a transaction that blocks others, if its client has sent nothing for so long.

        A client that lives after all learns of it from its next statement.
        """
        if not self.lock.acquire(blocking=False):
            return
        try:
            idle = time.monotonic() - self._last_used > silent
            calling = self._depth > 0 or self.call_lock.locked()
            if transaction is self.transaction and idle and not calling:
                self.connection.rollback()
                transaction.failed = True
                self.account.changes.ended(transaction)
        finally:
            self.lock.release()

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
        if self.transaction and self.transaction.depth != self._depth:
            raise errors.SnowflakeError(
                errors.OUT_OF_SCOPE,
                "Modifying a transaction that has started at a different scope is not allowed.",
            )
        return self.transaction

    def _ended(self, transaction: Transaction) -> None:
        self.account.changes.ended(transaction)
        self.transaction = None
        if self._suspended and self._suspended[-1][1] is not None and self._depth:
            self._resume()

    def _suspend(self) -> None:
        """A procedure's transaction is independent of its caller's: it gets a connection."""
        self._suspended.append((self.connection, self.transaction))
        self.connection, self.transaction = self.account.engine.connect(), None
        self.use(self.database, self.schema)
        self.use_role(self.role or "")
        self.use_warehouse(self.warehouse)

    def _resume(self) -> None:
        self.connection.close()
        self.connection, self.transaction = self._suspended.pop()

    def commit_for_ddl(self) -> None:
        """DDL commits the open transaction. https://docs.snowflake.com/en/sql-reference/transactions"""
        self.commit()

    @property
    def owners_rights(self) -> bool:
        """Does a procedure with owner's rights run, or one that it has called?"""
        return self._owners > 0

    def enter_procedure(self, *, owners: bool) -> None:
        """The statements that follow are a procedure's, until `leave_procedure`."""
        self._depth += 1
        self._owners += owners

    def leave_procedure(self, *, owners: bool, failed: bool) -> None:
        """The procedure is over: a transaction that it left open is undone, and is an error."""
        left_open = self.transaction is not None and self.transaction.depth == self._depth
        if left_open:
            self.rollback()
        self._depth -= 1
        self._owners -= owners
        if left_open and not failed:
            raise errors.SnowflakeError(
                errors.Code(90232, "25000"),
                "Stored procedure execution error: Scoped transaction started in stored procedure"
                " is incomplete and it was rolled back.",
            )

    @contextmanager
    def _noting_failure(self) -> Iterator[None]:
        """DuckDB gives up a transaction when one of its statements fails."""
        try:
            yield
        except errors.SnowflakeError:
            if self.transaction:
                self.transaction.failed = True
            raise

    def read(self, statement: Callable[[], Result]) -> Result:
        """Run a statement that changes nothing."""
        with self._noting_failure():
            return statement()

    def consume(self, transaction: Transaction, streams: Iterable[Stream]) -> None:
        """DML reads these streams: at COMMIT their offsets move to where it sees them now."""
        for stream in streams:
            key = (stream.name.database, stream.id)
            if key not in transaction.consumed:
                bound = self.account.changes.bound(self.connection, stream.name.database)
                initial = self.account.streams.starts_at(self.connection, stream)
                transaction.consumed[key] = bound if initial is None else initial

    def write(self, statement: Callable[[Transaction], Result]) -> Result:
        """Run DML in the open transaction, or in one of its own; wait for others' locks."""
        if self.transaction is None and not self.parameters["AUTOCOMMIT"]:
            self.begin()
        wait = min(_LOCK_TIMEOUT_SECONDS, float(self.parameters.get("LOCK_TIMEOUT") or "inf"))
        deadline = time.monotonic() + wait
        while True:
            try:
                if self.transaction is None:
                    return self._in_own_transaction(statement)
                return self._in_open_transaction(statement, self.transaction)
            except Conflict:
                if not self._may_retry() or time.monotonic() > deadline:
                    raise
                self.account.changes.abandon_silent(self._attempted, self.transaction)
                if self._cancelled.wait(random.uniform(0.001, 0.02)):
                    raise errors.SnowflakeError(
                        errors.CANCELLED, "SQL execution canceled"
                    ) from None

    def _may_retry(self) -> bool:
        """Nothing depends on the snapshot yet: it may be taken again."""
        transaction = self.transaction
        if transaction is None:
            return True
        if transaction.wrote or transaction.consumed or transaction.read_stream:
            return False
        if transaction.depth != self._depth:
            return False
        self.connection.rollback()
        self.account.changes.ended(transaction)
        self.transaction = None
        self.begin(explicit=transaction.explicit)
        return True

    def _in_open_transaction(
        self, statement: Callable[[Transaction], Result], transaction: Transaction
    ) -> Result:
        consumed = dict(transaction.consumed)
        with self._noting_failure():
            try:
                self._attempted = transaction.tables
                answer = statement(transaction)
            except errors.SnowflakeError:
                transaction.consumed = consumed
                raise
        transaction.wrote = True
        return answer

    def _in_own_transaction(self, statement: Callable[[Transaction], Result]) -> Result:
        transaction = self.account.changes.begin(explicit=False, depth=self._depth)
        self._attempted = transaction.tables
        try:
            self.connection.begin()
            answer = statement(transaction)
            self.account.changes.commit(self.connection, transaction)
        except BaseException:
            transaction.failed = True
            self.connection.rollback()
            raise
        finally:
            self.account.changes.ended(transaction)
        return answer

    # --- the end -----------------------------------------------------------------------------

    def cancel(self) -> None:
        """Interrupt what is running, from another thread: it fails with 000604."""
        self._cancelled.set()
        self.account.workers.cancel(self.id)
        self.connection.interrupt()

    def close(self) -> None:
        """Undo what is open and leave."""
        with self.lock:
            if self._closed:
                return
            self._closed = True
            if self.transaction:
                self.connection.rollback()
                self.account.changes.ended(self.transaction)
                self.transaction = None
            for connection, transaction in self._suspended:
                connection.rollback()
                connection.close()
                if transaction:
                    self.account.changes.ended(transaction)
            self.connection.close()
        self.account.closed(self)
