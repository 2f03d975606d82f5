"""SHOW and DESCRIBE of databases, schemas, tables, views and columns."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from flocon.core import errors, result
from flocon.core.result import Result
from flocon.engine import HIDDEN_SCHEMA, parsing
from flocon.objects import table_properties, table_sizes
from flocon.session.context import Context
from flocon.session.names import place_of
from flocon.sql.show import ShowScope, show_scope
from flocon.sql.tokens import FullName, Tokens

DDL = """
CREATE TABLE IF NOT EXISTS _account_created (
    kind VARCHAR, schema_name VARCHAR, name VARCHAR, created_on TIMESTAMP, comment VARCHAR
);
"""
_OWNER = "SYSADMIN"
_MOMENT = "TIMESTAMP WITH TIME ZONE"


def created(context: Context, kind: str, name: FullName, comment: str = "") -> None:
    """Note when an object came to be; DuckDB does not."""
    catalog = context.catalog(name.database)
    key = [kind, name.schema, name.name]
    catalog.write("DELETE FROM _account_created WHERE (kind, schema_name, name) = (?, ?, ?)", key)
    now = datetime.now(UTC).replace(tzinfo=None)
    catalog.write("INSERT INTO _account_created VALUES (?, ?, ?, ?, ?)", [*key, now, comment])


def _creation(context: Context, database: str) -> dict[tuple[str, str, str], tuple[Any, str]]:
    return {
        (row["kind"], row["schema_name"], row["name"]): (row["created_on"], row["comment"])
        for row in context.catalog(database).rows("SELECT * FROM _account_created")
    }


def _relations(context: Context, scope: ShowScope) -> list[dict[str, Any]]:
    """Tables and views in a scope, sorted by name."""
    wanted, schema = place_of(context, scope)
    if scope.kind is None and context.schema:
        schema = context.schema
    found: list[dict[str, Any]] = []
    for database in [wanted] if wanted else context.account.databases():
        created_on = _creation(context, database)
        kept = table_properties.of_database(context, database)
        rows = context.connection.values(
            "SELECT 'TABLE', schema_name, table_name, comment, NULL FROM duckdb_tables()"
            " WHERE database_name = $db AND schema_name <> $hidden AND NOT internal"
            " UNION ALL SELECT 'VIEW', schema_name, view_name, comment, sql FROM duckdb_views()"
            " WHERE database_name = $db AND schema_name <> $hidden AND NOT internal"
            " ORDER BY 2, 3",
            {"db": database, "hidden": HIDDEN_SCHEMA},
        )
        for kind, place, name, comment, sql in rows:
            if scope.admits(name) and schema in (None, place):
                moment = created_on.get((kind, place, name), (None, ""))[0]
                found.append(
                    {
                        "kind": kind,
                        "database_name": database,
                        "schema_name": place,
                        "name": name,
                        "comment": comment or "",
                        "created_on": moment,
                        "text": sql or "",
                        "properties": kept.get((place, name), {}),
                    }
                )
    return found[scope.cut([row["name"] for row in found])]


def _listing(columns: dict[str, str], rows: list[dict[str, Any]]) -> Result:
    values = [[row.get(column) for column in columns] for row in rows]
    return result.of(columns, values, result.SHOW)


def _columns(*names: str) -> dict[str, str]:
    kinds = {"created_on": _MOMENT, "rows": "BIGINT", "bytes": "BIGINT", "dropped_on": _MOMENT}
    return {name: kinds.get(name, "VARCHAR") for name in names}


def _tail(tokens: Tokens, noun: str) -> ShowScope:
    tokens.expect("SHOW")
    tokens.accept("TERSE")
    tokens.expect(noun)
    return show_scope(tokens)


def _size(context: Context, row: dict[str, Any]) -> dict[str, int | None]:
    if row["kind"] == "VIEW":
        return {"rows": None, "bytes": None}
    place = (row["database_name"], row["schema_name"], row["name"])
    return table_sizes.size(context, *place)._asdict()


def _told(context: Context, row: dict[str, Any]) -> dict[str, str]:
    """What SHOW tells of a relation's properties. A stream turns its table's tracking on."""
    kept = row["properties"]
    tables = context.account.changes.tables_of(row["database_name"], row["schema_name"])
    tracked = any(table.name == row["name"] for table in tables)
    return {
        "kind": "TRANSIENT" if "TRANSIENT" in kept else row["kind"],
        "cluster_by": kept.get("CLUSTER_BY", ""),
        "retention_time": kept.get("DATA_RETENTION_TIME_IN_DAYS", "1"),
        "change_tracking": "ON" if tracked or kept.get("CHANGE_TRACKING") == "TRUE" else "OFF",
    }


def show_tables(context: Context, tokens: Tokens, binds: Sequence[Any]) -> Result:
    """SHOW TABLES. https://docs.snowflake.com/en/sql-reference/sql/show-tables"""
    rows = [r for r in _relations(context, _tail(tokens, "TABLES")) if r["kind"] == "TABLE"]
    for row in rows:
        row |= _size(context, row) | {"owner": _OWNER}
        row |= _told(context, row) | {"owner_role_type": "ROLE"}
    return _listing(
        _columns(
            "created_on", "name", "database_name", "schema_name", "kind", "comment", "cluster_by",
            "rows", "bytes", "owner", "retention_time", "change_tracking", "owner_role_type",
        ),
        rows,
    )  # fmt: skip


def show_views(context: Context, tokens: Tokens, binds: Sequence[Any]) -> Result:
    """SHOW VIEWS. https://docs.snowflake.com/en/sql-reference/sql/show-views"""
    rows = [r for r in _relations(context, _tail(tokens, "VIEWS")) if r["kind"] == "VIEW"]
    for row in rows:
        secure = str("SECURE" in row["properties"]).lower()
        row |= {"owner": _OWNER, "reserved": "", "is_secure": secure, "is_materialized": "false"}
        row |= {"owner_role_type": "ROLE", "change_tracking": "OFF"}
    return _listing(
        _columns(
            "created_on", "name", "reserved", "database_name", "schema_name", "owner", "comment",
            "text", "is_secure", "is_materialized", "owner_role_type", "change_tracking",
        ),
        rows,
    )  # fmt: skip


def show_objects(context: Context, tokens: Tokens, binds: Sequence[Any]) -> Result:
    """SHOW OBJECTS: tables and views. https://docs.snowflake.com/en/sql-reference/sql/show-objects"""
    rows = _relations(context, _tail(tokens, "OBJECTS"))
    for row in rows:
        row |= _size(context, row) | {"owner": _OWNER}
        row |= _told(context, row) | {"owner_role_type": "ROLE"}
    return _listing(
        _columns(
            "created_on", "name", "database_name", "schema_name", "kind", "comment", "cluster_by",
            "rows", "bytes", "owner", "retention_time", "owner_role_type",
        ),
        rows,
    )  # fmt: skip


def show_schemas(context: Context, tokens: Tokens, binds: Sequence[Any]) -> Result:
    """SHOW SCHEMAS. https://docs.snowflake.com/en/sql-reference/sql/show-schemas"""
    scope = _tail(tokens, "SCHEMAS")
    if scope.kind == "ACCOUNT":
        databases = context.account.databases()
    else:
        name = scope.name.name if scope.name else context.database
        if name is None:
            raise context.no_database()
        databases = [name]
    rows = []
    for database in databases:
        creation = _creation(context, database)
        for (name,) in context.connection.values(
            "SELECT schema_name FROM duckdb_schemas() WHERE database_name = ? AND NOT internal"
            " AND schema_name NOT IN ('main', ?) UNION ALL SELECT 'INFORMATION_SCHEMA' ORDER BY 1",
            [database, HIDDEN_SCHEMA],
        ):
            if not scope.admits(name):
                continue
            moment, comment = creation.get(("SCHEMA", "", name), (None, ""))
            rows.append(
                {
                    "created_on": moment,
                    "name": name,
                    "is_default": "N",
                    "is_current": _yes((database, name) == (context.database, context.schema)),
                    "database_name": database,
                    "owner": _OWNER,
                    "comment": comment,
                    "options": "",
                    "retention_time": "1",
                    "owner_role_type": "ROLE",
                }
            )
    columns = _columns(
        "created_on", "name", "is_default", "is_current", "database_name", "owner", "comment",
        "options", "retention_time", "owner_role_type",
    )  # fmt: skip
    return _listing(columns, rows[scope.cut([row["name"] for row in rows])])


def show_databases(context: Context, tokens: Tokens, binds: Sequence[Any]) -> Result:
    """SHOW DATABASES. https://docs.snowflake.com/en/sql-reference/sql/show-databases"""
    scope = _tail(tokens, "DATABASES")
    rows = []
    for name in filter(scope.admits, context.account.databases()):
        moment, comment = _creation(context, name).get(("DATABASE", "", name), (None, ""))
        rows.append(
            {
                "created_on": moment,
                "name": name,
                "is_default": "N",
                "is_current": _yes(name == context.database),
                "origin": "",
                "owner": _OWNER,
                "comment": comment,
                "options": "",
                "retention_time": "1",
                "kind": "STANDARD",
            }
        )
    columns = _columns(
        "created_on", "name", "is_default", "is_current", "origin", "owner", "comment", "options",
        "retention_time", "kind",
    )  # fmt: skip
    return _listing(columns, rows[scope.cut([row["name"] for row in rows])])


def _yes(value: bool) -> str:
    return "Y" if value else "N"


# --- columns -----------------------------------------------------------------------------------

_TYPES = {
    "BIGINT": "NUMBER(38,0)",
    "INTEGER": "NUMBER(38,0)",
    "HUGEINT": "NUMBER(38,0)",
    "DOUBLE": "FLOAT",
    "VARCHAR": "VARCHAR(16777216)",
    "BLOB": "BINARY(8388608)",
    "JSON": "VARIANT",
    "TIME": "TIME(9)",
    "TIMESTAMP": "TIMESTAMP_NTZ(9)",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_TZ(9)",
}


def _type(kind: str) -> str:
    """DuckDB's type name as Snowflake's."""
    if match := re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", kind):
        return f"NUMBER({match[1]},{match[2]})"
    return _TYPES.get(kind, kind)


def describe_relation(context: Context, tokens: Tokens, binds: Sequence[Any]) -> Result:
    """DESCRIBE TABLE | VIEW. https://docs.snowflake.com/en/sql-reference/sql/desc-table"""
    tokens.next()
    kind = tokens.word()
    written = tokens.name()
    if tokens.accept("TYPE", "="):
        tokens.expect("COLUMNS")
    tokens.end()
    if written.name in context.connection.temporary:
        where = ["temp", "main", written.name]
    else:
        full = context.resolve(written)
        if context.relation_kind(full) is None or full.schema == HIDDEN_SCHEMA:
            raise errors.does_not_exist(kind.capitalize(), full)
        where = [full.database, full.schema, full.name]
    return _described(context, where)


def _described(context: Context, where: list[str]) -> Result:
    columns = _columns(
        "name", "type", "kind", "null?", "default", "primary key", "unique key", "check",
        "expression", "comment", "policy name", "privacy domain",
    )  # fmt: skip
    lengths = _lengths(context, where)
    rows = [
        {
            "name": name,
            "type": f"VARCHAR({lengths[name]})" if name in lengths else _type(kind),
            "kind": "COLUMN",
            "null?": _yes(nullable),
            "default": default,
            "primary key": "N",
            "unique key": "N",
            "comment": comment,
        }
        for name, kind, nullable, default, comment in context.connection.values(
            "SELECT column_name, data_type, is_nullable, column_default, comment"
            " FROM duckdb_columns() WHERE (database_name, schema_name, table_name) = (?, ?, ?)"
            " ORDER BY column_index",
            where,
        )
    ]
    answer = _listing(columns, rows)
    answer.statement_type = result.DESCRIBE
    return answer


def _lengths(context: Context, where: list[str]) -> dict[str, int]:
    """The lengths that VARCHAR columns were declared with; they are not enforced."""
    rows = context.connection.values(
        "SELECT ext_column_name, ext_character_maximum_length"
        f" FROM _fs_global.{HIDDEN_SCHEMA}._fs_columns_ext"
        " WHERE (ext_table_catalog, ext_table_schema, ext_table_name) = (?, ?, ?)",
        where,
    )
    return {name: length for name, length in rows if length}


# --- stages, file formats, sequences --------------------------------------------------------------


def _show_of_engine(*nouns: str) -> Callable[[Context, Tokens, Sequence[Any]], Result]:
    """SHOW of a kind of object that the engine lists, all of them: the scope is made here.

    https://docs.snowflake.com/en/sql-reference/sql/show-stages
    https://docs.snowflake.com/en/sql-reference/sql/show-file-formats
    https://docs.snowflake.com/en/sql-reference/sql/show-sequences
    """

    def show(context: Context, tokens: Tokens, binds: Sequence[Any]) -> Result:
        tokens.expect("SHOW", *nouns)
        scope = show_scope(tokens)
        database, schema = place_of(context, scope)
        if scope.kind is None and context.schema:
            schema = context.schema
        every = parsing.parse(f"SHOW {' '.join(nouns)} IN ACCOUNT")
        answer = context.connection.other(every, {}, result.SHOW)
        places = [
            answer.table.column(name).to_pylist()
            for name in ("name", "database_name", "schema_name")
        ]
        rows = sorted(
            (name, index)
            for index, (name, *place) in enumerate(zip(*places, strict=True))
            if scope.admits(name) and database in (None, place[0]) and schema in (None, place[1])
        )
        kept = rows[scope.cut([name for name, _ in rows])]
        answer.table = answer.table.take(pa.array([index for _, index in kept], pa.int64()))
        return answer

    return show


ROUTES = {
    ("SHOW", "STAGES"): _show_of_engine("STAGES"),
    ("SHOW", "FILE"): _show_of_engine("FILE", "FORMATS"),
    ("SHOW", "SEQUENCES"): _show_of_engine("SEQUENCES"),
    ("SHOW", "TABLES"): show_tables,
    ("SHOW", "VIEWS"): show_views,
    ("SHOW", "OBJECTS"): show_objects,
    ("SHOW", "SCHEMAS"): show_schemas,
    ("SHOW", "DATABASES"): show_databases,
    ("DESCRIBE", "TABLE"): describe_relation,
    ("DESCRIBE", "VIEW"): describe_relation,
}
