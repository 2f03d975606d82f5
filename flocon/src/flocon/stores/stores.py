"""What an account keeps, all of it in one place."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from flocon.access.roles import Roles
from flocon.access.securables import Securable
from flocon.access.users import Users
from flocon.core.errors import SnowflakeError
from flocon.engine import Catalog, Connection, Engine
from flocon.sql.tokens import FullName
from flocon.stores import warehouse_load
from flocon.stores.live_views import LiveViews
from flocon.stores.outbox import Outbox
from flocon.stores.queries import QueryStore
from flocon.stores.result_parts import ResultParts
from flocon.stores.sessions import Sessions
from flocon.stores.transfers import Transfers
from flocon.stores.warehouse_load import WarehouseLoad
from flocon.transactions import commits, tracked_tables
from flocon.transactions.commits import Commits
from flocon.transactions.streams import Streams
from flocon.transactions.tracked_tables import TrackedTables
from flocon.transactions.write_times import WriteTimes
from flocon.workers.pool import Workers

logger = logging.getLogger(__name__)


class GraphRun(Protocol):
    """A run of a task graph."""

    database: str

    @property
    def key(self) -> tuple[str, int]:
        """The ids of its root task and of its runs' group."""
        ...

    def cancel_task(self, task_id: str) -> None: ...


class Stores:
    """The stores of one account, opened. sessions: who is logged in, whatever a session is.

    own: the tables of what spans databases. fast: with what exists for speed alone. hidden_tables,
    account_tables: the metadata tables of each database, and of the account, besides the objects'.
    """

    def __init__(
        self,
        data: Path,
        host: str,
        port: int,
        *,
        hidden_tables: Sequence[str],
        account_tables: Sequence[str],
        sessions: Sessions[Any],
        fast: bool,
    ) -> None:
        self.data = data
        self.host = host
        self.port = port
        self.lock = threading.RLock()
        self.sessions = sessions
        tables = (tracked_tables.DDL, commits.DDL, *hidden_tables)
        self.engine = Engine(data, tables, fast=fast)
        self.own = self.engine.own_catalog("".join((warehouse_load.DDL, *account_tables)))
        self.roles = Roles(self.own)
        self.users = Users(self.own, self.roles)
        self.engine.owner_of = lambda kind, path: self.roles.owner(Securable(kind, path))
        self.tracked_tables = TrackedTables()
        connection = self.engine.connect()
        self.write_times = WriteTimes(data / "write_times", _tables(connection))
        self.commits = Commits(self.tracked_tables, self.write_times)
        self.streams = Streams(self.tracked_tables, self.commits)
        self.engine.declared.table_behind = self.streams.table_behind
        self.workers = Workers(sessions, data, host, port)
        self.queries = QueryStore()
        self.result_parts = ResultParts(data / "results")
        self.transfers = Transfers()
        self.outbox = Outbox(data / "outbox")
        self.live_views = LiveViews()
        # Names that users' functions have or had, filled in when first asked for: a statement that
        # has none of them calls no such function.
        self.function_names: set[str] | None = None
        self.warehouse_load = WarehouseLoad(self.own)
        # The scheduler puts its own here: a change of tasks or alerts may make one due.
        self.tasks_changed: Callable[[], None] = lambda: None
        self.graph_runs: Callable[[], Sequence[GraphRun]] = list
        for database in self.engine.databases():
            catalog = self.catalog(database)
            self.commits.open(catalog)
            self.tracked_tables.open(catalog, connection)
            self.streams.open(catalog)
            self.live_views.open(catalog)
        connection.close()

    def databases(self) -> list[str]:
        return self.engine.databases()

    def catalog(self, database: str) -> Catalog:
        """A database's metadata. Raises 002003 where there is no such database."""
        return self.engine.catalog(database)

    @contextlib.contextmanager
    def while_there(self, database: str) -> Iterator[None]:
        """Who goes through all databases reads each inside of this: one that is dropped meanwhile
        has nothing any more, and is no error."""
        catalog = self.engine.find_catalog(database)
        try:
            yield
        except SnowflakeError:
            if self.engine.find_catalog(database) is catalog is not None:
                raise

    def create_database(self, name: str) -> None:
        self.engine.create_database(name)
        self.commits.open(self.catalog(name))
        self.tasks_changed()

    def drop_database(self, name: str) -> None:
        self.streams.container_gone(None, name, None)
        self.tracked_tables.forget_database(name)
        self.commits.forget_database(name)
        self.engine.drop_database(name)
        self.tasks_changed()

    def close(self) -> None:
        """Write everything to the files and close them; nothing runs any more."""
        try:
            self.warehouse_load.save()
        except SnowflakeError as error:
            logger.warning("the load of the warehouses is not written: %s", error)
        self.write_times.close()
        self.engine.close()

    def state(self) -> dict[str, int]:
        """How much is kept of what; no number may grow for ever."""
        logged = commits = 0
        for database in self.databases():
            with self.while_there(database):
                catalog = self.catalog(database)
                for tracked in self.tracked_tables.all_tracked(database):
                    logged += catalog.rows(f"SELECT count(*) AS n FROM {tracked.log}")[0]["n"]
                commits += catalog.rows("SELECT count(*) AS n FROM _account_commits")[0]["n"]
        sessions, passes = self.sessions.size
        return {
            "sessions": sessions,
            "passes": passes,
            **self.queries.state(),
            **self.result_parts.state(),
            "logged rows": logged,
            "commits": commits,
        }


def _tables(connection: Connection) -> set[FullName]:
    sql = "SELECT database_name, schema_name, table_name FROM duckdb_tables()"
    return {FullName(*names) for names in connection.values(sql)}
