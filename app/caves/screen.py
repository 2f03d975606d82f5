"""Where a command writes: results to stdout, progress and errors to stderr."""

import json
import sys
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.markup import escape

PLAIN_WIDTH = 140


class Screen:
    """Where a command writes: results for people or for programs, and its progress."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.results = _console(stderr=False)
        self.errors = _console(stderr=True)

    def progress(self, text: str) -> None:
        self.errors.print(f"[dim]{datetime.now():%H:%M:%S}[/] {escape(text)}", soft_wrap=True)

    def error(self, text: str) -> None:
        self.errors.print(f"[bold red]caves:[/] {escape(text)}", soft_wrap=True, highlight=False)

    def json(self, value: Any) -> None:
        sys.stdout.write(json.dumps(value, default=str, ensure_ascii=False, indent=2) + "\n")


def _console(stderr: bool) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    return Console(stderr=stderr, width=None if stream.isatty() else PLAIN_WIDTH, highlight=False)
