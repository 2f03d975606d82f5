"""Which objects there are, of any kind: for grants on all of them, and for what is missing."""

from __future__ import annotations

from flocon.access.securables import Securable, schema
from flocon.core import errors
from flocon.engine import HIDDEN_SCHEMA
from flocon.session.context import Context
from flocon.session.registry import Registry


class RegisteredDirectory:
    """`access.directory.Directory`, of what the objects' modules have registered."""

    def __init__(self, context: Context, registry: Registry) -> None:
        self._context = context
        self._registry = registry

    def exists(self, what: Securable) -> bool:
        known = self._registry.exists.get(what.kind)
        try:
            if known is not None:
                return known(self._context, what)
            if what.kind in self._registry.in_schema:
                found = self._registry.in_schema[what.kind]
                database, schema_name, name = what.path
                return name in found(self._context, database, schema_name)
        except errors.SnowflakeError:
            return False
        return True

    def schemas(self, database: str) -> list[Securable]:
        self._context.catalog(database)
        rows = self._context.connection.values(
            "SELECT schema_name FROM duckdb_schemas() WHERE database_name = ? AND NOT internal"
            " AND schema_name NOT IN ('main', ?) ORDER BY 1",
            [database, HIDDEN_SCHEMA],
        )
        return [schema(database, name) for (name,) in rows]

    def in_schema(self, kind: str, database: str, schema: str) -> list[Securable]:
        found = self._registry.in_schema[kind](self._context, database, schema)
        return [Securable(kind, (database, schema, name)) for name in sorted(found)]

    def owner_changed(self, what: Securable, role: str) -> None:
        if told := self._registry.owner_changed.get(what.kind):
            told(self._context, what, role)
