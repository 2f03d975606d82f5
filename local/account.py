"""A Snowflake account on this machine: its databases, its sessions, its passes."""

from __future__ import annotations

import fcntl
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from local import errors
from local.changes import Changes
from local.engine import Catalog, Engine
from local.errors import SnowflakeError
from local.registry import ACCOUNT_TABLES, HIDDEN_TABLES, OF_SCHEMAS
from local.result import Result
from local.session import Session
from local.statements.packages import packages
from local.streams import Streams
from local.workers import Workers

if TYPE_CHECKING:
    from local.task_runs import GraphRun

_TRIM_SECONDS = 5.0
_KEPT_RESULTS = 100
_KEPT_BYTES = 256 * 1024 * 1024


@dataclass
class _Pass:
    session: Session
    redeemed: bool = False


class Account:
    """Opens a data folder and everything in it. Raises BlockingIOError when another account has
    it open."""

    def __init__(self, data: Path, host: str = "127.0.0.1", port: int = 0) -> None:
        data.mkdir(parents=True, exist_ok=True)
        # Procedures run in processes with folders of their own.
        self.data = data = data.resolve()
        self.host = host
        self.port = port
        self.lock = threading.RLock()
        self._lock_file = (data / "lock").open("w")
        fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.engine = Engine(data, HIDDEN_TABLES)
        self._own = self.engine.own_catalog(ACCOUNT_TABLES)
        self.engine.provide("PACKAGES", packages().table)
        self.changes = Changes()
        self.streams = Streams(self.changes)
        self.workers = Workers(self)
        # The scheduler puts its own here: a change of tasks may make one due.
        self.tasks_changed: Callable[[], None] = lambda: None
        self.graph_runs: Callable[[], list[GraphRun]] = list
        self._sessions: dict[str, Session] = {}
        self._results: OrderedDict[str, Result] = OrderedDict()
        self._kept_bytes = 0
        self._passes: dict[str, _Pass] = {}
        self._closing = threading.Event()
        connection = self.engine.connect()
        for database in self.engine.databases():
            self.changes.open(self.engine.catalog(database), connection)
            self.streams.open(self.engine.catalog(database))
        connection.close()
        self._trimmer = threading.Thread(target=self._trim, name="trimmer", daemon=True)
        self._trimmer.start()

    # --- databases ---------------------------------------------------------------------------

    def databases(self) -> list[str]:
        return self.engine.databases()

    def catalog(self, database: str) -> Catalog:
        """A database's metadata. Raises 002003 where there is no such database."""
        return self.engine.catalog(database)

    def create_database(self, name: str) -> None:
        self.engine.create_database(name)
        connection = self.engine.connect()
        try:
            self.changes.open(self.catalog(name), connection)
        finally:
            connection.close()
        self.tasks_changed()

    def drop_database(self, name: str) -> None:
        self.streams.container_gone(None, name, None)
        self.changes.forget_database(name)
        self.engine.drop_database(name)
        self.tasks_changed()

    def schema_dropped(self, database: str, schema: str) -> None:
        """A schema takes its tasks and procedures with it."""
        for table, column in OF_SCHEMAS:
            self.catalog(database).write(f'DELETE FROM {table} WHERE "{column}" = ?', [schema])

    def own_rows(self, sql: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Metadata that spans databases."""
        return self._own.rows(sql, params)

    def own_write(self, sql: str, params: Sequence[Any] = ()) -> int:
        return self._own.write(sql, params)

    # --- sessions ----------------------------------------------------------------------------

    def open_session(
        self,
        *,
        user: str,
        role: str | None = None,
        warehouse: str | None = None,
        database: str | None = None,
        schema: str | None = None,
        parameters: dict[str, Any] | None = None,
    ) -> Session:
        """A new session. Names that do not exist are left out, as Snowflake's login does."""
        session = Session(self, user=user, role=role or "SYSADMIN")
        session.open(warehouse, database, schema, parameters or {})
        with self.lock:
            self._sessions[session.id] = session
        return session

    def closed(self, session: Session) -> None:
        with self.lock:
            self._sessions.pop(session.id, None)

    def issue_pass(self, session: Session) -> str:
        """A password for one login that continues this session instead of opening another."""
        password = secrets.token_urlsafe(24)
        with self.lock:
            self._passes[password] = _Pass(session)
        return password

    def withdraw_pass(self, password: str) -> None:
        """The call is over: a login with this pass ends, too."""
        with self.lock:
            self._passes.pop(password, None)

    def redeem_pass(self, password: str) -> Session | None:
        """The session that a pass is for; a pass is good for one login."""
        with self.lock:
            found = self._passes.get(password)
            if found is None or found.redeemed:
                return None
            found.redeemed = True
            return found.session

    def has_pass(self, password: str) -> bool:
        """Is the call that got this pass still running?"""
        with self.lock:
            return password in self._passes

    # --- results -----------------------------------------------------------------------------

    def keep_result(self, answer: Result) -> None:
        """Keep a query's rows for RESULT_SCAN; the oldest make room."""
        if answer.put is not None or answer.table.nbytes > _KEPT_BYTES:
            return
        with self.lock:
            self._results[answer.query_id] = answer
            self._kept_bytes += answer.table.nbytes
            while len(self._results) > _KEPT_RESULTS or self._kept_bytes > _KEPT_BYTES:
                _, oldest = self._results.popitem(last=False)
                self._kept_bytes -= oldest.table.nbytes

    def has_result(self, query_id: str) -> bool:
        with self.lock:
            return query_id in self._results

    def kept_result(self, query_id: str) -> Result:
        """Raises 000709 where no query of late has this id."""
        with self.lock:
            if query_id not in self._results:
                raise SnowflakeError(errors.UNKNOWN_STATEMENT, f"Statement {query_id} not found")
            return self._results[query_id]

    # --- housekeeping ------------------------------------------------------------------------

    def _trim(self) -> None:
        while not self._closing.wait(_TRIM_SECONDS):
            for database in self.databases():
                try:
                    self.streams.trim(self.catalog(database))
                except SnowflakeError:
                    # Dropped meanwhile, or in conflict with a writer: the next round does it.
                    continue

    def close(self) -> None:
        """Close every session and write everything to the files."""
        self._closing.set()
        self._trimmer.join()
        self.workers.close()
        for session in list(self._sessions.values()):
            session.cancel()
            session.close()
        self.engine.close()
        self._lock_file.close()
