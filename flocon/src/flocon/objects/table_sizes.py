"""How many rows tables hold and how much they store; INFORMATION_SCHEMA.TABLES, which tells it.

https://docs.snowflake.com/en/sql-reference/info-schema/tables
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from flocon.access.securables import FIRST_OWNER, RELATION, Securable
from flocon.core import errors, result
from flocon.core.errors import SnowflakeError
from flocon.engine import HIDDEN_SCHEMA, quoted
from flocon.session.context import Context
from flocon.sql.tokens import FullName

# What INFORMATION_SCHEMA.TABLES is read as.
TABLES = "_TABLES_WITH_SIZES"
QUERY = 'SELECT * FROM TABLE("{database}".INFORMATION_SCHEMA.' + TABLES + "())"

_COLUMNS = result.columns(
    "TABLE_CATALOG", "TABLE_SCHEMA", "TABLE_NAME", "TABLE_OWNER", "TABLE_TYPE", "IS_TRANSIENT",
    "CLUSTERING_KEY", "ROW_COUNT", "BYTES", "RETENTION_TIME", "CREATED", "LAST_ALTERED",
    "LAST_DDL", "AUTO_CLUSTERING_ON", "COMMENT", "IS_TEMPORARY", "IS_ICEBERG", "IS_DYNAMIC",
    "IS_IMMUTABLE", "IS_HYBRID",
)  # fmt: skip
_WIDTHS = {
    "BIGINT": 8,
    "BOOLEAN": 1,
    "DATE": 4,
    "DOUBLE": 8,
    "HUGEINT": 16,
    "INTEGER": 4,
    "TIME": 8,
    "TIMESTAMP": 8,
    "TIMESTAMP WITH TIME ZONE": 8,
    # Of what a TIMESTAMP_TZ is, beside a TIMESTAMP.
    "INTERVAL": 8,
}


class Size(NamedTuple):
    rows: int
    bytes: int


def size(context: Context, database: str, schema: str, name: str) -> Size | None:
    """A table's committed rows, and the bytes of their values before compression; None of a table
    that has been dropped since somebody found it.

    DuckDB packs small tables into shared blocks, whose number says little; the values' own size
    grows and shrinks with the rows.
    """
    table = quoted(database, schema, name)
    try:
        # A temporary table is seen by its session's connection alone.
        ask = context.connection.values if database == "temp" else context.connection.values_beside
        return _measured(ask, table)
    except SnowflakeError as error:
        if error.errno != errors.DOES_NOT_EXIST.errno:
            raise
        return None


def _measured(ask: Callable[[str, Sequence[Any]], list[tuple[Any, ...]]], table: str) -> Size:
    rows = int(ask(f"SELECT count(*) FROM {table}", ())[0][0])
    if not rows:
        return Size(0, 0)
    stored, total = 0, 0
    for column, kind, count, text in ask(
        "SELECT column_id, segment_type, count, stats.total_string_length::BIGINT"
        " FROM pragma_storage_info(?)",
        [table],
    ):
        stored += count if column == 0 and kind not in ("VALIDITY", "INTERVAL") else 0
        total += text if text is not None else count * _width(kind)
    # Deleted rows are stored until DuckDB's next clean-up.
    return Size(rows, round(total * rows / max(stored, rows)))


def _width(kind: str) -> int:
    """The bytes of one value of a type; a list's, a struct's are in their parts."""
    if match := re.fullmatch(r"DECIMAL\((\d+),\d+\)", kind):
        digits = int(match[1])
        return next(
            width for limit, width in ((4, 2), (9, 4), (18, 8), (38, 16)) if digits <= limit
        )
    return _WIDTHS.get(kind, 0)


def tables(context: Context, database: str, arguments: dict[str, Any]) -> result.Result:
    """INFORMATION_SCHEMA.TABLES, with each table's size at this moment."""
    found = context.connection.values(
        f"SELECT {', '.join(_COLUMNS)} FROM {quoted(database, HIDDEN_SCHEMA)}._fs_tables"
    )
    rows = []
    for values in found:
        row = dict(zip(_COLUMNS, values, strict=True))
        what = Securable(RELATION, (database, row["TABLE_SCHEMA"], row["TABLE_NAME"]))
        if not context.access.sees(what):
            continue
        if row["TABLE_TYPE"] == "BASE TABLE":
            measured = size(context, database, row["TABLE_SCHEMA"], row["TABLE_NAME"])
            if measured is None:
                continue
            row |= {"ROW_COUNT": measured.rows, "BYTES": measured.bytes}
            row["LAST_ALTERED"] = _last_altered(context, FullName(*what.path), row["LAST_ALTERED"])
        rows.append(list(row.values()))
    rows += [
        [row.get(column) for column in _COLUMNS]
        for name in context.connection.temporary
        if name.database == database
        for row in [_temporary(context, name)]
    ]
    return result.of(_COLUMNS, rows, result.SELECT)


def _last_altered(context: Context, name: FullName, ddl: datetime | None) -> datetime | None:
    """By DDL or DML."""
    written = context.account.write_times.of(name)
    return max((each for each in (ddl, written) if each), default=None)


def _temporary(context: Context, name: FullName) -> dict[str, Any]:
    held, place = context.connection.temporary[name], context.place(name)
    row: dict[str, Any] = dict.fromkeys(_COLUMNS, "NO")
    row |= dict(zip(_COLUMNS, (name.database, name.schema, name.name, FIRST_OWNER), strict=False))
    row |= dict.fromkeys(("CLUSTERING_KEY", "ROW_COUNT", "BYTES", "RETENTION_TIME", "COMMENT"))
    ddl = held.altered_on or held.created_on
    row |= {"CREATED": held.created_on, "LAST_DDL": ddl}
    row["LAST_ALTERED"] = max(ddl, held.written_on or ddl)
    if held.kind == "VIEW":
        return row | {"TABLE_TYPE": "VIEW", "IS_TRANSIENT": None, "AUTO_CLUSTERING_ON": None}
    measured = size(context, *place) or Size(0, 0)
    row |= {"TABLE_TYPE": "TEMPORARY TABLE", "IS_TEMPORARY": "YES", "RETENTION_TIME": 1}
    return row | {"ROW_COUNT": measured.rows, "BYTES": measured.bytes}


TABLE_FUNCTIONS = {TABLES: tables}
VIEWS = {"TABLES": QUERY}
