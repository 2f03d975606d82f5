"""Places in stages: @[database.][schema.]stage[/path], @%table[/path], snow://streamlit/name/path.

https://docs.snowflake.com/en/sql-reference/sql/list
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flocon.core import errors
from flocon.sql.tokens import FullName, Name, Tokens

if TYPE_CHECKING:
    from flocon.session.session import Session

_NAME = r'(?:"(?:[^"]|"")*"|[A-Za-z_][\w$]*)'
_STAGE = re.compile(rf"@((?:{_NAME}\.){{0,2}})(%?)({_NAME})(?:/(.*))?", re.S)
_LONGEST_PART = 255
_VERSIONED = re.compile(rf"snow://streamlit/((?:{_NAME}\.){{0,2}}{_NAME})(/.*)?", re.S | re.I)


@dataclass(frozen=True)
class StageLocation:
    """folder: the stage's files. path: where in it, '' for all. label: what LIST puts before.
    of_table: whose stage it is, if it is a table's."""

    folder: Path
    path: str
    label: str
    of_table: tuple[str, str, str] | None = None

    def files(self, pattern: str | None = None) -> list[tuple[str, Path]]:
        """The files whose path starts with this location's, by name as LIST shows them.

        pattern: a regular expression that the whole path inside the stage has to match.
        """
        found = []
        for file in sorted(file for file in self.folder.rglob("*") if _is_own(file)):
            relative = file.relative_to(self.folder).as_posix()
            if relative.startswith(self.path) and (
                pattern is None or re.fullmatch(pattern, relative, re.S)
            ):
                found.append((self.label + relative, file))
        return found


def _is_own(file: Path) -> bool:
    """A link is no staged file: what it leads to may be anybody's."""
    return file.is_file() and not file.is_symlink()


def versioned_folder(session: Session, name: FullName) -> Path:
    """Where a Streamlit app's own files are, its versions included."""
    return session.account.engine.stages.app(name.database, name.schema, name.name)


def stage_location(session: Session, text: str) -> StageLocation:
    """Reads a location as PUT, GET, LIST, REMOVE and COPY INTO take it, in quotes or without.

    Raises 001003 for what is none, 002003 where there is no such stage, 000002 for @~.
    """
    if text.startswith("'"):
        text = text[1:-1].replace("''", "'").replace("\\'", "'")
    if text.startswith("@~"):
        raise errors.unsupported("user stage @~")
    if match := _VERSIONED.fullmatch(text):
        name = session.resolve(Tokens(match[1]).name())
        if not session.catalog(name.database).rows(
            "SELECT 1 FROM _account_streamlits WHERE (schema_name, name) = (?, ?)",
            [name.schema, name.name],
        ):
            raise errors.does_not_exist("Streamlit", name)
        folder = versioned_folder(session, name)
        return StageLocation(folder, _inside(folder, (match[2] or "").lstrip("/")), "/")
    match = _STAGE.fullmatch(text)
    if match is None:
        raise errors.compilation(errors.SYNTAX, f"invalid stage location '{text}'")
    written = Tokens(match[1] + match[3]).name()
    full = session.resolve(written)
    path = (match[4] or "").lstrip("/")
    if match[2]:
        folder, of_table = _table_folder(session, full), (full.database, full.schema, full.name)
        return StageLocation(folder, _inside(folder, path), "", of_table)
    folder = _stage_folder(session, full)
    return StageLocation(folder, _inside(folder, path), f"{full.name.lower()}/")


def _stage_folder(session: Session, name: FullName) -> Path:
    """Where a stage's files are; raises 002003 where there is no such stage."""
    found = session.connection.values(
        "SELECT 1 FROM _fs_global._fs_information_schema._fs_stages"
        " WHERE database_name = ? AND schema_name = ? AND name = ?",
        [name.database, name.schema, name.name],
    )
    if not found:
        raise errors.does_not_exist("Stage", name)
    return session.account.engine.stages.stage(name.database, name.schema, name.name)


def _table_folder(session: Session, name: FullName) -> Path:
    if session.relation_kind(name) != "TABLE":
        raise errors.does_not_exist("Table", name)
    return session.account.engine.stages.table(name.database, name.schema, name.name)


def named_place(text: str) -> tuple[str, Name]:
    """Whose files a location names: STAGE, TABLE or STREAMLIT, and the name as written."""
    if text.startswith("'"):
        text = text[1:-1].replace("''", "'").replace("\\'", "'")
    if text.startswith("@~"):
        raise errors.unsupported("user stage @~")
    if match := _VERSIONED.fullmatch(text):
        return "STREAMLIT", Tokens(match[1]).name()
    match = _STAGE.fullmatch(text)
    if match is None:
        raise errors.compilation(errors.SYNTAX, f"invalid stage location '{text}'")
    return "TABLE" if match[2] else "STAGE", Tokens(match[1] + match[3]).name()


def _inside(folder: Path, path: str) -> str:
    """Raises 001003 for a path that leads out of the stage, 000002 for one with a name that no
    file can have here."""
    if any(len(part.encode("utf-8", "replace")) > _LONGEST_PART for part in path.split("/")):
        raise errors.unsupported(
            f"a path in a stage with more than {_LONGEST_PART} bytes in a name"
        )
    if "\0" in path or not (folder / path).resolve().is_relative_to(folder.resolve()):
        raise errors.compilation(errors.SYNTAX, f"invalid path in a stage: {path!r}")
    return path
