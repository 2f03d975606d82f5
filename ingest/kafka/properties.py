"""Files of settings as Java's Properties writes them, and as everybody else does who means them.

A line is `name=value`, `name: value` or `name value`; one that begins with `#` or `!` is a comment,
and one that ends with a backslash goes on in the next. A backslash elsewhere begins an escape.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_ITSELF = "\\=:#! \"'"
_NAME_END = re.compile(r"(?<!\\)(\s*[=:]\s*|\s+)")


class BadLine(Exception):
    """A line that cannot be read; the text says what is wrong with it."""


@dataclass(frozen=True)
class Property:
    """One setting. `line` is where it begins, counted from 1."""

    name: str
    value: str
    line: int


def parse(text: str) -> Iterator[Property]:
    """The settings in their order. Raises BadLine, with the line's number in it."""
    for number, line in _logical_lines(text.removeprefix("\ufeff")):
        found = _NAME_END.search(line)
        if not found:
            raise BadLine(f"line {number}: expected name=value")
        name, value = line[: found.start()], line[found.end() :]
        if not name:
            raise BadLine(f"line {number}: expected name=value")
        yield Property(_unescaped(name, number), _unescaped(value, number).strip(), number)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines that say something, each with those that continue it."""
    begun: tuple[int, str] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if begun is None and (not stripped or stripped.startswith(("#", "!"))):
            continue
        first, before = begun or (number, "")
        if (len(stripped) - len(stripped.rstrip("\\"))) % 2:
            begun = first, before + stripped[:-1]
        else:
            begun = None
            yield first, before + stripped
    if begun is not None and begun[1]:
        yield begun


def _unescaped(text: str, line: int) -> str:
    def character(found: re.Match[str]) -> str:
        escape = found[1]
        if escape.startswith("u") and len(escape) == 5:
            return chr(int(escape[1:], 16))
        if escape in _ESCAPES:
            return _ESCAPES[escape]
        if escape and escape in _ITSELF:
            return escape
        raise BadLine(f"line {line}: a backslash is written twice in such a file")

    return re.sub(r"\\(u[0-9a-fA-F]{4}|.?)", character, text)
