"""What the account keeps of objects that it does not hold itself: of databases, schemas, tables,
views and sequences, which DuckDB has, and of the account as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from flocon.core.clock import utc_now
from flocon.engine import StoredObjects, Tables


@dataclass(frozen=True)
class Note:
    """schema: '' for an object that is not in a schema. properties: by Snowflake's names, what
    listings show and nothing here depends on. query: of a view that asks the account itself."""

    name: str
    schema: str = ""
    comment: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    query: str | None = None
    created_on: datetime = field(default_factory=utc_now)
    altered_on: datetime | None = None


_KINDS = ("ACCOUNT", "DATABASE", "SCHEMA", "SEQUENCE", "TABLE", "VIEW")
_NOTES = {
    kind: StoredObjects(kind, lambda fields: Note(**fields), times=("created_on", "altered_on"))
    for kind in _KINDS
}


def put(tables: Tables, kind: str, note: Note) -> None:
    """An object came to be, perhaps in the place of another."""
    _NOTES[kind].put(tables, note)


def find(tables: Tables, kind: str, *path: str) -> Note | None:
    return _NOTES[kind].find(tables, *path)


def every(tables: Tables, kind: str) -> dict[tuple[str, str], Note]:
    """Those of a database, by schema and name."""
    return {(note.schema, note.name): note for note in _NOTES[kind].all(tables)}


def altered(
    tables: Tables, kind: str, *path: str, properties: Mapping[str, str] | None = None
) -> None:
    """An object was altered, perhaps its properties; an empty value removes one."""
    schema, name = path if len(path) > 1 else ("", *path)
    note = find(tables, kind, *path) or Note(name, schema)
    values = {**note.properties, **(properties or {})}
    kept = {key: value for key, value in values.items() if value}
    put(tables, kind, replace(note, properties=kept, altered_on=utc_now()))


def commented(tables: Tables, kind: str, *path: str, text: str) -> None:
    """An object has this comment from now on."""
    schema, name = path if len(path) > 1 else ("", *path)
    note = find(tables, kind, *path) or Note(name, schema)
    put(tables, kind, replace(note, comment=text, altered_on=utc_now()))


def renamed(tables: Tables, kind: str, schema: str, name: str, new: str) -> Note:
    """Returns what is known of the object under its new name."""
    old = find(tables, kind, schema, name)
    note = replace(old or Note(name, schema), name=new, altered_on=utc_now())
    forget(tables, kind, schema, new)
    _NOTES[kind].put(tables, note, instead_of=old)
    return note


def forget(tables: Tables, kind: str, *path: str) -> None:
    _NOTES[kind].delete(tables, *path)
