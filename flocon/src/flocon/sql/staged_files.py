"""PUT, GET, LIST and REMOVE. They name addresses: as SQL, their // and /* would begin comments."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flocon.core import errors
from flocon.sql.tokens import Tokens

_TEXT = r"'(?:[^'\\\\]|''|\\\\.)*'|\S+"
_TRANSFER = re.compile(rf"\w+\s+({_TEXT})\s+({_TEXT})\s*(.*)", re.S)
_ONE_PLACE = re.compile(rf"\w+\s+({_TEXT})\s*(.*)", re.S)
_OPTION = re.compile(r"(\w+)\s*=\s*('[^']*'|\w+)\s*,?\s*", re.S)


@dataclass(frozen=True)
class FileStatement:
    """PUT and GET have a source and a target, LIST and REMOVE a place (source) alone."""

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


def _options(text: str, known: Sequence[str]) -> dict[str, str]:
    """NAME = value …; an unknown name is Snowflake's 001003."""
    found = {}
    while text:
        match = _OPTION.match(text)
        if match is None or match[1].upper() not in known:
            raise errors.syntax(0, text.split()[0])
        value = match[2]
        found[match[1].upper()] = value[1:-1] if value.startswith("'") else value
        text = text[match.end() :]
    return found


def unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'").replace("\\'", "'") if text.startswith("'") else text
