"""A Snowflake account on this machine: here its parts are put together."""

from __future__ import annotations

import fcntl
import functools
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flocon.access.hierarchy import ADMINISTRATOR
from flocon.core import errors, privacy
from flocon.core.errors import SnowflakeError
from flocon.engine.fast import is_fast
from flocon.jobs import alerts, tasks
from flocon.objects import (
    account_parameters,
    columns,
    compute_pools,
    databases,
    ddl,
    directory_tables,
    file_formats,
    grant_listing,
    grants,
    immediate,
    inferred_schemas,
    integrations,
    keys,
    listings,
    notifications,
    resource_monitors,
    roles,
    sequences,
    session_variables,
    stage_properties,
    staged_files,
    stages,
    streamlits,
    streams,
    table_sizes,
    tables,
    unloading,
    use,
    users,
    warehouse_history,
    warehouses,
)
from flocon.procedures import definitions, functions, procedures, telemetry
from flocon.procedures.packages import packages
from flocon.session import cancellation, parameters, waiting
from flocon.session.registry import Registry
from flocon.session.session import Session
from flocon.stores.sessions import Sessions
from flocon.stores.stores import Stores

logger = logging.getLogger(__name__)

_CHORES_SECONDS = 5.0
# So long `close` waits for what runs to end; procedures' processes have some of it.
_END_SECONDS = 5.0
_AGAIN_SECONDS = 0.25

# Where a new module of statements, functions or objects is made known.
REGISTRY = Registry(
    (
        account_parameters,
        alerts,
        cancellation,
        columns,
        compute_pools,
        databases,
        ddl,
        definitions,
        directory_tables,
        file_formats,
        functions,
        grant_listing,
        grants,
        immediate,
        inferred_schemas,
        integrations,
        keys,
        listings,
        notifications,
        parameters,
        procedures,
        resource_monitors,
        roles,
        sequences,
        session_variables,
        stage_properties,
        staged_files,
        stages,
        streamlits,
        streams,
        table_sizes,
        tables,
        tasks,
        telemetry,
        unloading,
        use,
        users,
        warehouse_history,
        waiting,
        warehouses,
    )
)


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
        data = data.resolve()
        self._lock_file = (data / "lock").open("w")
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock_file.close()
            raise
        self.sessions: Sessions[Session] = Sessions()
        is_new = not (data / "account.duckdb").exists()
        self.stores = Stores(
            data,
            host,
            port,
            hidden_tables=REGISTRY.hidden_tables,
            account_tables=REGISTRY.account_tables,
            sessions=self.sessions,
            fast=is_fast() if fast is None else fast,
        )
        self.stores.engine.provide("PACKAGES", packages().table)
        compute_pools.provide_system_pools(self.stores)
        if is_new:
            warehouses.provide_first(self.stores)
        # What others want done now and then, such as the end of idle logins.
        self.chores: list[Callable[[], None]] = []
        self._closing = threading.Event()
        self._keeper = threading.Thread(target=self._keep_house, name="keeper", daemon=True)
        self._keeper.start()

    def open_session(
        self,
        *,
        user: str,
        role: str | None = None,
        warehouse: str | None = None,
        database: str | None = None,
        schema: str | None = None,
        parameters: dict[str, Any] | None = None,
        names_exist: bool = False,
    ) -> Session:
        """A new session, by default ACCOUNTADMIN's. Names that do not exist, or that the role
        must not know, are left out, as Snowflake's login does; names_exist: they are 390201."""
        if self._closing.is_set():
            raise SnowflakeError(errors.CANCELLED, "The account is shutting down.")
        session = Session(self.stores, REGISTRY, user=user, role=role or ADMINISTRATOR)
        try:
            session.open(warehouse, database, schema, parameters or {}, names_exist=names_exist)
        except SnowflakeError:
            session.close()
            raise
        self.sessions.add(session)
        return session

    # --- housekeeping ------------------------------------------------------------------------

    def _keep_house(self) -> None:
        while not self._closing.wait(_CHORES_SECONDS):
            for database in self.stores.databases():
                self._do(functools.partial(self._trim, database))
            self._do(self.stores.warehouse_load.save)
            for chore in self.chores:
                self._do(chore)

    def _trim(self, database: str) -> None:
        with self.stores.while_there(database):
            self.stores.streams.trim(self.stores.catalog(database))

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
        """Close every session and write everything to the files. False where something does not end
        in time (Python that reads a long statement): what is committed is in the files all the
        same, and the process is to be left without waiting for it."""
        deadline = time.monotonic() + _END_SECONDS
        self._closing.set()
        # Statements first: they may take all cores from those that are waited for.
        for session in self.sessions.all():
            session.end(0)
        self.stores.workers.close()
        if not self._end_sessions(deadline):
            logger.warning("a statement did not end; it is left behind")
            return False
        self._keeper.join(max(0.0, deadline - time.monotonic()))
        if self._keeper.is_alive():
            logger.warning("the account's chores did not end; they are left behind")
            return False
        self.stores.close()
        self._lock_file.close()
        return True

    def _end_sessions(self, deadline: float) -> bool:
        """False where one is still there at that time."""
        while sessions := self.sessions.all():
            for session in sessions:
                session.end(0)
            if not (sessions := self.sessions.all()):
                return True
            if time.monotonic() > deadline:
                return False
            sessions[0].end(_AGAIN_SECONDS)
        return True
