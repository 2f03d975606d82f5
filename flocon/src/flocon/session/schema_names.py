"""Names in a schema, as the engine's own catalogs and the account's tables have them."""

from __future__ import annotations

from collections.abc import Callable

from flocon.engine import HIDDEN_SCHEMA
from flocon.session.context import Context

Names = Callable[[Context, str, str], set[str]]


def of_duckdb(function: str, column: str) -> Names:
    def names(context: Context, database: str, schema_name: str) -> set[str]:
        rows = context.connection.values(
            f"SELECT {column} FROM {function}() WHERE (database_name, schema_name) = (?, ?)",
            [database, schema_name],
        )
        return {name for (name,) in rows}

    return names


def of_catalog(table: str, schema_column: str) -> Names:
    def names(context: Context, database: str, schema_name: str) -> set[str]:
        rows = context.catalog(database).rows(
            f'SELECT name FROM {table} WHERE "{schema_column}" = ?', [schema_name]
        )
        return {row["name"] for row in rows}

    return names


def of_fakesnow(table: str) -> Names:
    def names(context: Context, database: str, schema_name: str) -> set[str]:
        rows = context.connection.values(
            f"SELECT name FROM _fs_global.{HIDDEN_SCHEMA}.{table}"
            " WHERE (database_name, schema_name) = (?, ?)",
            [database, schema_name],
        )
        return {name for (name,) in rows}

    return names
