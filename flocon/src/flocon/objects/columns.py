"""DESCRIBE TABLE, DESCRIBE VIEW and SHOW COLUMNS: the columns of tables and views."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from flocon.access.demands import needs, nothing
from flocon.access.needs import Demand, Listing
from flocon.access.securables import RELATION
from flocon.access.trees import Place
from flocon.core import errors, result
from flocon.core.result import Result
from flocon.core.timestamp_tz import ENGINE_TYPE
from flocon.engine import column_defaults, lengths, moments, quoted
from flocon.engine.declared_types import bytes_of, known, shown_as
from flocon.engine.marked_names import marked, unmarked
from flocon.objects import identities, keys
from flocon.objects.listings import relations
from flocon.session.context import Context
from flocon.session.names import made_with
from flocon.session.statements import Kind
from flocon.sql.show import ShowColumns, like, read_show_columns
from flocon.sql.tokens import FullName, Name, Tokens

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
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_LTZ(9)",
    ENGINE_TYPE: "TIMESTAMP_TZ(9)",
}
# That of a sequence, whose name has quotes there that it does not need.
_OF_A_SEQUENCE = re.compile(column_defaults.OF_A_SEQUENCE)
# That of a TIMESTAMP_TZ (`engine.moments`), of a VARCHAR(n) (`engine.lengths`).
_DEFAULT = re.compile(f"{moments.DEFAULT_WITH_OFFSET}|{lengths.DEFAULT_WITH_LENGTH}", re.DOTALL)
_AS_WRITTEN = re.compile(column_defaults.DEFAULT_AS_WRITTEN, re.DOTALL)


@dataclass(frozen=True)
class _Column:
    """identity: how an AUTOINCREMENT counts, '' for other columns."""

    name: str
    type: str
    nullable: bool = True
    default: str | None = None
    comment: str | None = None
    identity: str = ""


def _columns(
    context: Context, places: Iterable[tuple[str, str, str]]
) -> dict[tuple[str, str, str], list[_Column]]:
    """The columns of tables and views where the engine has them, with Snowflake's types."""
    found: dict[tuple[str, str, str], list[_Column]] = {place: [] for place in places}
    databases = sorted({database for database, _, _ in found})
    kept = {
        place: context.connection.kept_not_null(*place)
        for place in found
        if context.connection.may_be_view(*place)
    }
    for (
        database,
        schema,
        table,
        name,
        kind,
        nullable,
        default,
        comment,
    ) in context.connection.values(
        "SELECT database_name, schema_name, table_name, column_name, data_type, is_nullable,"
        " column_default, comment FROM duckdb_columns() WHERE list_contains(?, database_name)"
        " ORDER BY column_index",
        [databases],
    ):
        if (place := (database, schema, table)) in found:
            said = context.connection.declared(*place).get(name, "")
            declared = shown_as(known(said, kind)) or shown(kind)
            nullable = nullable and name not in kept.get(place, ())
            name = unmarked(name)
            if default and (told := _AS_WRITTEN.fullmatch(default)):
                default = told[1].replace("''", "'")
            elif default and (written := _DEFAULT.fullmatch(default)):
                default = written[1] or written[2]
            elif default and (counts := _OF_A_SEQUENCE.fullmatch(default)):
                default = f"{counts[1].replace(chr(34), '')}.NEXTVAL"
            if identity := identities.told(context, database, default):
                default = None
            found[place].append(_Column(name, declared, nullable, default, comment, identity))
    return {place: _made(context, place, columns) for place, columns in found.items()}


def _made(context: Context, place: tuple[str, str, str], columns: list[_Column]) -> list[_Column]:
    """A view of `*` has the columns that it was made with, whatever its table has got since."""
    if place[0] == "temp" or not context.connection.may_be_view(*place):
        return columns
    if (made := made_with(context, FullName(*place))) is None:
        return columns
    now, declared = {column.name: column for column in columns}, context.connection.declared(*place)
    return [
        now.get(name)
        or _Column(name, shown_as(known(declared.get(marked(name), ""), kind)) or shown(kind))
        for name, kind in made
    ]


def types(context: Context, table: FullName) -> dict[str, str]:
    """The types of a table's or view's columns, as Snowflake shows them, by the engine's names."""
    place = context.place(table)
    return {marked(column.name): column.type for column in _columns(context, [place])[place]}


def shown(kind: str) -> str:
    """DuckDB's type name as Snowflake's."""
    if match := re.fullmatch(r"DECIMAL\((\d+),\s*(\d+)\)", kind):
        return f"NUMBER({match[1]},{match[2]})"
    return _TYPES.get(kind, kind)


def _existing(context: Context, kind: str, written: Name) -> FullName:
    full = context.resolve(written)
    if full not in context.connection.temporary and context.relation_kind(full) is None:
        raise errors.does_not_exist(kind.capitalize(), full)
    return full


# --- DESCRIBE ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DescribeRelation:
    kind: str
    name: Name


def _read_describe(tokens: Tokens) -> DescribeRelation:
    """DESCRIBE {TABLE | VIEW} name [TYPE = COLUMNS]"""
    tokens.next()
    statement = DescribeRelation(tokens.word(), tokens.name())
    if tokens.accept("TYPE", "="):
        tokens.expect("COLUMNS")
    tokens.end()
    return statement


def describe(context: Context, statement: DescribeRelation) -> Result:
    """DESCRIBE TABLE | VIEW. https://docs.snowflake.com/en/sql-reference/sql/desc-table"""
    if _is_of_information_schema(statement, context):
        found = _of_information_schema(context, context.resolve(statement.name))
        full = None
    else:
        full = _existing(context, statement.kind, statement.name)
        place = context.place(full)
        found = _columns(context, [place])[place]
    columns = result.columns(
        "name", "type", "kind", "null?", "default", "primary key", "unique key", "check",
        "expression", "comment", "policy name", "privacy domain",
    )  # fmt: skip
    primary, unique = keys.columns_of(context, full) if full else ((), ())
    rows = [
        {
            "name": column.name,
            "type": column.type,
            "kind": "COLUMN",
            "null?": _yes(column.nullable),
            "default": column.identity or column.default,
            "primary key": _yes(column.name in primary),
            "unique key": _yes(column.name in unique),
            "comment": column.comment,
        }
        for column in found
    ]
    return result.listing(columns, rows, result.DESCRIBE)


_INFORMATION_SCHEMA = "INFORMATION_SCHEMA"


def _is_of_information_schema(statement: DescribeRelation, place: Place | Context) -> bool:
    """Is it a view of INFORMATION_SCHEMA, which all roles may describe?"""
    return place.resolve(statement.name).schema == _INFORMATION_SCHEMA


def _of_information_schema(context: Context, view: FullName) -> list[_Column]:
    """https://docs.snowflake.com/en/sql-reference/info-schema"""
    read = f"SELECT * FROM {quoted(view.database, view.schema, view.name)}"
    answer = context.execute(read, describe=True)
    declared = answer.declared or [""] * len(answer.types)
    return [
        _Column(unmarked(name), lengths.of_column(known(said, kind)) or shown(kind))
        for name, kind, said in zip(answer.names, answer.types, declared, strict=True)
    ]


def _described(statement: DescribeRelation, place: Place) -> Demand:
    if _is_of_information_schema(statement, place):
        return nothing(statement, place)
    return needs(RELATION)(statement, place)


def _yes(value: bool) -> str:
    return "Y" if value else "N"


# --- SHOW COLUMNS --------------------------------------------------------------------------------


def show(context: Context, statement: ShowColumns) -> Result:
    """SHOW COLUMNS. https://docs.snowflake.com/en/sql-reference/sql/show-columns"""
    _check_path(statement)
    places = _places(context, statement)
    found = _columns(context, places.values())
    rows = [
        {
            "table_name": full.name,
            "schema_name": full.schema,
            "column_name": column.name,
            "data_type": _document(column),
            "null?": "true" if column.nullable else "NOT_NULL",
            "default": column.default or "",
            "kind": "COLUMN",
            "expression": "",
            "comment": column.comment or "",
            "database_name": full.database,
            "autoincrement": column.identity,
        }
        for full, place in places.items()
        for column in found[place]
        if statement.pattern is None or like(statement.pattern, column.name)
    ]
    columns = result.columns(
        "table_name", "schema_name", "column_name", "data_type", "null?", "default", "kind",
        "expression", "comment", "database_name", "autoincrement", "schema_evolution_record",
        "write_default",
    )  # fmt: skip
    return result.listing(columns, statement.cut(rows), result.SHOW)


def _check_path(statement: ShowColumns) -> None:
    """Raises 000002 for a view, and a schema, that is not named in full."""
    scope, view = statement.scope, statement.relation if statement.kind == "VIEW" else None
    schema = scope.name if scope.kind == "SCHEMA" else None
    if (view and view.database is None) or (schema and schema.schema is None):
        raise errors.compilation(
            errors.UNSUPPORTED,
            f"Must specify the full search path starting from database for {view or schema}",
        )


def _places(context: Context, statement: ShowColumns) -> dict[FullName, tuple[str, str, str]]:
    """Where the engine has the tables and views whose columns are asked for."""
    if statement.relation is not None:
        full = _existing(context, statement.kind, statement.relation)
        return {full: context.place(full)}
    named = (
        FullName(row["database_name"], row["schema_name"], row["name"])
        for row in relations(context, statement.scope)
    )
    return {full: context.place(full) for full in named}


def _document(column: _Column) -> str:
    """A column's type as SHOW COLUMNS has it: JSON without spaces."""
    base, _, rest = column.type.partition("(")
    numbers = [int(each) for each in rest.rstrip(")").split(",") if each.strip().isdigit()]
    return json.dumps(
        {"type": _NAMES.get(base, base), **_details(base, numbers, column.nullable)},
        separators=(",", ":"),
    )


_NAMES = {"NUMBER": "FIXED", "VARCHAR": "TEXT", "FLOAT": "REAL"}


def _details(base: str, numbers: Sequence[int], nullable: bool) -> dict[str, Any]:
    if base == "NUMBER":
        return {"precision": numbers[0], "scale": numbers[1], "nullable": nullable}
    if base == "VARCHAR":
        size = bytes_of(numbers[0])
        return {"length": numbers[0], "byteLength": size, "nullable": nullable, "fixed": False}
    if base == "BINARY":
        size = numbers[0]
        return {"length": size, "byteLength": size, "nullable": nullable, "fixed": True}
    if base.startswith("TIME"):
        return {"precision": 0, "scale": numbers[0], "nullable": nullable}
    return {"nullable": nullable}


def _on_columns(statement: ShowColumns, place: Place) -> Demand:
    return Demand(lists=Listing((RELATION,), ("database_name", "schema_name", "table_name")))


STATEMENTS = (
    Kind(("DESCRIBE", "TABLE"), _read_describe, describe, _described),
    Kind(("DESCRIBE", "VIEW"), _read_describe, describe, _described),
    Kind(("SHOW", "COLUMNS"), read_show_columns, show, _on_columns),
)
