"""Places in stages: @[database.][schema.]stage[/path], @%table[/path], @~[/path],
snow://streamlit/name/path.

https://docs.snowflake.com/en/sql-reference/sql/list
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flocon.core import errors
from flocon.sql.tokens import Name, Tokens

_NAME = r'(?:"(?:[^"]|"")*"|[A-Za-z_][\w$]*)'
_STAGE = re.compile(rf"@((?:{_NAME}\.){{0,2}})(%?)({_NAME})(?:/(.*))?", re.S)
OF_USER = re.compile(r"@~(?:/(.*))?", re.S)
VERSIONED = re.compile(rf"snow://streamlit/((?:{_NAME}\.){{0,2}}{_NAME})(/.*)?", re.S | re.I)


@dataclass(frozen=True)
class StageLocation:
    """folder: the stage's files. path: where in it, '' for all. label: what LIST puts before.
    of_table: whose stage it is, if it is a table's. file_format: options of the stage's own."""

    folder: Path
    path: str
    label: str
    of_table: tuple[str, str, str] | None = None
    file_format: Mapping[str, Any] = field(default_factory=dict)

    def files(self, pattern: str | None = None) -> list[tuple[str, Path]]:
        """The files whose path starts with this location's, by name as LIST shows them.

        pattern: a regular expression that the whole path has to match, which has a part before the
        path inside the stage.
        """
        found = []
        for file in sorted(file for file in self.folder.rglob("*") if _is_own(file)):
            relative = file.relative_to(self.folder).as_posix()
            if relative.startswith(self.path) and (
                pattern is None or re.fullmatch(pattern, f"-/{relative}", re.S)
            ):
                found.append((self.label + relative, file))
        return found

    def filename(self, file: Path) -> str:
        """METADATA$FILENAME: the path in the stage, behind the table's name in a table's stage."""
        relative = file.relative_to(self.folder).as_posix()
        return f"@{_written(self.of_table[2])}/{relative}" if self.of_table else relative


def parts_of_stage(text: str) -> tuple[str, str, str, str] | None:
    """Where the stage is (with its dots), % for a table's, its name, and the path in it.

    Each part of a location may be in quotes of its own: @"S"."%T"/"path".
    """
    match = _STAGE.fullmatch(text)
    if match is None:
        return None
    place, of_table, name, path = match[1], match[2], match[3], match[4] or ""
    if name.startswith('"%'):
        of_table, name = "%", f'"{name[2:]}'
    if '"' in path:
        path = "/".join(_unquoted(part) for part in path.split("/"))
    return place, of_table, name, path.lstrip("/")


def _written(name: str) -> str:
    """As an identifier is written."""
    plain = re.fullmatch(r"[A-Z_][A-Z0-9_$]*", name)
    return name if plain else '"' + name.replace('"', '""') + '"'


def _unquoted(part: str) -> str:
    quoted = len(part) > 1 and part.startswith('"') and part.endswith('"')
    return part[1:-1].replace('""', '"') if quoted else part


def _is_own(file: Path) -> bool:
    """A link is no staged file: what it leads to may be anybody's."""
    return file.is_file() and not file.is_symlink()


def named_place(text: str) -> tuple[str, Name] | None:
    """Whose files a location names: STAGE, TABLE or STREAMLIT, and the name as written; None for
    the user's own."""
    if text.startswith("'"):
        text = text[1:-1].replace("''", "'").replace("\\'", "'")
    if OF_USER.fullmatch(text):
        return None
    if match := VERSIONED.fullmatch(text):
        return "STREAMLIT", Tokens(match[1]).name()
    parts = parts_of_stage(text)
    if parts is None:
        raise errors.compilation(errors.SYNTAX, f"invalid stage location '{text}'")
    place, of_table, name, _ = parts
    return "TABLE" if of_table else "STAGE", Tokens(place + name).name()
