"""An account in miniature for what tasks need of one: catalogs, sessions and a clock by hand.

The catalogs are real DuckDB tables; the sessions do what a test says.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
from flocon.access.securables import Securable
from flocon.core import errors, result
from flocon.engine import stored_objects
from flocon.jobs import alerts, tasks
from flocon.sql.tokens import FullName, Name

DATABASE = "SHOP"
SCHEMA = "OPS"


class FakeClock:
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def advance(self, **parts: float) -> None:
        self.moment += timedelta(**parts)


class MemoryCatalog:
    def __init__(self) -> None:
        self._connection = duckdb.connect()
        self._lock = threading.Lock()
        tables = stored_objects.DDL + tasks.DDL + alerts.DDL
        for statement in filter(str.strip, tables.split(";")):
            self._connection.execute(statement)

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
        with self._lock:
            cursor = self._connection.execute(sql, list(params))
            names = [column[0] for column in cursor.description or []]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def write(self, sql: str, params: Sequence[Any] = ()) -> int:
        with self._lock:
            return self._connection.execute(sql, list(params)).fetchall()[0][0]


class FakeConnection:
    def schema_exists(self, database: str, schema: str) -> bool:
        return database == DATABASE and schema in (SCHEMA, "RAW")


class FakeGuard:
    """Everything may be done and seen."""

    def __init__(self, role: str) -> None:
        self.role = role

    def acting_as(self, role: str) -> AbstractContextManager[None]:
        return nullcontext()

    def sees_runs(self, task: object) -> bool:
        return True

    def holds(self, what: object, *privileges: str) -> bool:
        return True

    def require_execution(self, kind: str, warehouse: str | None) -> None:
        """Nothing is missing."""


class FakeSession:
    """Answers statements from the account's script, and can be cancelled while it runs one."""

    def __init__(self, account: "FakeAccount", **opened: Any) -> None:
        self.account = account
        self.opened = opened
        self.role = opened.get("role", "PIPELINE")
        self.database = opened.get("database", DATABASE)
        self.schema = opened.get("schema", SCHEMA)
        self.cancelled = threading.Event()
        self.closed = False
        self.connection = FakeConnection()
        self.access = FakeGuard(self.role)
        self.directory = self
        self.transactions = self
        self.context = self

    def exists(self, what: Securable) -> bool:
        """Of the directory, only warehouses are asked for."""
        return what.name in self.account.warehouses

    def resolve(self, name: Name) -> FullName:
        return FullName(name.database or self.database, name.schema or self.schema, name.name)

    def catalog(self, database: str) -> MemoryCatalog:
        return self.account.catalog(database)

    def check_schema(self, name: FullName) -> None:
        self.catalog(name.database)
        if not self.connection.schema_exists(name.database, name.schema):
            raise errors.does_not_exist("Schema", f"{name.database}.{name.schema}")

    def commit_for_ddl(self) -> None:
        self.account.committed += 1

    def execute(
        self, sql: str, binds: Sequence[Any] = (), *, query_id: str | None = None
    ) -> result.Result:
        self.account.statements.append((sql, self.opened))
        answer = self.account.script.get(sql)
        if isinstance(answer, list):
            answer = answer.pop(0) if answer else None
        if callable(answer):
            answer = answer(self)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, result.Result):
            return answer
        if isinstance(answer, bool):
            return result.of({"VALUE": "BOOLEAN"}, [[answer]])
        return result.status("done")

    def wait_to_be_cancelled(self) -> Exception:
        """A statement without end."""
        assert self.cancelled.wait(30)
        return errors.SnowflakeError(errors.CANCELLED, "SQL execution canceled")

    def cancel(self) -> None:
        self.cancelled.set()

    def close(self) -> None:
        self.closed = True


class FakeAccount:
    """script: statement → what it gives (True, False, a result, an exception, a function, a list of
    them)."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.catalogs = {DATABASE: MemoryCatalog()}
        self.script: dict[str, Any] = {}
        self.statements: list[tuple[str, dict[str, Any]]] = []
        self.sessions: list[FakeSession] = []
        self.warehouses = ["COMPUTE_WH"]
        self.committed = 0
        self.tasks_changed: Callable[[], None] = lambda: None
        self.graph_runs: Callable[[], list[Any]] = list

    def databases(self) -> list[str]:
        return list(self.catalogs)

    def catalog(self, database: str) -> MemoryCatalog:
        if database not in self.catalogs:
            raise errors.does_not_exist("Database", database)
        return self.catalogs[database]

    @contextmanager
    def while_there(self, database: str) -> Iterator[None]:
        try:
            yield
        except errors.SnowflakeError:
            if database in self.catalogs:
                raise

    def open_session(self, **opened: Any) -> FakeSession:
        self.sessions.append(FakeSession(self, **opened))
        return self.sessions[-1]

    @property
    def bodies(self) -> list[str]:
        """The statements that were run, without the conditions."""
        return [sql for sql, _ in self.statements if not sql.startswith("SELECT ")]


def wait_until(check: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "what the test waits for did not come"
        time.sleep(0.01)
