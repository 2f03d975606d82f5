"""Files in stages: PUT, GET, LIST, REMOVE, COPY FILES."""

from __future__ import annotations

import email.utils
import hashlib
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa

from flocon.access.demands import nothing
from flocon.access.trees import staged
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.session.context import Context
from flocon.session.stage_location import stage_location
from flocon.session.statements import Kind
from flocon.sql.stage_location import named_place
from flocon.sql.staged_files import FileStatement, read_copy, reading, unquoted


def put_files(context: Context, statement: FileStatement, binds: Sequence[Any]) -> Result:
    """PUT file://… @stage[/path]: tells the client where to write; the client writes.

    https://docs.snowflake.com/en/sql-reference/sql/put
    """
    options = statement.options
    target = str(binds[0]) if statement.target == "?" else statement.target
    _require(context, target, "WRITE")
    place = stage_location(context, target)
    folder = place.folder / place.path
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise errors.unsupported(f"a staged file below another one: '{place.path}'") from None
    return _transfer(
        {
            "command": "UPLOAD",
            "src_locations": [_local_path(statement.source)],
            "autoCompress": statement.boolean("AUTO_COMPRESS", True),
            "sourceCompression": options.get("SOURCE_COMPRESSION", "auto_detect").lower(),
            "overwrite": statement.boolean("OVERWRITE", False),
        },
        _stage(context, folder, writes=True),
    )


def get_files(context: Context, statement: FileStatement, binds: Sequence[Any]) -> Result:
    """GET @stage[/path] file://…: tells the client which files to fetch.

    https://docs.snowflake.com/en/sql-reference/sql/get
    """
    source = str(binds[0]) if statement.source == "?" else statement.source
    _require(context, source, "READ")
    place = stage_location(context, source)
    files = [file for _, file in place.files(statement.options.get("PATTERN"))]
    return _transfer(
        {
            "command": "DOWNLOAD",
            "src_locations": [file.relative_to(place.folder).as_posix() for file in files],
            "localLocation": _local_path(statement.target),
            "encryptionMaterial": [],
        },
        _stage(context, place.folder, writes=False),
    )


def _require(context: Context, location: str, privilege: str) -> None:
    for need in staged(location, context, privilege):
        context.access.require(need)


def _local_path(text: str) -> str:
    """file://… as a path of the client's machine."""
    text = unquoted(text)
    if not text.lower().startswith("file://"):
        raise errors.compilation(errors.SYNTAX, f"'{text}' is not a file:// location")
    path = unquote(text[len("file://") :]) if "%" in text else text[len("file://") :]
    return path.removeprefix("localhost")


def _stage(context: Context, folder: Path, *, writes: bool) -> dict[str, Any]:
    """Where the client writes or reads: a folder of this machine or, for clients that know cloud
    storage alone, an address that answers as Google's storage does (`flocon.http.files`)."""
    if context.files_address is None:
        return {"locationType": "LOCAL_FS", "location": f"{folder}/", "creds": {}}
    return {
        "locationType": "GCS",
        "location": "files/",
        "region": "LOCAL",
        "endPoint": context.files_address,
        "isClientSideEncrypted": False,
        "creds": {"GCS_ACCESS_TOKEN": context.account.transfers.offer(folder, writes=writes)},
    }


def _transfer(command: dict[str, Any], stage: dict[str, Any]) -> Result:
    """The answer that a client's file transfer acts on."""
    put = {**command, "stageInfo": stage, "parallel": 4}
    return Result(pa.table({}), [], result.UNKNOWN, put=put)


_LISTED = {"name": "VARCHAR", "size": "BIGINT", "md5": "VARCHAR", "last_modified": "VARCHAR"}


def list_files(context: Context, statement: FileStatement) -> Result:
    """LIST @stage[/path] [PATTERN = '…']. https://docs.snowflake.com/en/sql-reference/sql/list"""
    rows = []
    for name, file in _files(context, statement, "READ"):
        content = file.read_bytes()
        changed = email.utils.formatdate(file.stat().st_mtime, usegmt=True)
        rows.append([name, len(content), hashlib.md5(content).hexdigest(), changed])
    return result.of(_LISTED, rows)


def remove_files(context: Context, statement: FileStatement) -> Result:
    """REMOVE @stage[/path] [PATTERN = '…']: each removed file has a row in the answer.

    https://docs.snowflake.com/en/sql-reference/sql/remove
    """
    rows = []
    for name, file in _files(context, statement, "WRITE"):
        file.unlink()
        rows.append([name, "removed"])
    return result.of({"name": "VARCHAR", "result": "VARCHAR"}, rows)


def copy_files(context: Context, statement: FileStatement) -> Result:
    """COPY FILES INTO @stage[/path/] FROM @stage[/path]: what is below the source's last slash is
    below the target; a file of the same name is replaced. Answers the files' names in the target's
    stage.

    https://docs.snowflake.com/en/sql-reference/sql/copy-files
    """
    for written in (statement.source, statement.target):
        named = named_place(written)
        if named is None or named[0] != "STAGE":
            raise errors.unsupported(f"COPY FILES from or to {written}: only between named stages")
    target = stage_location(context, statement.target)
    _require(context, statement.target, "WRITE")
    source = stage_location(context, statement.source)
    above = source.path.rpartition("/")[0]
    files = {
        file.relative_to(source.folder / above).as_posix(): file
        for _, file in _files(context, statement, "READ")
    }
    if statement.files is not None:
        files = {name: _named(files, name) for name in statement.files}
    copied = []
    for name, file in files.items():
        place = target.folder / target.path / name
        _copy(file, place, context.account.data / "uploads")
        copied.append(place.relative_to(target.folder).as_posix())
    if statement.boolean("DETAILED_OUTPUT", True):
        return result.of({"file": "VARCHAR"}, [[name] for name in copied])
    return result.of({"numOfFilesCopied": "BIGINT"}, [[len(files)]])


def _named(files: Mapping[str, Path], name: str) -> Path:
    if name not in files:
        raise errors.SnowflakeError(errors.NO_SUCH_FILE, f"Remote file '{name}' was not found.")
    return files[name]


def _copy(file: Path, target: Path, unfinished: Path) -> None:
    """At once: who reads the target meanwhile sees the old file or the new one, whole."""
    unfinished.mkdir(mode=0o700, exist_ok=True)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=unfinished) as beside:
            copied = Path(beside) / "file"
            shutil.copyfile(file, copied)
            copied.replace(target)
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise errors.unsupported(f"a staged file below another one: '{target.name}'") from None


def _files(context: Context, statement: FileStatement, privilege: str) -> list[tuple[str, Path]]:
    _require(context, statement.source, privilege)
    return stage_location(context, statement.source).files(statement.options.get("PATTERN"))


_PUT = reading("PARALLEL", "AUTO_COMPRESS", "SOURCE_COMPRESSION", "OVERWRITE", places=2)
_GET = reading("PARALLEL", "PATTERN", places=2)
_FILES = reading("PATTERN")

STATEMENTS = (
    Kind(("PUT",), _PUT, put_files, nothing, with_binds=True),
    Kind(("GET",), _GET, get_files, nothing, with_binds=True),
    Kind(("LIST",), _FILES, list_files, nothing),
    Kind(("LS",), _FILES, list_files, nothing),
    Kind(("REMOVE",), _FILES, remove_files, nothing),
    Kind(("RM",), _FILES, remove_files, nothing),
    Kind(("COPY", "FILES"), read_copy, copy_files, nothing),
)
