"""Where a command writes: results to stdout, progress and errors to stderr."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape

from app.caves.harmless import HarmlessConsole, as_json
from connections.proxies import without_credentials

# Where there is no terminal: programs and files get each row on one line.
PLAIN_WIDTH = 10_000
# Seconds without output after which a terminal shows that the work goes on, and again after twice
# as long; a log file only after some progress was printed, and later.
SILENT_SECONDS, SILENT_SECONDS_IN_LOGS = 2.0, 10.0


# Takes a line about what is going on.
Progress = Callable[[str], None]


class Screen:
    """Where a command writes: results for people or for programs, and its progress.

    Everything that is printed through it, or through its consoles, is safe for a terminal.
    """

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.results = _console(stderr=False)
        self.errors = _console(stderr=True)
        self._last: str | None = None
        self._since = time.monotonic()
        self._asking = threading.Event()

    def progress(self, text: str) -> None:
        self._last, self._since = text, time.monotonic()
        self._print_progress(text)

    def _print_progress(self, text: str) -> None:
        text = without_credentials(text)
        self.errors.print(f"[dim]{datetime.now():%H:%M:%S}[/] {escape(text)}", soft_wrap=True)

    @contextmanager
    def heartbeat(self, what: str) -> Iterator[None]:
        """While the block prints nothing for long, show what is being done, and for how long."""
        self._last, self._since = (what if sys.stderr.isatty() else None), time.monotonic()
        ended = threading.Event()
        thread = threading.Thread(target=self._beat, args=(ended,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def rest(self) -> None:
        """What follows may take any time: no heartbeat until the next progress."""
        self._last = None

    def _beat(self, ended: threading.Event) -> None:
        first = SILENT_SECONDS if sys.stderr.isatty() else SILENT_SECONDS_IN_LOGS
        since, wait = self._since, first
        while not ended.wait(0.2):
            if self._since != since:
                since, wait = self._since, first
            silent = time.monotonic() - since
            if silent >= wait and self._last and not self._asking.is_set():
                self._print_progress(f"{self._last}: {silent:.0f} s so far")
                wait *= 2

    def ask(self, question: str) -> str:
        """What the user types; the heartbeat is silent until then."""
        self._asking.set()
        try:
            self.errors.print(question, end="")
            return input().strip()
        finally:
            self._since = time.monotonic()
            self._asking.clear()

    def error(self, text: str) -> None:
        text = without_credentials(text)
        self.errors.print(f"[bold red]caves:[/] {escape(text)}", soft_wrap=True, highlight=False)

    def details(self, text: str) -> None:
        """The details behind an error, line by line, as --debug prints them."""
        text = without_credentials(text.rstrip())
        self.errors.print(text, markup=False, highlight=False, soft_wrap=True)

    def json(self, value: Any, indent: int | None = 2) -> None:
        """Exact data, as JSON that stdout's encoding has the characters for."""
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        sys.stdout.write(as_json(value, encoding, indent) + "\n")


def _console(stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PLAIN_WIDTH
    return HarmlessConsole(stderr=stderr, width=width, highlight=False)
