"""Directory tables of stages: the files that the last refresh has found, as rows.

https://docs.snowflake.com/en/user-guide/data-load-dirtables
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import quote

from flocon.core import errors, result
from flocon.core.clock import utc_now
from flocon.core.result import Result
from flocon.session.context import Context
from flocon.session.stage_location import stage_location
from flocon.sql.stage_location import StageLocation, named_place
from flocon.sql.tokens import FullName
from flocon.stores import stages
from flocon.stores.stages import StagedFile


def enable(context: Context, stage: FullName, *, enabled: bool) -> None:
    """A stage gets its directory table, or none; one that it has keeps its rows."""
    tables = context.catalog(stage.database)
    with context.account.lock:
        kept = stages.find(tables, stage.schema, stage.name)
        rows = (kept.directory or {}) if enabled else None
        stages.put(tables, replace(kept, directory=rows))
    context.connection.values_beside(
        "UPDATE _fs_global._fs_information_schema._fs_stages SET directory_enabled = ?"
        " WHERE (database_name, schema_name, name) = (?, ?, ?)",
        ["Y" if enabled else "N", stage.database, stage.schema, stage.name],
    )


# --- ALTER STAGE … REFRESH -----------------------------------------------------------------------

_COLUMNS = dict.fromkeys(("file", "status", "description"), "VARCHAR")
_SAID = {
    "REGISTERED_NEW": "File registered successfully.",
    "REGISTERED_UPDATE": "File registered successfully.",
    "UNREGISTERED": "File unregistered successfully.",
}


def refresh(context: Context, stage: FullName, subpath: str) -> Result:
    """Take up what has changed below a path, '' for all; a row for each file that has.

    https://docs.snowflake.com/en/sql-reference/sql/alter-stage
    """
    tables = context.catalog(stage.database)
    folder = context.account.engine.stages.stage(stage.database, stage.schema, stage.name)
    with context.account.lock:
        known = rows_of(context, stage)
        found = _staged(StageLocation(folder, subpath, ""))
        before = {path: each for path, each in known.items() if path.startswith(subpath)}
        others = {path: each for path, each in known.items() if path not in before}
        kept = stages.find(tables, stage.schema, stage.name)
        now = replace(kept, directory={**others, **found}, refreshed_on=utc_now())
        stages.put(tables, now)
    rows = [
        [path, status, _SAID[status]]
        for path in sorted({*before, *found})
        if (status := _status(before.get(path), found.get(path)))
    ]
    return result.of(_COLUMNS, rows)


def _status(before: StagedFile | None, now: StagedFile | None) -> str | None:
    if before == now:
        return None
    if now is None:
        return "UNREGISTERED"
    return "REGISTERED_UPDATE" if before else "REGISTERED_NEW"


def _staged(place: StageLocation) -> dict[str, StagedFile]:
    return {
        path: StagedFile(
            file.stat().st_size,
            hashlib.md5(file.read_bytes()).hexdigest(),
            datetime.fromtimestamp(int(file.stat().st_mtime), UTC).isoformat(),
        )
        for path, file in place.files()
    }


def rows_of(context: Context, stage: FullName) -> Mapping[str, StagedFile]:
    """Raises 001007 where the stage has no directory table."""
    kept = stages.find(context.catalog(stage.database), stage.schema, stage.name)
    if kept.directory is None:
        raise errors.compilation(
            errors.COMPILATION, f"Stage '{stage.name}' does not have a directory table."
        )
    return kept.directory


# --- SELECT … FROM DIRECTORY(@stage) -------------------------------------------------------------


_ROWS = {
    "RELATIVE_PATH": "VARCHAR",
    "SIZE": "BIGINT",
    "LAST_MODIFIED": "TIMESTAMP WITH TIME ZONE",
    "MD5": "VARCHAR",
    "ETAG": "VARCHAR",
    "FILE_URL": "VARCHAR",
}
# By the account's name, as CURRENT_ACCOUNT() has it. Nothing answers there.
_FILES = "https://local.snowflakecomputing.com/api/files"


def rows(context: Context, location: str) -> Result:
    """https://docs.snowflake.com/en/user-guide/data-load-dirtables-query"""
    named = named_place(location)
    if named is None or named[0] != "STAGE":
        raise errors.compilation(errors.SYNTAX, f"invalid stage '{location}' of a directory table")
    full = context.resolve(named[1])
    stage_location(context, location)  # raises 002003 where there is no such stage
    place = "/".join(quote(each, safe="") for each in (full.database, full.schema, full.name))
    stage = context.held("STAGE", full)
    listed = [
        [
            path,
            each.size,
            datetime.fromisoformat(each.modified),
            each.md5,
            each.md5,
            f"{_FILES}/{place}/{quote(path)}",
        ]
        for path, each in sorted(rows_of(context, stage).items())
    ]
    return result.of(_ROWS, listed)


DIRECTORY_TABLE = rows
