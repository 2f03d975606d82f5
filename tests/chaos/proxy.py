"""A TCP proxy before the account, which can lose the answer to a statement."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

HEAD_END = b"\r\n\r\n"
HOST = "127.0.0.1"
WATCH_SECONDS = 0.01


@dataclass
class Trap:
    """Waits for the next statement that begins with `word`; its answer never reaches the client.

    `sprung` is set once the account has answered, so the statement took effect. The connection
    stays open, without an answer, until `release`.
    """

    word: str
    sprung: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)


class Proxy:
    """Forwards HTTP requests, one connection to the account for each of the client's."""

    def __init__(self, account_port: int) -> None:
        self.account_port = account_port
        self._traps: list[Trap] = []
        self._lock = threading.Lock()
        self._stop: Callable[[], object] = lambda: None
        self.port = 0

    @contextlib.contextmanager
    def running(self) -> Iterator[Proxy]:
        """Serve from a thread of its own, on a free port, while inside."""
        ready = threading.Event()
        thread = threading.Thread(target=lambda: asyncio.run(self._run(ready)), name="proxy")
        thread.start()
        ready.wait()
        try:
            yield self
        finally:
            self._stop()
            thread.join()

    def set_trap(self, word: str) -> Trap:
        trap = Trap(word.upper())
        with self._lock:
            self._traps.append(trap)
        return trap

    def remove_trap(self, trap: Trap) -> None:
        with self._lock, contextlib.suppress(ValueError):
            self._traps.remove(trap)

    async def _run(self, ready: threading.Event) -> None:
        loop, stopped = asyncio.get_running_loop(), asyncio.Event()
        self._stop = lambda: loop.call_soon_threadsafe(stopped.set)
        server = await asyncio.start_server(self._serve, HOST, 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await stopped.wait()
        server.close()

    async def _serve(self, client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        account = None
        try:
            while True:
                head, body = await _read_message(client)
                if account is None:
                    account = await asyncio.open_connection(HOST, self.account_port)
                account[1].write(head + body)
                trap = self._take_trap(head, body)
                answer = b"".join(await _read_message(account[0]))
                if trap:
                    await _hold(trap)
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

    def _take_trap(self, head: bytes, body: bytes) -> Trap | None:
        with self._lock:
            if not self._traps:
                return None
            sql = statement(head, body)
            for trap in self._traps:
                if sql.startswith(trap.word):
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
