"""Objects of a schema that are kept as one row each, the whole definition and state in a document.

One row per object makes every change a single statement, so a crash never leaves half of one.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar


class Catalog(Protocol):
    """The hidden tables of one database."""

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

    def all(self, catalog: Catalog) -> list[T]:
        """Every one of a database, by schema and name."""
        return self._read(catalog, 'ORDER BY "schema", name')

    def in_schema(self, catalog: Catalog, schema: str) -> dict[str, T]:
        """Those of a schema by name."""
        found = self._read(catalog, 'WHERE "schema" = ? ORDER BY name', schema)
        return {each.name: each for each in found}

    def find(self, catalog: Catalog, schema: str, name: str) -> T | None:
        found = self._read(catalog, 'WHERE "schema" = ? AND name = ?', schema, name)
        return found[0] if found else None

    def insert(self, catalog: Catalog, item: T) -> None:
        """The caller knows that the name is free."""
        row = [item.schema, item.name, self._document(item)]
        catalog.write(f"INSERT INTO {self._table} VALUES (?, ?, ?)", row)

    def update(self, catalog: Catalog, item: T) -> None:
        catalog.write(
            f'UPDATE {self._table} SET document = ? WHERE "schema" = ? AND name = ?',
            [self._document(item), item.schema, item.name],
        )

    def delete(self, catalog: Catalog, item: T) -> None:
        catalog.write(
            f'DELETE FROM {self._table} WHERE "schema" = ? AND name = ?', [item.schema, item.name]
        )

    def _read(self, catalog: Catalog, which: str, *values: str) -> list[T]:
        rows = catalog.rows(f"SELECT document FROM {self._table} {which}", values)
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
