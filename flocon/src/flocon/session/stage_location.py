"""Stage locations, found: the folder of a stage, a table, a user or a Streamlit app.

https://docs.snowflake.com/en/sql-reference/sql/list
"""

from __future__ import annotations

from pathlib import Path

from flocon.core import errors
from flocon.engine import is_stored
from flocon.session.context import Context
from flocon.sql.stage_location import OF_USER, VERSIONED, StageLocation, parts_of_stage
from flocon.sql.tokens import FullName, Tokens
from flocon.stores import stages

_LONGEST_PART = 255


def versioned_folder(context: Context, name: FullName) -> Path:
    """Where a Streamlit app's own files are, its versions included."""
    return context.account.engine.stages.app(name.database, name.schema, name.name)


def stage_location(context: Context, text: str) -> StageLocation:
    """Reads a location as PUT, GET, LIST, REMOVE and COPY INTO take it, in quotes or without.

    Raises 001003 for what is not a location, 002003 where there is no such stage.
    """
    if text.startswith("'"):
        text = text[1:-1].replace("''", "'").replace("\\'", "'")
    if match := OF_USER.fullmatch(text):
        folder = context.account.engine.stages.user(context.user)
        return StageLocation(folder, path_inside(folder, match[1] or ""), "")
    if match := VERSIONED.fullmatch(text):
        app = context.resolve(Tokens(match[1]).name())
        if not is_stored(context.catalog(app.database), "STREAMLIT", app.schema, app.name):
            raise errors.does_not_exist("Streamlit", app)
        folder = versioned_folder(context, app)
        return StageLocation(folder, path_inside(folder, (match[2] or "").lstrip("/")), "/")
    parts = parts_of_stage(text)
    if parts is None:
        raise errors.compilation(errors.SYNTAX, f"invalid stage location '{text}'")
    place, is_tables, name, path = parts
    full = context.resolve(Tokens(place + name).name())
    if is_tables:
        folder, of_table = _table_folder(context, full), (full.database, full.schema, full.name)
        return StageLocation(folder, path_inside(folder, path), "", of_table)
    label, full = f"{full.name.lower()}/", context.held("STAGE", full)
    folder = _stage_folder(context, full)
    kept = stages.find(context.catalog(full.database), full.schema, full.name)
    return StageLocation(folder, path_inside(folder, path), label, file_format=kept.file_format)


def is_stage(context: Context, name: FullName) -> bool:
    """name: as the account has it."""
    found = context.connection.values_beside(
        "SELECT 1 FROM _fs_global._fs_information_schema._fs_stages"
        " WHERE database_name = ? AND schema_name = ? AND name = ?",
        [name.database, name.schema, name.name],
    )
    return bool(found)


def _stage_folder(context: Context, name: FullName) -> Path:
    """Where a stage's files are; raises 002003 where there is no such stage."""
    if not is_stage(context, name):
        raise errors.does_not_exist("Stage", name)
    return context.account.engine.stages.stage(name.database, name.schema, name.name)


def _table_folder(context: Context, name: FullName) -> Path:
    if context.relation_kind(name) != "TABLE":
        raise errors.does_not_exist("Table", name)
    return context.account.engine.stages.table(name.database, name.schema, name.name)


def path_inside(folder: Path, path: str) -> str:
    """Raises 001003 for a path that leads out of the stage, 000002 for one with a name that no
    file can have here."""
    if any(len(part.encode("utf-8", "replace")) > _LONGEST_PART for part in path.split("/")):
        raise errors.unsupported(
            f"a path in a stage with more than {_LONGEST_PART} bytes in a name"
        )
    if "\0" in path or not (folder / path).resolve().is_relative_to(folder.resolve()):
        raise errors.compilation(errors.SYNTAX, f"invalid path in a stage: {path!r}")
    return path
