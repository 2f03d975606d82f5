"""An account in the program's own process: its server in a thread, its data in a folder."""

from __future__ import annotations

import contextlib
import logging
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from flocon import connectable
from flocon.connectable import Connectable
from flocon.service import (
    STOP_SECONDS,
    Options,
    Service,
    StartError,
    deep_statements_allowed,
    quieten_libraries,
)

logger = logging.getLogger(__name__)


class Account(Connectable):
    """Runs a Snowflake account in this process, from `start` to `stop`, or for a `with`.

    data: the folder of all state; None for one that is removed when the account stops.
    host, port: the address that it listens on; port 0 takes a free one.
    user, password: what clients must log in with; without a password anybody may, and `host` must
        be a loopback address.
    idle_minutes: a client that sends nothing for so long is logged out.
    max_request_mb: larger requests are refused, packed or unpacked.
    log_statements: write a line per statement to the logger `flocon.http.statement_log`.
    connect_defaults: what `connect` gives to the connector unless it is told otherwise.

    >>> import flocon
    >>> with flocon.Account() as account, account.connect() as connection:
    ...     connection.cursor().execute("SELECT 'hello' AS greeting").fetchall()
    [('hello',)]

    Each account has its own databases, users and warehouses; two in one process know nothing of
    each other. While one runs, this process has a higher recursion limit and new threads have
    larger stacks, for statements that are nested deeply. A program that changes its clock, or makes
    warnings errors, changes them for the account, too: `AccountProcess` is one that is apart.
    """

    def __init__(
        self,
        data: Path | str | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        user: str = "local",
        password: str | None = None,
        idle_minutes: float = 240,
        max_request_mb: float = 128,
        log_statements: bool = False,
        connect_defaults: Mapping[str, Any] | None = None,
    ) -> None:
        self.data = Path(data) if data is not None else None
        """The folder of all state; one that goes with the account is there while it runs."""
        self._keeps_data = data is not None
        self.host = host
        self.port = port
        self.user = user
        self.connect_defaults = connect_defaults or {}
        self._options = Options(
            data=self.data or Path(),
            host=host,
            port=port,
            user=user,
            password=password,
            idle_minutes=idle_minutes,
            max_request_mb=max_request_mb,
            log_statements=log_statements,
        )
        self._running: contextlib.ExitStack | None = None

    def start(self) -> Account:
        """Start it; returns when clients get answers, with `data` and `port` filled in.

        Raises StartError where it runs already, the port or the folder is taken, or the options do
        not go together.

        >>> account = Account().start()
        >>> account.port > 0
        True
        >>> account.stop()
        """
        if self._running is not None:
            raise StartError("this account runs already")
        with contextlib.ExitStack() as stack:
            data = self.data or Path(stack.enter_context(_folder())) / "data"
            stack.enter_context(deep_statements_allowed())
            quieten_libraries()
            service = Service(replace(self._options, data=data, host=self.host, port=self.port))
            started = threading.Event()
            server = service.http_server(started.set)
            thread = threading.Thread(target=service.run, args=[server], name="flocon", daemon=True)
            thread.start()

            def end() -> None:
                server.should_exit = True
                thread.join(STOP_SECONDS)
                if thread.is_alive():
                    frame = sys._current_frames().get(thread.ident or 0)
                    place = "".join(traceback.format_stack(frame))
                    logger.warning("the account has not ended in time, at\n%s", place)

            stack.callback(end)
            while not started.wait(0.1):
                if not thread.is_alive():
                    raise StartError("the account ended while it started; its log says why")
            self.data, self.host, self.port = (
                service.account.stores.data,
                service.host,
                service.port,
            )
            self._running = stack.pop_all()
        return self

    def stop(self) -> None:
        """Undo what is not committed, end tasks and procedures, and write everything to the files.
        Does nothing where the account does not run.

        Returns after 18 seconds at most. What cannot be ended by then is left behind, with a
        warning in the log: its folder stays taken as long as this program runs, what was committed
        is in it, and the program can end."""
        if self._running is not None:
            running, self._running = self._running, None
            running.close()
            self.data = self.data if self._keeps_data else None

    def __enter__(self) -> Account:
        return self if self._running is not None else self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def connection_parameters(self) -> dict[str, Any]:
        """What `snowflake.connector.connect` and `Session.builder.configs` need to reach it, by
        the names of their parameters.

        >>> Account(port=8084).connection_parameters()["port"]
        8084
        """
        return connectable.local_parameters(
            self.host, self.port, self.user, self._options.password or "local"
        )

    def connections_toml(self, name: str = "local") -> str:
        """The same as an entry of connections.toml, for programs that read that.

        >>> print(Account(port=8084).connections_toml(), end="")
        [local]
        account = "local"
        user = "local"
        password = "local"
        host = "127.0.0.1"
        port = 8084
        protocol = "http"
        """
        return connectable.connections_toml(self.connection_parameters(), name)


def _folder() -> tempfile.TemporaryDirectory[str]:
    """A folder for a while. Files that a statement which did not end still uses are left behind."""
    return tempfile.TemporaryDirectory(prefix="flocon-", ignore_cleanup_errors=True)
