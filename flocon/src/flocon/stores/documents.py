"""Objects that are kept as one row each, the whole definition and state in a document: those of a
schema, and those of the account.

One row per object makes every change a single statement, so a crash never leaves half of one.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar


class Tables(Protocol):
    """The hidden tables of a database, or the account's own."""

    def rows(self, sql: str, params: Sequence[Any] = ()) -> list[dict[str, Any]]: ...

    def write(self, sql: str, params: Sequence[Any] = ()) -> int: ...


class Kept(Protocol):
    """A dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def schema(self) -> str: ...

    @property
    def name(self) -> str: ...


T = TypeVar("T", bound=Kept)


class Documents(Generic[T]):
    """The objects of one kind, in a table with the columns schema, name and document.

    revived: makes an object of a document's fields. times: which fields are moments. Who writes
    holds the account's lock, and has read the object under it.
    """

    def __init__(
        self, table: str, revived: Callable[[dict[str, Any]], T], times: Sequence[str]
    ) -> None:
        self._table = table
        self._revived = revived
        self._times = times

    @property
    def ddl(self) -> str:
        return (
            f"CREATE TABLE IF NOT EXISTS {self._table}"
            ' ("schema" VARCHAR, name VARCHAR, document VARCHAR);\n'
        )

    def all(self, tables: Tables) -> list[T]:
        """Every one of a database, by schema and name."""
        return self._read(tables, 'ORDER BY "schema", name')

    def in_schema(self, tables: Tables, schema: str) -> dict[str, T]:
        """Those of a schema by name."""
        found = self._read(tables, 'WHERE "schema" = ? ORDER BY name', schema)
        return {each.name: each for each in found}

    def find(self, tables: Tables, schema: str, name: str) -> T | None:
        found = self._read(tables, 'WHERE "schema" = ? AND name = ?', schema, name)
        return found[0] if found else None

    def insert(self, tables: Tables, item: T) -> None:
        """The caller knows that the name is free."""
        row = [item.schema, item.name, self._document(item)]
        tables.write(f"INSERT INTO {self._table} VALUES (?, ?, ?)", row)

    def update(self, tables: Tables, item: T) -> None:
        tables.write(
            f'UPDATE {self._table} SET document = ? WHERE "schema" = ? AND name = ?',
            [self._document(item), item.schema, item.name],
        )

    def delete(self, tables: Tables, item: T) -> None:
        tables.write(
            f'DELETE FROM {self._table} WHERE "schema" = ? AND name = ?', [item.schema, item.name]
        )

    def _read(self, tables: Tables, which: str, *values: str) -> list[T]:
        rows = tables.rows(f"SELECT document FROM {self._table} {which}", values)
        return [self._object(row["document"]) for row in rows]

    def _object(self, document: str) -> T:
        fields = json.loads(document)
        for name in self._times:
            fields[name] = fields[name] and datetime.fromisoformat(fields[name])
        return self._revived(fields)

    def _document(self, item: T) -> str:
        fields = asdict(item)
        for name in self._times:
            fields[name] = fields[name] and fields[name].isoformat()
        return json.dumps(fields)


class AccountDocuments:
    """The account's objects of one kind by their names, in a table with the columns name and
    document. Who writes holds the account's lock."""

    def __init__(self, table: str) -> None:
        self._table = table

    @property
    def ddl(self) -> str:
        return f"CREATE TABLE IF NOT EXISTS {self._table} (name VARCHAR, document VARCHAR);\n"

    def all(self, tables: Tables) -> dict[str, dict[str, Any]]:
        """Every one, by name."""
        rows = tables.rows(f"SELECT name, document FROM {self._table} ORDER BY name")
        return {row["name"]: json.loads(row["document"]) for row in rows}

    def put(self, tables: Tables, name: str, document: dict[str, Any]) -> None:
        """A new one, or another document for an old one."""
        values = [json.dumps(document), name]
        if not tables.write(f"UPDATE {self._table} SET document = ? WHERE name = ?", values):
            tables.write(f"INSERT INTO {self._table} VALUES (?, ?)", values[::-1])

    def delete(self, tables: Tables, name: str) -> bool:
        """Was it there?"""
        return tables.write(f"DELETE FROM {self._table} WHERE name = ?", [name]) > 0
