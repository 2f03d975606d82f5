"""Where a command writes: results to stdout, progress and errors to stderr."""

import sys
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape

from app.caves.harmless import HarmlessConsole, as_json
from connections.proxies import without_credentials

PLAIN_WIDTH = 140


class Screen:
    """Where a command writes: results for people or for programs, and its progress.

    Whatever is printed through it, or through its consoles, is harmless to a terminal.
    """

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.results = _console(stderr=False)
        self.errors = _console(stderr=True)

    def progress(self, text: str) -> None:
        text = without_credentials(text)
        self.errors.print(f"[dim]{datetime.now():%H:%M:%S}[/] {escape(text)}", soft_wrap=True)

    def error(self, text: str) -> None:
        text = without_credentials(text)
        self.errors.print(f"[bold red]caves:[/] {escape(text)}", soft_wrap=True, highlight=False)

    def json(self, value: Any, indent: int | None = 2) -> None:
        """Exact data, as JSON that stdout's encoding has the characters for."""
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        sys.stdout.write(as_json(value, encoding, indent) + "\n")


def _console(stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PLAIN_WIDTH
    return HarmlessConsole(stderr=stderr, width=width, highlight=False)
