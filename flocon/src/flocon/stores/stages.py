"""What the account keeps of a stage besides its files and what SHOW STAGES says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flocon.engine import StoredObjects, Tables


@dataclass(frozen=True)
class StagedFile:
    """A file as it was when it was registered."""

    size: int
    md5: str
    modified: str


@dataclass(frozen=True)
class Stage:
    """file_format: its options, FORMAT_NAME among them, where the stage has a format of its own.
    directory: the rows of its directory table, by the files' paths; None where it has none."""

    schema: str
    name: str
    file_format: Mapping[str, Any] = field(default_factory=dict)
    directory: Mapping[str, StagedFile] | None = None
    refreshed_on: datetime | None = None


def _read(fields: dict[str, Any]) -> Stage:
    files = fields.pop("directory")
    rows = None if files is None else {path: StagedFile(**each) for path, each in files.items()}
    return Stage(directory=rows, **fields)


_STAGES = StoredObjects("STAGE", _read, times=("refreshed_on",))


def find(tables: Tables, schema: str, name: str) -> Stage:
    """What is kept of a stage; nothing is kept of most."""
    return _STAGES.find(tables, schema, name) or Stage(schema, name)


def put(tables: Tables, stage: Stage) -> None:
    _STAGES.put(tables, stage)


def forget(tables: Tables, schema: str, name: str) -> None:
    _STAGES.delete(tables, schema, name)
