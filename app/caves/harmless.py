"""Text from outside, made safe for a terminal: control characters are printed as escapes.

An event's fields, names of objects and messages of servers hold anything that somebody wrote:
escape sequences, line breaks that forge a row, marks that turn the direction of writing around.
"""

import json
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment


def harmless(text: str) -> str:
    """The text on one line; each character that is not printable as its escape, such as `\\x1b`."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def harmless_lines(text: str) -> str:
    """The same, where the line breaks are our own."""
    return "\n".join(harmless(line) for line in text.split("\n"))


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def as_json(value: Any, encoding: str, indent: int | None = 2) -> str:
    """Exact data as JSON that `encoding` has the characters for; what is not printable is escaped,
    as JSON does it."""
    text = json.dumps(value, default=str, ensure_ascii=False, indent=indent)
    return "\n".join(
        line if line.isprintable() and _fits(line, encoding) else _in_json(line, encoding)
        for line in text.split("\n")
    )


def _in_json(line: str, encoding: str) -> str:
    """Only strings hold such characters, and there JSON takes an escape for each."""
    return "".join(
        each if each.isprintable() and _fits(each, encoding) else json.dumps(each)[1:-1]
        for each in line
    )


def _fits(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


class HarmlessConsole(Console):
    """A console whose text cannot control the terminal; only its own styles can.

    This is the last place before the terminal. Table cells are made safe before, by
    `tables.cell`, so that their width is right.
    """

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(harmless_lines(segment.text), segment.style)

    def on_broken_pipe(self) -> None:
        """Leave it to the command, which knows what to say and its exit code."""
        raise BrokenPipeError
