"""INFORMATION_SCHEMA.TABLES and VIEWS, with the comments and times that the account keeps.

https://docs.snowflake.com/en/sql-reference/info-schema/tables
"""

from flocon.engine.catalog import HIDDEN_SCHEMA
from flocon.engine.quoting import literal, quoted

_CREATED = (
    f'(SELECT min(c.created_on) FROM {{db}}."{HIDDEN_SCHEMA}"._account_created c WHERE'
    " (c.kind, c.schema_name, c.name) = ({kind}, {schema}, {name})) AT TIME ZONE 'UTC'"
)


def creation_sql(database: str) -> str:
    """The views of a database; they can be created again. ROW_COUNT and BYTES are NULL: DuckDB has
    only estimates; statements/table_sizes.py puts the figures there."""
    db, name = quoted(database), literal(database)
    table = _CREATED.format(db=db, kind="'TABLE'", schema="t.schema_name", name="t.table_name")
    view = _CREATED.format(db=db, kind="'VIEW'", schema="v.schema_name", name="v.view_name")
    return f"""
    CREATE OR REPLACE VIEW {db}."{HIDDEN_SCHEMA}"._fs_tables AS
    SELECT t.database_name AS "TABLE_CATALOG", t.schema_name AS "TABLE_SCHEMA",
        t.table_name AS "TABLE_NAME", 'SYSADMIN' AS "TABLE_OWNER", 'BASE TABLE' AS "TABLE_TYPE",
        'NO' AS "IS_TRANSIENT", NULL::VARCHAR AS "CLUSTERING_KEY", NULL::BIGINT AS "ROW_COUNT",
        NULL::BIGINT AS "BYTES", 1 AS "RETENTION_TIME", {table} AS "CREATED",
        {table} AS "LAST_DDL", t.comment AS "COMMENT"
    FROM duckdb_tables() t
    WHERE t.database_name = {name} AND t.schema_name <> '{HIDDEN_SCHEMA}'
    UNION ALL
    SELECT v.database_name, v.schema_name, v.view_name, 'SYSADMIN', 'VIEW', NULL, NULL, NULL, NULL,
        NULL, {view}, {view}, v.comment
    FROM duckdb_views() v
    WHERE v.database_name = {name} AND v.schema_name <> '{HIDDEN_SCHEMA}' AND NOT v.internal;
    CREATE OR REPLACE VIEW {db}."{HIDDEN_SCHEMA}"._fs_views AS
    SELECT v.database_name AS "TABLE_CATALOG", v.schema_name AS "TABLE_SCHEMA",
        v.view_name AS "TABLE_NAME", 'SYSADMIN' AS "TABLE_OWNER", v.sql AS "VIEW_DEFINITION",
        'NONE' AS "CHECK_OPTION", 'NO' AS "IS_UPDATABLE", 'NO' AS "INSERTABLE_INTO",
        'NO' AS "IS_SECURE", {view} AS "CREATED", {view} AS "LAST_DDL", v.comment AS "COMMENT"
    FROM duckdb_views() v
    WHERE v.database_name = {name} AND v.schema_name <> '{HIDDEN_SCHEMA}' AND NOT v.internal;
    """
