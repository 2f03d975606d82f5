"""PUT, GET, LIST, REMOVE and COPY FILES. They name addresses: as SQL, their // and /* would begin
comments."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flocon.core import errors
from flocon.sql.tokens import Tokens

_TEXT = r"'(?:[^'\\\\]|''|\\\\.)*'|\S+"
# Snowpark writes a comment behind the first word.
_FIRST = r"\w+(?:\s+|/\*.*?\*/)+"
_TRANSFER = re.compile(rf"{_FIRST}({_TEXT})\s+({_TEXT})\s*(.*)", re.S)
_ONE_PLACE = re.compile(rf"{_FIRST}({_TEXT})\s*(.*)", re.S)
_COPY = re.compile(rf"COPY\s+FILES\s+INTO\s+({_TEXT})\s+FROM\s+({_TEXT})\s*(.*)", re.S | re.I)
_STRING = r"'(?:[^'\\]|''|\\.)*'|\$\$.*?\$\$"
_LIST = rf"\((?:{_STRING}|[^()'])*\)"
_OPTION = re.compile(rf"(\w+)\s*=\s*({_STRING}|\w+|{_LIST})\s*,?\s*", re.S)
_NAMES = re.compile(_STRING, re.S)


@dataclass(frozen=True)
class FileStatement:
    """PUT, GET and COPY FILES have a source and a target, LIST and REMOVE a source alone."""

    source: str
    target: str
    options: dict[str, str]

    def boolean(self, name: str, default: bool) -> bool:
        """An option that is TRUE or FALSE."""
        value = self.options.get(name, str(default)).upper()
        if value not in ("TRUE", "FALSE"):
            raise errors.compilation(
                errors.PROPERTY_VALUE, f"Invalid value specified for property '{name}'"
            )
        return value == "TRUE"

    @property
    def files(self) -> list[str] | None:
        """FILES = ('…', …); None without it."""
        written = self.options.get("FILES")
        return (
            None if written is None else [Tokens(each).string() for each in _NAMES.findall(written)]
        )


def reading(*options: str, places: int = 1) -> Callable[[Tokens], FileStatement]:
    """Reads a statement with one or two places and these options."""
    pattern = _ONE_PLACE if places == 1 else _TRANSFER

    def read(tokens: Tokens) -> FileStatement:
        written = tokens.text[tokens.current.start :].rstrip().rstrip(";").rstrip()
        match = pattern.fullmatch(written)
        if match is None:
            raise errors.syntax(len(tokens.text), "<EOF>")
        found = _options(match[places + 1], options)
        return FileStatement(match[1], match[2] if places == 2 else "", found)

    return read


def read_copy(tokens: Tokens) -> FileStatement:
    """COPY FILES INTO place FROM place [FILES = (…)] [PATTERN = …] [DETAILED_OUTPUT = …]"""
    written = tokens.text[tokens.current.start :].rstrip().rstrip(";").rstrip()
    match = _COPY.fullmatch(written)
    if match is None:
        raise errors.syntax(len(tokens.text), "<EOF>")
    if match[2].startswith("("):
        raise errors.unsupported("COPY FILES from a query")
    options = _options(match[3], ("FILES", "PATTERN", "DETAILED_OUTPUT"))
    return FileStatement(match[2], match[1], options)


def _options(text: str, known: Sequence[str]) -> dict[str, str]:
    """NAME = value …; an unknown name is Snowflake's 001003."""
    found = {}
    while text:
        match = _OPTION.match(text)
        if match is None or match[1].upper() not in known:
            raise errors.syntax(0, text.split()[0])
        value = match[2]
        found[match[1].upper()] = Tokens(value).string() if value[0] in "'$" else value
        text = text[match.end() :]
    return found


def unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'").replace("\\'", "'") if text.startswith("'") else text
