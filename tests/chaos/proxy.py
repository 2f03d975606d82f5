"""A TCP proxy before the account, which can hold the answer to a statement, or lose it."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

HEAD_END = b"\r\n\r\n"
HOST = "127.0.0.1"
WATCH_SECONDS = 0.01


@dataclass
class Trap:
    """Waits for the next statement that begins with `word`, of one client or of any.

    `sprung` is set once the account has answered, so the statement took effect. The answer is held
    until `release`, and then lost with its connection, or delivered.
    """

    word: str
    client: int | None = None
    loses: bool = True
    sprung: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


class Proxy:
    """Forwards HTTP requests, one connection to the account for each of a client's.

    Each client has a port of its own, so that it is known who asks.
    """

    def __init__(self, account_port: int, clients: int) -> None:
        self.account_port = account_port
        self.ports: list[int] = []
        self._clients = clients
        self._traps: list[Trap] = []
        self._lock = threading.Lock()
        self._stop: Callable[[], object] = lambda: None

    @contextlib.contextmanager
    def running(self) -> Iterator[Proxy]:
        """Serve from a thread of its own, on free ports, while inside."""
        ready = threading.Event()
        thread = threading.Thread(target=lambda: asyncio.run(self._run(ready)), name="proxy")
        thread.start()
        ready.wait()
        try:
            yield self
        finally:
            self._stop()
            thread.join()

    def set_trap(self, word: str, client: int | None = None, loses: bool = True) -> Trap:
        trap = Trap(word.upper(), client, loses)
        with self._lock:
            self._traps.append(trap)
        return trap

    def remove_trap(self, trap: Trap) -> None:
        with self._lock, contextlib.suppress(ValueError):
            self._traps.remove(trap)

    async def _run(self, ready: threading.Event) -> None:
        loop, stopped = asyncio.get_running_loop(), asyncio.Event()
        self._stop = lambda: loop.call_soon_threadsafe(stopped.set)
        servers = [
            await asyncio.start_server(partial(self._serve, client), HOST, 0)
            for client in range(self._clients)
        ]
        self.ports = [server.sockets[0].getsockname()[1] for server in servers]
        ready.set()
        await stopped.wait()
        for server in servers:
            server.close()

    async def _serve(
        self, client: int, requests: asyncio.StreamReader, answers: asyncio.StreamWriter
    ) -> None:
        account = None
        try:
            while True:
                head, body = await _read_message(requests)
                if account is None:
                    account = await asyncio.open_connection(HOST, self.account_port)
                account[1].write(head + body)
                trap = self._take_trap(client, head, body)
                answer = await self._answer(account[0], trap)
                if trap:
                    await _hold(trap)
                    if trap.loses:
                        return
                answers.write(answer)
                await answers.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return
        finally:
            # No farewell: to the client this is a connection that broke.
            answers.transport.abort()
            if account is not None:
                account[1].transport.abort()

    async def _answer(self, account: asyncio.StreamReader, trap: Trap | None) -> bytes:
        """What the account answers. If it died instead, the trap waits for another statement."""
        try:
            return b"".join(await _read_message(account))
        except (OSError, asyncio.IncompleteReadError):
            with self._lock:
                if trap and not trap.released.is_set():
                    self._traps.append(trap)
            raise

    def _take_trap(self, client: int, head: bytes, body: bytes) -> Trap | None:
        with self._lock:
            if not self._traps:
                return None
            sql = statement(head, body)
            for trap in self._traps:
                if trap.client in (None, client) and sql.startswith(trap.word):
                    self._traps.remove(trap)
                    return trap
        return None


async def _hold(trap: Trap) -> None:
    trap.sprung.set()
    while not trap.released.is_set():
        await asyncio.sleep(WATCH_SECONDS)


async def _read_message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(HEAD_END)
    return head, await reader.readexactly(int(header(head, "Content-Length") or 0))


def header(head: bytes, name: str) -> str | None:
    """A header's value; names are compared without their case."""
    for line in head.decode("latin-1").split("\r\n")[1:]:
        key, _, value = line.partition(":")
        if key.strip().lower() == name.lower():
            return value.strip()
    return None


def statement(head: bytes, body: bytes) -> str:
    """The SQL text of a query request in upper case; empty for every other request."""
    if b"/queries/v1/query-request" not in head.split(b"\r\n", 1)[0]:
        return ""
    if header(head, "Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    return str(json.loads(body).get("sqlText", "")).strip().upper()
