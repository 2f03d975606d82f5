"""Which objects there are, of any kind: for grants on all of them, and for what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flocon.access.securables import Securable, schema
from flocon.core import errors
from flocon.engine import HIDDEN_SCHEMA
from flocon.engine.marked_names import is_of_a_session
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
            if stored := self._registry.stored.get(what.kind):
                *database, schema_name, name = ("", *what.path)
                own = self._context.account.own
                tables = self._context.catalog(database[-1]) if schema_name else own
                return stored.find(tables, schema_name, name) is not None
            if what.kind in self._registry.in_schema:
                found = self._registry.in_schema[what.kind]
                return what.path[2] in found(self._context, what.path[0], what.path[1])
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
        if stored := self._registry.stored.get(kind):
            found: Iterable[str] = stored.in_schema(self._context.catalog(database), schema)
        else:
            found = self._registry.in_schema[kind](self._context, database, schema)
        return [Securable(kind, (database, schema, name)) for name in sorted(found)]

    def owner_changed(self, what: Securable, role: str) -> None:
        if tell := self._registry.owner_changed.get(what.kind):
            tell(self._context, what, role)


# --- what modules register as IN_SCHEMA: the names in a schema ------------------------------------

Names = Callable[[Context, str, str], set[str]]


def of_duckdb(function: str, column: str) -> Names:
    def names(context: Context, database: str, schema_name: str) -> set[str]:
        rows = context.connection.values(
            f"SELECT {column} FROM {function}() WHERE (database_name, schema_name) = (?, ?)",
            [database, schema_name],
        )
        return {name for (name,) in rows}

    return names


def of_fakesnow(table: str) -> Names:
    def names(context: Context, database: str, schema_name: str) -> set[str]:
        rows = context.connection.values_beside(
            f"SELECT name FROM _fs_global.{HIDDEN_SCHEMA}.{table}"
            " WHERE (database_name, schema_name) = (?, ?)",
            [database, schema_name],
        )
        return {name for (name,) in rows if not is_of_a_session(name)}

    return names
