"""INFORMATION_SCHEMA.COLUMNS, TABLES, VIEWS and SCHEMATA, with what the account keeps of them.

https://docs.snowflake.com/en/sql-reference/info-schema/tables
"""

from collections.abc import Callable
from string import Template

import duckdb
from duckdb.func import FunctionNullHandling
from fakesnow import info_schema

from flocon.core.timestamp_tz import ENGINE_TYPE
from flocon.engine import column_defaults, lengths, moments
from flocon.engine.catalog import HIDDEN_SCHEMA
from flocon.engine.declared_types import LONGEST_COLUMN, bytes_of
from flocon.engine.marked_names import PATTERN
from flocon.engine.quoting import literal, quoted

# Views do not say whose they are: a new database is a copy of a file that has them.
DDL = """
CREATE TABLE IF NOT EXISTS _account_database (name VARCHAR, made_by VARCHAR);
"""
_OWN_NAME = "(SELECT name FROM _account_database)"
# Kinds of tables that Snowflake has and this account has not.
_OTHER_KINDS = ("IS_ICEBERG", "IS_DYNAMIC", "IS_IMMUTABLE", "IS_HYBRID")


# Whose an object is, by its kind and its path.
Owner = Callable[[str, tuple[str, ...]], str]
# What fakesnow has of databases, with their owners.
DATABASES = Template(
    info_schema.SQL_CREATE_INFORMATION_SCHEMA_DATABASES_VIEW.template.replace(
        "create view if not exists", "create or replace view"
    )
    .replace("'SYSADMIN'", "_account_owner('DATABASE', catalog_name, NULL, NULL)")
    .replace("to_timestamp(0)::timestamptz", "NULL::timestamptz")
)


def register(connection: duckdb.DuckDBPyConnection, owner: Owner) -> None:
    """Let the views below ask for owners."""

    def owner_of(kind: str, database: str, schema: str | None, name: str | None) -> str:
        return owner(kind, tuple(part for part in (database, schema, name) if part is not None))

    connection.create_function(
        "_account_owner",
        owner_of,
        ["VARCHAR"] * 4,
        "VARCHAR",
        null_handling=FunctionNullHandling.SPECIAL,
        side_effects=True,
    )


def creation_sql() -> str:
    """The views of the current database's hidden schema; they can be created again. ROW_COUNT and
    BYTES are NULL: DuckDB has only estimates; objects/table_sizes.py puts the figures there."""
    none = ", ".join(f"'NO' AS {quoted(name)}" for name in _OTHER_KINDS)

    def noted(kind: str, schema: str, name: str) -> str:
        key = f"({literal(kind)}, {schema}, {name})"
        return f'LEFT JOIN _account_objects n ON (n.kind, n."schema", n.name) = {key}'

    def length(of: str) -> str:
        """A text without a length of its own may be as long as any."""
        name = f"CHARACTER_{of}_LENGTH"
        most = bytes_of(LONGEST_COLUMN) if of == "OCTET" else LONGEST_COLUMN
        return f"CASE data_type WHEN 'TEXT' THEN coalesce({name}, {most}) END AS {name}"

    def plain(text: str) -> str:
        """A text with columns' names in it."""
        return f"regexp_replace({text}, '{PATTERN}', '', 'g')"

    def of(path: str) -> str:
        return f"(n.document->>'$.{path}')"

    def owner(kind: str, schema: str, name: str) -> str:
        return f"_account_owner({literal(kind)}, {_OWN_NAME}, {schema}, {name})"

    # An AUTOINCREMENT takes the numbers of a sequence of the engine's own.
    counts = f"nextval(''{column_defaults.OF_IDENTITIES}%"
    counts = f"coalesce(column_default ILIKE '{counts}', false)"

    def counting(part: str) -> str:
        """Of how it counts."""
        how = column_defaults.COUNTING.format(s="s")
        return f"CASE WHEN {counts} THEN regexp_extract({how}, '{part}', 1) END"

    written = f"regexp_replace(column_default, '^{moments.DEFAULT_WITH_OFFSET}$', '\\1')"
    written = f"regexp_replace({written}, '^{lengths.DEFAULT_WITH_LENGTH}$', '\\1', 's')"
    told = f"regexp_extract(column_default, {literal(column_defaults.DEFAULT_AS_WRITTEN)}, 1, 's')"
    written = f"coalesce(nullif(replace({told}, repeat(chr(39), 2), chr(39)), ''), {written})"
    counted = f"replace(regexp_extract(column_default, {literal(column_defaults.OF_A_SEQUENCE)}, 1)"
    written = f"coalesce(nullif({counted}, chr(34), ''), '') || '.NEXTVAL', {written})"
    # Views of `*` have the columns that they were made with.
    of_star = (
        f"FROM _account_objects n WHERE n.kind = 'VIEW' AND {of('properties.COLUMNS')} IS NOT NULL"
    )
    created = of("created_on") + "::TIMESTAMPTZ"
    altered = f"coalesce({of('altered_on')}::TIMESTAMPTZ, {created})"
    return f"""
    CREATE OR REPLACE VIEW _fs_columns AS SELECT c.* REPLACE ({length("MAXIMUM")},
        {length("OCTET")}, CASE WHEN data_type = 'VARIANT' THEN coalesce(declared, data_type)
        WHEN data_type = 'TIMESTAMP_TZ' THEN 'TIMESTAMP_LTZ'
        WHEN data_type = {literal(ENGINE_TYPE)} THEN 'TIMESTAMP_TZ'
        WHEN declared LIKE 'NUMBER(%' OR data_type IN ('INTEGER', 'HUGEINT') THEN 'NUMBER'
        ELSE data_type END AS DATA_TYPE,
        CASE WHEN declared LIKE 'NUMBER(%' THEN regexp_extract(declared, '[0-9]+')::BIGINT
        WHEN data_type IN ('INTEGER', 'HUGEINT') THEN 38 ELSE numeric_precision END
        AS NUMERIC_PRECISION,
        {plain("column_name")} AS COLUMN_NAME,
        CASE WHEN {counts} THEN NULL ELSE {written} END AS COLUMN_DEFAULT,
        CASE WHEN {counts} THEN 'YES' ELSE 'NO' END AS IS_IDENTITY,
        {counting("START ([-0-9]+)")} AS IDENTITY_START,
        {counting("INCREMENT ([-0-9]+)")} AS IDENTITY_INCREMENT,
        CASE {counting("([A-Z]+)$")} WHEN 'ORDER' THEN 'YES' WHEN 'NOORDER' THEN 'NO' END
        AS IDENTITY_ORDERED,
        NULL::VARCHAR AS IDENTITY_GENERATION, NULL::VARCHAR AS IDENTITY_CYCLE,
        NULL::VARCHAR AS COLLATION_NAME,
        coalesce(string_split({of("properties.POSITIONS")}, ' ')[ordinal_position]::INTEGER,
        ordinal_position) AS ORDINAL_POSITION)
        FROM _fs_global.{HIDDEN_SCHEMA}._fs_columns c
        LEFT JOIN _fs_global.{HIDDEN_SCHEMA}._fs_columns_ext e ON (table_catalog, table_schema,
        table_name, column_name)
        = (ext_table_catalog, ext_table_schema, ext_table_name, ext_column_name)
        LEFT JOIN duckdb_sequences() s ON {counts} AND (s.database_name, lower(s.sequence_name))
        = (table_catalog, lower(regexp_extract(column_default, '''(.*)''', 1)))
        {noted("TABLE", "table_schema", "table_name")}
        WHERE table_catalog = {_OWN_NAME} AND ((table_schema, table_name) NOT IN
        (SELECT (n."schema", n.name) {of_star})
        OR (table_schema, table_name, {plain("column_name")}) IN
        (SELECT (n."schema", n.name, unnest(list_transform(CAST(CAST({of("properties.COLUMNS")}
        AS JSON) AS JSON[]), lambda each: each->>0))) {of_star}));
    CREATE OR REPLACE VIEW _fs_tables AS
    SELECT t.database_name AS "TABLE_CATALOG", t.schema_name AS "TABLE_SCHEMA",
        t.table_name AS "TABLE_NAME",
        {owner("TABLE", "t.schema_name", "t.table_name")} AS "TABLE_OWNER",
        'BASE TABLE' AS "TABLE_TYPE",
        CASE WHEN {of("properties.TRANSIENT")} IS NULL THEN 'NO' ELSE 'YES' END AS "IS_TRANSIENT",
        {of("properties.CLUSTER_BY")} AS "CLUSTERING_KEY", NULL::BIGINT AS "ROW_COUNT",
        NULL::BIGINT AS "BYTES",
        coalesce({of("properties.DATA_RETENTION_TIME_IN_DAYS")}::BIGINT, 1) AS "RETENTION_TIME",
        {created} AS "CREATED", {altered} AS "LAST_ALTERED", {altered} AS "LAST_DDL",
        'NO' AS "AUTO_CLUSTERING_ON", t.comment AS "COMMENT", 'NO' AS "IS_TEMPORARY", {none}
    FROM duckdb_tables() t {noted("TABLE", "t.schema_name", "t.table_name")}
    WHERE t.database_name = {_OWN_NAME} AND t.schema_name <> '{HIDDEN_SCHEMA}'
    UNION ALL
    SELECT v.database_name, v.schema_name, v.view_name,
        {owner("VIEW", "v.schema_name", "v.view_name")}, 'VIEW', NULL, NULL, NULL,
        NULL, NULL, {created}, {altered}, {altered}, NULL, v.comment, 'NO',
        {", ".join(["'NO'"] * len(_OTHER_KINDS))}
    FROM duckdb_views() v {noted("VIEW", "v.schema_name", "v.view_name")}
    WHERE v.database_name = {_OWN_NAME} AND v.schema_name <> '{HIDDEN_SCHEMA}' AND NOT v.internal;
    CREATE OR REPLACE VIEW _fs_views AS
    SELECT v.database_name AS "TABLE_CATALOG", v.schema_name AS "TABLE_SCHEMA",
        v.view_name AS "TABLE_NAME",
        {owner("VIEW", "v.schema_name", "v.view_name")} AS "TABLE_OWNER",
        coalesce({of("properties.TEXT")}, {plain("v.sql")}) AS "VIEW_DEFINITION",
        'NONE' AS "CHECK_OPTION", 'NO' AS "IS_UPDATABLE", 'NO' AS "INSERTABLE_INTO",
        'NO' AS "IS_SECURE", {created} AS "CREATED", {altered} AS "LAST_ALTERED",
        {altered} AS "LAST_DDL", v.comment AS "COMMENT"
    FROM duckdb_views() v {noted("VIEW", "v.schema_name", "v.view_name")}
    WHERE v.database_name = {_OWN_NAME} AND v.schema_name <> '{HIDDEN_SCHEMA}' AND NOT v.internal;
    CREATE OR REPLACE VIEW _fs_schemata AS
    SELECT s.database_name AS "CATALOG_NAME",
        CASE s.schema_name WHEN '{HIDDEN_SCHEMA}' THEN 'INFORMATION_SCHEMA' ELSE s.schema_name END
        AS "SCHEMA_NAME", {owner("SCHEMA", "s.schema_name", "NULL")} AS "SCHEMA_OWNER",
        'NO' AS "IS_TRANSIENT",
        'NO' AS "IS_MANAGED_ACCESS", 1 AS "RETENTION_TIME",
        NULL::VARCHAR AS "DEFAULT_CHARACTER_SET_CATALOG",
        NULL::VARCHAR AS "DEFAULT_CHARACTER_SET_SCHEMA",
        NULL::VARCHAR AS "DEFAULT_CHARACTER_SET_NAME", NULL::VARCHAR AS "SQL_PATH",
        {created} AS "CREATED", {altered} AS "LAST_ALTERED",
        nullif({of("comment")}, '') AS "COMMENT",
        'UNSET' AS "REPLICABLE_WITH_FAILOVER_GROUPS", 'ROLE' AS "OWNER_ROLE_TYPE"
    FROM duckdb_schemas() s {noted("SCHEMA", "''", "s.schema_name")}
    WHERE s.database_name = {_OWN_NAME} AND s.schema_name NOT IN ('main', 'pg_catalog');
    """
