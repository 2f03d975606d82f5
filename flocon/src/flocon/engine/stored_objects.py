"""The one store of what an account keeps of its objects: a row each, in a hidden table of the
object's database or, for objects of the account itself, in the account's own file.

Streams have a table of their own (`transactions.streams`): their offsets move inside of the users'
transactions. Stages and file formats are in fakesnow's tables, where its COPY INTO looks for them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Generic, Protocol, TypeVar

DDL = """
CREATE TABLE IF NOT EXISTS _account_objects (
    kind VARCHAR, "schema" VARCHAR, name VARCHAR, document VARCHAR
);
"""
_KEY = 'kind = ? AND "schema" = ? AND name = ?'
# Two statements of which one does the work: a MERGE, which is one, takes twice as long to plan.
_CHANGE = f'UPDATE _account_objects SET "schema" = ?, name = ?, document = ? WHERE {_KEY}'
_ADD = 'INSERT INTO _account_objects (kind, "schema", name, document) VALUES (?, ?, ?, ?)'


class Tables(Protocol):
    """The hidden tables of a database, or the account's own."""

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]: ...

    def write(self, sql: str, params: Sequence[Any] = ()) -> int: ...


def _name(item: Any) -> tuple[str, str]:
    return getattr(item, "schema", ""), item.name


T = TypeVar("T")


class StoredObjects(Generic[T]):
    """The objects of one kind, frozen dataclasses, each a document under its schema and name.

    Every change is one statement, so a crash never leaves half of one. Who writes holds the
    account's lock, and has read the object under it.

    read: makes an object of a document's fields. fields: the other way round. times: the fields
    that are timestamps. key: the schema ('' for an object of the account) and the name.
    """

    def __init__(
        self,
        kind: str,
        read: Callable[[dict[str, Any]], T],
        *,
        fields: Callable[[Any], dict[str, Any]] = asdict,
        times: Sequence[str] = ("created_on",),
        key: Callable[[T], tuple[str, str]] = _name,
    ) -> None:
        self.kind = kind
        self._from_fields = read
        self._fields = fields
        self._times = times
        self._key = key

    def all(self, tables: Tables) -> list[T]:
        """Every one, by schema and name."""
        return [item for _, item in self._rows(tables, 'kind = ? ORDER BY "schema", name')]

    def in_schema(self, tables: Tables, schema: str = "") -> dict[str, T]:
        """Those of a schema, or of the account, by name."""
        return dict(self._rows(tables, 'kind = ? AND "schema" = ? ORDER BY name', schema))

    def beginning(self, tables: Tables, schema: str, start: str) -> dict[str, T]:
        """Those of a schema whose names begin so, by name."""
        where = 'kind = ? AND "schema" = ? AND starts_with(name, ?) ORDER BY name'
        return dict(self._rows(tables, where, schema, start))

    def find(self, tables: Tables, *path: str) -> T | None:
        """The one of a schema and name, or of a name alone for objects of the account."""
        return next((item for _, item in self._rows(tables, _KEY, *_pair(path))), None)

    def put(self, tables: Tables, item: T, *, instead_of: T | None = None) -> None:
        """Keep an object, in the place of one with its name, or of one that had another name."""
        values = [*self._key(item), self._document(item)]
        if not tables.write(_CHANGE, [*values, self.kind, *self._key(instead_of or item)]):
            tables.write(_ADD, [self.kind, *values])

    def delete(self, tables: Tables, *path: str) -> bool:
        """Was it there?"""
        key = [self.kind, *_pair(path)]
        return tables.write(f"DELETE FROM _account_objects WHERE {_KEY}", key) > 0

    def _rows(self, tables: Tables, where: str, *values: str) -> list[tuple[str, T]]:
        sql = f"SELECT name, document FROM _account_objects WHERE {where}"
        rows = tables.rows(sql, [self.kind, *values])
        return [(row["name"], self._read(row["document"])) for row in rows]

    def _read(self, document: str) -> T:
        fields = json.loads(document)
        for name in self._times:
            fields[name] = fields.get(name) and _time(fields[name])
        return self._from_fields(fields)

    def _document(self, item: T) -> str:
        fields = self._fields(item)
        for name in self._times:
            fields[name] = fields[name] and fields[name].isoformat()
        return json.dumps(fields)


def is_stored(tables: Tables, kind: str, *path: str) -> bool:
    """Is there an object of a kind, by its schema and name or its name alone?"""
    sql = f"SELECT 1 FROM _account_objects WHERE {_KEY}"
    return bool(tables.rows(sql, [kind, *_pair(path)]))


def forget_schema(tables: Tables, schema: str) -> None:
    """A schema is dropped, with all that is in it."""
    tables.write('DELETE FROM _account_objects WHERE "schema" = ?', [schema])


def _pair(path: Sequence[str]) -> Sequence[str]:
    return path if len(path) > 1 else ("", *path)


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
