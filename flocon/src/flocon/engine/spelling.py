"""Which names are written with lower-case letters. The engine finds a schema, a table or a view
whatever its case; on Snowflake "t" and T are two names.

https://docs.snowflake.com/en/sql-reference/identifiers-syntax
"""

import duckdb

from flocon.engine.catalog import HIDDEN_SCHEMA

_NAMED = (
    "SELECT database_name FROM duckdb_databases() WHERE NOT internal"
    " UNION SELECT schema_name FROM duckdb_schemas() WHERE schema_name NOT IN ('main', $hidden)"
    " UNION SELECT table_name FROM duckdb_tables() WHERE schema_name <> $hidden"
    " UNION SELECT view_name FROM duckdb_views() WHERE NOT internal AND schema_name <> $hidden"
)


class Spellings:
    """The names of an account's databases, schemas, tables and views that are not all upper case,
    or were."""

    def __init__(self) -> None:
        self._mixed: set[str] = set()

    def read(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Note the names in the account's databases."""
        self.note(
            *(name for (name,) in connection.execute(_NAMED, {"hidden": HIDDEN_SCHEMA}).fetchall())
        )

    def note(self, *names: str) -> None:
        """Something gets these names now."""
        self._mixed.update(name.lower() for name in names if name != name.upper())

    def may_differ(self, *names: str) -> bool:
        """May the engine find something of another spelling by one of these names?"""
        return any(name != name.upper() or name.lower() in self._mixed for name in names)
