"""INFER_SCHEMA: what the columns of staged files are.

https://docs.snowflake.com/en/sql-reference/functions/infer_schema
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flocon.core import errors, result
from flocon.core.result import Result
from flocon.engine import inferred_types, literal
from flocon.engine.inferred_types import Kind
from flocon.engine.marked_names import unmarked
from flocon.engine.staged_rows import parquet
from flocon.session.context import Context
from flocon.session.stage_location import stage_location
from flocon.session.staged_queries import format_of
from flocon.sql.tokens import Tokens

_COLUMNS = result.columns("COLUMN_NAME", "TYPE", "NULLABLE", "EXPRESSION", "FILENAMES", "ORDER_ID")
_ARGUMENTS = {
    "LOCATION", "FILE_FORMAT", "FILES", "IGNORE_CASE", "MAX_FILE_COUNT", "MAX_RECORDS_PER_FILE",
}  # fmt: skip
# The types of Parquet.
_SNOWFLAKE_TYPES = {
    "BIGINT": "NUMBER(38, 0)",
    "INTEGER": "NUMBER(38, 0)",
    "SMALLINT": "NUMBER(38, 0)",
    "TINYINT": "NUMBER(38, 0)",
    "HUGEINT": "NUMBER(38, 0)",
    "UBIGINT": "NUMBER(38, 0)",
    "UINTEGER": "NUMBER(38, 0)",
    "USMALLINT": "NUMBER(38, 0)",
    "UTINYINT": "NUMBER(38, 0)",
    "DOUBLE": "REAL",
    "FLOAT": "REAL",
    "VARCHAR": "TEXT",
    "BLOB": "BINARY",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "TIME": "TIME",
    "TIME WITH TIME ZONE": "TIME",
    "TIMESTAMP": "TIMESTAMP_NTZ",
    "TIMESTAMP_NS": "TIMESTAMP_NTZ",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_LTZ",
    "TIMESTAMPTZ_NS": "TIMESTAMP_LTZ",
}


@dataclass
class _Column:
    """place: where it stands in the file that has it first. kind: its type, where the file says."""

    place: int
    kinds: list[Kind | None] = field(default_factory=list)
    kind: str = ""
    files: list[str] = field(default_factory=list)

    @property
    def type(self) -> str:
        return self.kind or str(inferred_types.merged(self.kinds))

    def seen_in(self, file: str) -> None:
        if file not in self.files:
            self.files.append(file)


def infer_schema(context: Context, database: str, arguments: dict[str, Any]) -> Result:
    """TABLE(INFER_SCHEMA(LOCATION => '@stage', FILE_FORMAT => …)) of CSV, JSON and Parquet."""
    for name in arguments:
        if name not in _ARGUMENTS:
            raise errors.unsupported(f"INFER_SCHEMA: {name}")
    options = _options(context, arguments)
    files = _files(context, arguments)
    kind = str(options.get("TYPE", "CSV")).upper()
    if kind == "PARQUET":
        columns = _of_parquet(context, files)
    elif kind in ("CSV", "JSON"):
        columns = _of_rows(context, files, options, kind, arguments.get("MAX_RECORDS_PER_FILE"))
    else:
        raise errors.unsupported(f"INFER_SCHEMA of files of type {kind}")
    ignores_case = bool(arguments.get("IGNORE_CASE"))
    if ignores_case:
        columns = _in_upper_case(columns)
    rows = [
        [name, column.type, True, _expression(name, column, kind, ignores_case),
         ", ".join(column.files), column.place]
        for name, column in columns.items()
    ]  # fmt: skip
    return result.of(_COLUMNS, rows)


def _options(context: Context, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    named = arguments.get("FILE_FORMAT")
    if named is None:
        raise errors.unsupported("INFER_SCHEMA without FILE_FORMAT")
    return format_of(context, context.resolve(Tokens(str(named)).name()))


def _files(context: Context, arguments: Mapping[str, Any]) -> list[tuple[str, Path]]:
    """By their paths in the stage."""
    place = stage_location(context, str(arguments["LOCATION"]))
    found = [(file.relative_to(place.folder).as_posix(), file) for _, file in place.files()]
    if "FILES" in arguments:
        given = arguments["FILES"]
        prefix = place.path.rstrip("/")
        wanted = {
            f"{prefix}/{name}".lstrip("/")
            for name in (given if isinstance(given, list) else [given])
        }
        found = [each for each in found if each[0] in wanted]
    most = arguments.get("MAX_FILE_COUNT")
    return found if most is None else found[: int(most)]


def _of_parquet(context: Context, files: Sequence[tuple[str, Path]]) -> dict[str, _Column]:
    columns: dict[str, _Column] = {}
    for name, file in files:
        described = context.connection.values(
            "SELECT column_name, column_type FROM"
            f" (DESCRIBE FROM {parquet(context.connection.values, file)})"
        )
        for place, (column, kind) in enumerate(described):
            known = columns.setdefault(unmarked(column), _Column(place, kind=_type(kind)))
            known.seen_in(name)
    return columns


def _of_rows(
    context: Context,
    files: Sequence[tuple[str, Path]],
    options: Mapping[str, Any],
    kind: str,
    most: int | None,
) -> dict[str, _Column]:
    """Of the first records of each file; most: so many, None for all."""
    columns: dict[str, _Column] = {}
    for name, file in files:
        rows = context.connection.staged_rows([(name, file)], options, 1)
        table = rows.table if most is None else rows.table.slice(0, int(most))
        if kind == "JSON":
            for document in table.column(0).to_pylist():
                for place, (key, value) in enumerate(inferred_types.members(document).items()):
                    column = columns.setdefault(key, _Column(place))
                    column.kinds.append(inferred_types.of_value(value))
                    column.seen_in(name)
            continue
        for place in range(max(rows.width, len(rows.header)) if rows.counts else 0):
            named = place < len(rows.header) and rows.header[place]
            column = columns.setdefault(named or f"c{place + 1}", _Column(place))
            texts = table.column(place).to_pylist() if place < rows.width else []
            column.kinds += [inferred_types.of_text(text) for text in texts if text is not None]
            column.seen_in(name)
    return columns


def _in_upper_case(columns: Mapping[str, _Column]) -> dict[str, _Column]:
    """Columns that differ in case alone are one."""
    joined: dict[str, _Column] = {}
    for name, column in columns.items():
        known = joined.setdefault(name.upper(), _Column(column.place, kind=column.kind))
        known.kinds += column.kinds
        for file in column.files:
            known.seen_in(file)
    return joined


def _expression(name: str, column: _Column, kind: str, ignores_case: bool) -> str:
    if kind == "CSV":
        return f"${column.place + 1}::{column.type}"
    if ignores_case:
        return f"GET_IGNORE_CASE ($1, {literal(name)})::{column.type}"
    return f"$1:{name}::{column.type}"


def _type(kind: str) -> str:
    if match := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", kind):
        return f"NUMBER({match[1]}, {match[2]})"
    return _SNOWFLAKE_TYPES.get(kind, "VARIANT")


TABLE_FUNCTIONS = {"INFER_SCHEMA": infer_schema}
