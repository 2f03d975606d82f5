"""What checks ask: sessions in the scratch database, under each of its roles."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from snowflake.connector import SnowflakeConnection
from snowflake.connector.constants import FIELD_ID_TO_NAME
from snowflake.connector.errors import DatabaseError

from app.caves.doctor.record import Record
from app.caves.doctor.scratch import Scratch
from app.caves.project import Project
from app.caves.screen import Progress
from app.caves.target import Account, Target

# What may still go on after the time in which assertions are begun.
GRACE_SECONDS = 60.0
SHORTEST_SECONDS = 10


@dataclass(frozen=True)
class UnderRole(Target):
    """The target under a role, with the run's warehouse."""

    role: str | None = None
    warehouse: str | None = None

    def connect(self, **parameters: Any) -> Account:
        named = {"role": self.role, "warehouse": self.warehouse}
        given = {name: value for name, value in named.items() if value}
        return super().connect(**{**given, **parameters})

    def snow(self, arguments: Sequence[str], cwd: Path) -> str:
        role = ("--role", self.role) if self.role else ()
        return super().snow([*arguments, *role], cwd)


@dataclass(frozen=True)
class Answer:
    """Columns with their types, rows, and how many rows a statement changed."""

    columns: list[tuple[str, str]]
    rows: list[tuple[Any, ...]]
    rowcount: int | None

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.columns]

    @property
    def value(self) -> Any:
        [[value]] = self.rows
        return value

    def column(self, name: str) -> list[Any]:
        """The values under a name, in upper or lower case."""
        place = [each.lower() for each in self.names].index(name.lower())
        return [row[place] for row in self.rows]


class Session:
    """One connection whose answers are recorded. In statements `{db}` and `{wh}` stand for the
    run's names, and `{roles}` for what the names of its roles begin with."""

    def __init__(
        self,
        connection: SnowflakeConnection,
        record: Record,
        names: dict[str, str],
        deadline: float,
    ) -> None:
        self.connection = connection
        self._deadline = deadline
        self._record = record
        self._names = names
        # Whether its settings were changed since it was opened.
        self.altered = False

    def prepare(self, statement: str) -> None:
        """Run what no assertion is about: it is not recorded."""
        self.look(statement)

    def look(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows, unrecorded: for what is asked again and again until something has happened."""
        with self.connection.cursor() as cursor:
            cursor.execute(self._named(statement), timeout=self._seconds())
            return [tuple(row) for row in cursor.fetchall()]

    def ask(self, statement: str, *values: Any) -> Answer:
        """Run it; raises the connector's error."""
        self.altered |= statement.upper().startswith("ALTER SESSION")
        with self.connection.cursor() as cursor:
            try:
                cursor.execute(self._named(statement), values or None, timeout=self._seconds())
                rows = [tuple(row) for row in cursor.fetchall()]
            except DatabaseError as error:
                text = str(error.raw_msg or error)
                self._record.refused(statement, error.errno, error.sqlstate, text)
                raise
            columns = [(each.name, FIELD_ID_TO_NAME[each.type_code]) for each in cursor.description]
            self._record.answered(statement, columns, len(rows))
            return Answer(columns, rows, cursor.rowcount)

    def _seconds(self) -> int:
        """How long a statement may take: what is left of the run."""
        return max(SHORTEST_SECONDS, int(self._deadline - time.monotonic()))

    def _named(self, statement: str) -> str:
        for name, value in self._names.items():
            statement = statement.replace(f"{{{name}}}", value)
        return statement

    def refusal(self, statement: str, *values: Any) -> int | None:
        """The number of the error that it fails with; None where it succeeds."""
        try:
            self.ask(statement, *values)
        except DatabaseError as error:
            return error.errno
        return None

    def script(self, *statements: str) -> None:
        for statement in statements:
            self.ask(statement)


class Environment:
    """One run's scratch database, deployed or not. `session` is the deployer's, where there are
    roles, and otherwise the connection's own."""

    def __init__(
        self,
        project: Project,
        target: Target,
        scratch: Scratch,
        record: Record,
        progress: Progress,
        settings: dict[str, str],
        timeout: float,
    ) -> None:
        self.deadline = time.monotonic() + timeout + GRACE_SECONDS
        self.project = project
        self.own = target
        self.scratch = scratch
        self.record = record
        self.progress = progress
        self.settings = settings
        self._opened = contextlib.ExitStack()
        self._idle: dict[str | None, list[Session]] = {}
        self._deployer: Session | None = None
        self._tables = 0

    @property
    def names(self) -> dict[str, str]:
        scratch = self.scratch
        return {"db": scratch.database, "wh": scratch.warehouse, "roles": scratch.database}

    def target(self, role: str | None = None) -> Target:
        """The scratch database, under one of its roles; under the connection's own where there are
        no roles, or `role` is None."""
        name = self.scratch.role(role) if role and self.scratch.has_roles else None
        return UnderRole(
            self.own.database,
            self.own.connection,
            self.own.home,
            role=name,
            warehouse=self.scratch.warehouse,
        )

    @property
    def session(self) -> Session:
        if self._deployer is None:
            self._deployer = self._logged_in("DEPLOYER")
            self._deployer.prepare("CREATE SCHEMA IF NOT EXISTS {db}.DOCTOR")
        return self._deployer

    def ask(self, statement: str, *values: Any) -> Answer:
        return self.session.ask(statement, *values)

    def counts(self, call: str, *values: Any) -> dict[str, int]:
        """What a procedure answers: its counts by name."""
        found: dict[str, int] = json.loads(self.ask(call, *values).value)
        return found

    @contextlib.contextmanager
    def open(self, role: str | None = "DEPLOYER") -> Iterator[Session]:
        """Another session, under this role alone. One that a check has left as it was is given to
        the next: a login may ask somebody for a second factor."""
        idle = self._idle.setdefault(role, [])
        session = idle.pop() if idle else self._logged_in(role)
        yield session
        if not session.altered:
            idle.append(session)

    def _logged_in(self, role: str | None) -> Session:
        account = self._opened.enter_context(self.target(role).connect())
        session = Session(account.connection, self.record, self.names, self.deadline)
        if role and self.scratch.has_roles:
            session.prepare("USE SECONDARY ROLES NONE")
        session.prepare("USE WAREHOUSE {wh}")
        return session

    @contextlib.contextmanager
    def account(self, role: str | None = "DEPLOYER") -> Iterator[Account]:
        """For the project's own functions; what they are answered is not recorded."""
        with self.target(role).connect() as account:
            yield account

    def table(self, columns: str) -> str:
        """A new table for one check; its name."""
        self._tables += 1
        name = f"{{db}}.DOCTOR.T{self._tables}"
        self.ask(f"CREATE TABLE {name} ({columns}) CHANGE_TRACKING = TRUE")
        return name

    def close(self) -> None:
        self._idle.clear()
        self._deployer = None
        self._opened.close()


class Beside:
    """A function in a thread of its own: `done` waits for its end, and returns or raises what it
    did."""

    def __init__(self, function: Callable[[], Any]) -> None:
        self._outcome: list[Any] = []
        self._error: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, args=(function,), daemon=True)
        self._thread.start()

    def _run(self, function: Callable[[], Any]) -> None:
        try:
            self._outcome.append(function())
        except BaseException as error:
            self._error.append(error)

    def ended_within(self, seconds: float) -> bool:
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def done(self) -> Any:
        """Its statements end in time, and so does it."""
        self._thread.join()
        if self._error:
            raise self._error[0]
        return self._outcome[0]
