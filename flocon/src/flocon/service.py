"""An account at work: its data folder, its scheduler, its HTTP server on a listening socket."""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn

from flocon.account import Account
from flocon.connectable import local_parameters
from flocon.http.app import App, lifespan_of
from flocon.http.bounded_heads import BoundedHeads
from flocon.http.logins import Credentials
from flocon.jobs.scheduler import Scheduler

logger = logging.getLogger(__name__)

# An account that is told to stop has ended after so many seconds, whatever its statements do. They
# have the first five to end by themselves (http_server); then tasks and alerts, once they are
# cancelled, two (jobs.scheduler); procedures' processes, statements and chores five together
# (account). The rest is for writing to the files.
STOP_SECONDS = 18.0
_GRACE_SECONDS = 5

# By one of these a folder that is not empty is known for an account's.
_MARKS = ("lock", "databases", "logs")
_DEEPEST = 50_000
# As much as _DEEPEST calls may need, those of compiled code too, which Python does not count one by
# one: beyond a thread's stack nothing is refused, the process ends. What is not used is not there.
_STACK_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True)
class Options:
    """How an account is run, by the command as by `flocon.Account`.

    password: None lets everybody in, on the loopback address only.
    """

    data: Path
    host: str = "127.0.0.1"
    port: int = 0
    user: str = "local"
    password: str | None = field(default=None, repr=False)
    idle_minutes: float = 240
    max_request_mb: float = 128
    log_statements: bool = False


class StartError(Exception):
    """No account is started with these options; the text says why, and what to do.

    taken: the port or the folder is another program's, now; otherwise the options are wrong.
    """

    def __init__(self, text: str, *, taken: bool = False) -> None:
        super().__init__(text)
        self.taken = taken


class Service:
    """Listens from here on, and opens the data folder. Raises StartError."""

    def __init__(self, options: Options) -> None:
        self._credentials = Credentials(options.user, options.password)
        listener = _listen(options.host, options.port)
        try:
            address, self.port = listener.getsockname()[:2]
            if not (self._credentials.required or ipaddress.ip_address(address).is_loopback):
                raise StartError(
                    f"{options.host} is open to other machines: set a password, or listen on"
                    " 127.0.0.1"
                )
            self.host = _reachable(options.host, address)
            self.account = _opened(options.data, self.host, self.port)
        except BaseException:
            listener.close()
            raise
        self._listener = listener
        self._app = App(
            self.account,
            credentials=self._credentials,
            idle_seconds=options.idle_minutes * 60,
            largest_request=int(options.max_request_mb * 1024 * 1024),
            log_statements=options.log_statements,
        )

    def connection_parameters(self) -> dict[str, Any]:
        """How a client reaches it; instead of a password that is secret stands `…`."""
        password = "…" if self._credentials.required else "local"
        return local_parameters(self.host, self.port, self._credentials.user.lower(), password)

    def http_server(
        self,
        started: Callable[[], None] = lambda: None,
        stuck: Callable[[], None] = lambda: None,
        kind: type[uvicorn.Server] = uvicorn.Server,
    ) -> uvicorn.Server:
        """What `run` runs; `should_exit` ends it. started: called when clients get answers.
        stuck: called when something cannot be ended, which is left behind."""
        scheduler = Scheduler(self.account.stores, self.account.open_session)

        def start() -> None:
            scheduler.start()
            started()

        def stop() -> None:
            ended = False
            try:
                self._app.close()
                scheduler.close()
                ended = self.account.close()
            except Exception:
                logger.exception("the account could not be stopped in order")
            if not ended:
                stuck()

        fast = self.account.stores.engine.fast
        config = uvicorn.Config(
            self._app.routed(lifespan_of(start, stop)),
            log_config=None,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            lifespan="on",
            loop="auto" if fast else "asyncio",
            http=BoundedHeads if fast else "h11",
            ws="none",
        )
        return kind(config)

    def run(self, server: uvicorn.Server) -> None:
        """Serve until the server is told to end; everything is in the files then."""
        try:
            server.run(sockets=[self._listener])
        finally:
            self._listener.close()


def _opened(data: Path, host: str, port: int) -> Account:
    try:
        if data.exists() and not data.is_dir():
            raise StartError(f"{data} cannot be the data folder: it is a file")
        # An account makes everything in its folder private: it must not be somebody's home.
        if data.exists() and any(data.iterdir()) and not any((data / m).exists() for m in _MARKS):
            raise StartError(f"{data} has files in it that are no account's: choose an empty one")
        return Account(data, host, port)
    except BlockingIOError:
        raise StartError(
            f"{data} is in use by another account: stop it or choose another folder", taken=True
        ) from None
    except OSError as error:
        raise StartError(f"{data} cannot be the data folder: {error.strerror or error}") from error


def _reachable(host: str, address: str) -> str:
    """Where procedures of this machine find the account: no program connects to 0.0.0.0."""
    parsed = ipaddress.ip_address(address)
    if parsed.is_unspecified:
        host = "127.0.0.1" if parsed.version == 4 else "::1"
    return f"[{host}]" if ":" in host else host


def _listen(host: str, port: int) -> socket.socket:
    """asyncio sends small answers at once only on a socket that says that it is TCP."""
    kind = socket.SOCK_STREAM
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=kind, flags=socket.AI_PASSIVE)[0]
        listener = socket.socket(family, kind, socket.IPPROTO_TCP)
    except OSError as error:
        raise StartError(f"cannot listen on {host}: {error.strerror}") from error
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(512)
    except OSError as error:
        listener.close()
        raise StartError(
            f"cannot listen on {host}:{port}: {error.strerror}; port 0 takes a free one", taken=True
        ) from error
    return listener


class _DeepStatements:
    """While one is entered, threads that start can read statements that are nested deeply: some
    twenty calls for each parenthesis. Settings of the process, put back when all have been left."""

    _lock = threading.Lock()
    _entered = 0
    _before = (0, 0)

    @classmethod
    @contextlib.contextmanager
    def allowed(cls) -> Iterator[None]:
        with cls._lock:
            if cls._entered == 0:
                cls._before = (sys.getrecursionlimit(), threading.stack_size(_STACK_BYTES))
                sys.setrecursionlimit(max(_DEEPEST, cls._before[0]))
            cls._entered += 1
        try:
            yield
        finally:
            with cls._lock:
                cls._entered -= 1
                if cls._entered == 0:
                    sys.setrecursionlimit(cls._before[0])
                    threading.stack_size(cls._before[1])


deep_statements_allowed = _DeepStatements.allowed


def quieten_libraries() -> None:
    """What sqlglot cannot say in DuckDB's SQL is an error here, or harmless (comments)."""
    sqlglot = logging.getLogger("sqlglot")
    if sqlglot.level == logging.NOTSET:
        sqlglot.setLevel(logging.ERROR)
