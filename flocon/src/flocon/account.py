"""A Snowflake account on this machine: its databases, its sessions, its passes."""

from __future__ import annotations

import fcntl
import functools
import logging
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flocon.access.hierarchy import ADMINISTRATOR
from flocon.access.roles import Roles
from flocon.access.users import Users
from flocon.core import errors, privacy
from flocon.core.errors import SnowflakeError
from flocon.engine import Catalog, Engine
from flocon.engine.fast import is_fast
from flocon.objects import compute_pools
from flocon.objects.live_views import LiveViews
from flocon.objects.outbox import Outbox
from flocon.objects.warehouse_load import WarehouseLoad
from flocon.procedures.packages import packages
from flocon.procedures.workers import Workers
from flocon.session.registry import ACCOUNT_TABLES, HIDDEN_TABLES, OF_SCHEMAS
from flocon.session.session import Session
from flocon.stores.queries import QueryStore
from flocon.transactions.changes import Changes
from flocon.transactions.streams import Streams

if TYPE_CHECKING:
    from flocon.jobs.task_runs import GraphRun

logger = logging.getLogger(__name__)

_CHORES_SECONDS = 5.0
_END_SECONDS = 5.0


@dataclass
class _Pass:
    session: Session
    redeemed: bool = False


class Account:
    """Opens a data folder and everything in it. Raises BlockingIOError when another account has
    it open."""

    def __init__(
        self, data: Path, host: str = "127.0.0.1", port: int = 0, *, fast: bool | None = None
    ) -> None:
        """fast: with what exists for speed alone; by default as `flocon.engine.fast` says."""
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        privacy.make_private(data)
        # Procedures run in processes with folders of their own.
        self.data = data = data.resolve()
        self.host = host
        self.port = port
        self.lock = threading.RLock()
        self._lock_file = (data / "lock").open("w")
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock_file.close()
            raise
        self.engine = Engine(data, HIDDEN_TABLES, fast=is_fast() if fast is None else fast)
        self._own = self.engine.own_catalog(ACCOUNT_TABLES)
        self.roles: Roles = Roles(self)
        self.users: Users = Users(self, self.roles)
        self.engine.provide("PACKAGES", packages().table)
        compute_pools.provide_system_pools(self)
        self.changes = Changes()
        self.streams = Streams(self.changes)
        self.workers = Workers(self)
        self.queries = QueryStore()
        self.outbox = Outbox(data / "outbox")
        # The scheduler puts its own here: a change of tasks or alerts may make one due.
        self.tasks_changed: Callable[[], None] = lambda: None
        self.live_views = LiveViews()
        self.warehouse_load = WarehouseLoad()
        self.graph_runs: Callable[[], list[GraphRun]] = list
        self._sessions: dict[str, Session] = {}
        self._passes: dict[str, _Pass] = {}
        # What others want done now and then, such as the end of idle logins.
        self.chores: list[Callable[[], None]] = []
        self._closing = threading.Event()
        connection = self.engine.connect()
        for database in self.engine.databases():
            self.changes.open(self.engine.catalog(database), connection)
            self.streams.open(self.engine.catalog(database))
            self.live_views.open(self.engine.catalog(database))
        connection.close()
        self._keeper = threading.Thread(target=self._keep_house, name="keeper", daemon=True)
        self._keeper.start()

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
        """A schema takes its tasks, alerts and procedures with it."""
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
        """A new session, by default ACCOUNTADMIN's. Names that do not exist, or that the role
        must not know, are left out, as Snowflake's login does."""
        session = Session(self, user=user, role=role or ADMINISTRATOR)
        session.open(warehouse, database, schema, parameters or {})
        with self.lock:
            self._sessions[session.id] = session
        return session

    def session_numbered(self, number: object) -> Session | None:
        """The session by the number that its client knows it by."""
        with self.lock:
            sessions = list(self._sessions.values())
        return next((s for s in sessions if str(s.number) == str(number)), None)

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

    # --- housekeeping ------------------------------------------------------------------------

    def state(self) -> dict[str, int]:
        """What is kept, in numbers: none of them may grow for ever."""
        logged = commits = 0
        for database in self.databases():
            catalog = self.catalog(database)
            for tracked in self.changes.all_tracked(database):
                logged += catalog.rows(f"SELECT count(*) AS n FROM {tracked.log}")[0]["n"]
            commits += catalog.rows("SELECT count(*) AS n FROM _account_commits")[0]["n"]
        with self.lock:
            sessions, passes = len(self._sessions), len(self._passes)
        return {
            "sessions": sessions,
            "passes": passes,
            **self.queries.state(),
            "logged rows": logged,
            "commits": commits,
        }

    def _keep_house(self) -> None:
        while not self._closing.wait(_CHORES_SECONDS):
            for database in self.databases():
                self._do(functools.partial(self._trim, database))
            for chore in self.chores:
                self._do(chore)

    def _trim(self, database: str) -> None:
        self.streams.trim(self.catalog(database))

    def _do(self, chore: Callable[[], None]) -> None:
        try:
            chore()
        except SnowflakeError as error:
            # Dropped meanwhile, or in conflict with a writer: the next round does it.
            if error.errno == errors.INTERNAL.errno:
                logger.exception("a chore of the account failed")
        except Exception:
            logger.exception("a chore of the account failed")

    def close(self) -> bool:
        """Close every session and write everything to the files. False where a statement cannot be
        ended (Python that reads a long one): what is committed is in the files all the same, and
        the process is to be left without waiting for it."""
        self._closing.set()
        self._keeper.join()
        self.workers.close()
        sessions = list(self._sessions.values())
        for session in sessions:
            session.cancel()
        deadline = time.monotonic() + _END_SECONDS
        stuck = [s for s in sessions if not s.close(max(0.0, deadline - time.monotonic()))]
        if stuck:
            logger.warning("a statement did not end; it is left behind")
            return False
        self.engine.close()
        self._lock_file.close()
        return True
