"""COPY INTO <location>: a query's rows as files in a stage.

https://docs.snowflake.com/en/sql-reference/sql/copy-into-location
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlglot import Expr, exp

from flocon.core import errors, output_formats, result
from flocon.core.result import Result
from flocon.core.timestamp_tz import ENGINE_TYPE
from flocon.engine import Binds, file_options
from flocon.engine.marked_names import without_marks
from flocon.engine.unloaded_rows import Format
from flocon.session.context import Context
from flocon.session.names import named_in, qualify
from flocon.session.stage_location import path_inside, stage_location
from flocon.session.staged_queries import format_of, format_of_stage
from flocon.sql.stage_location import StageLocation
from flocon.sql.tokens import Tokens

_MOST_BYTES = 16 * 1024 * 1024
_PARTITION = "$PARTITION"
_NULL = "__NULL__"
_FLAGS = ("OVERWRITE", "SINGLE", "HEADER", "DETAILED_OUTPUT", "INCLUDE_QUERY_ID")
_COUNTS = {"rows_unloaded": "BIGINT", "input_bytes": "BIGINT", "output_bytes": "BIGINT"}
_DETAILS = {"FILE_NAME": "VARCHAR", "FILE_SIZE": "BIGINT", "ROW_COUNT": "BIGINT"}
_ZONED = {"TIMESTAMP WITH TIME ZONE", ENGINE_TYPE}


@dataclass
class Unload:
    """A COPY INTO <location> as it is written."""

    location: str
    query: exp.Query
    partition: Expr | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    flags: dict[str, bool] = field(default_factory=dict)
    most_bytes: int = _MOST_BYTES
    returns_rows: bool = False


@dataclass(frozen=True)
class _File:
    name: str
    content: bytes
    size: int
    rows: int


def unload(context: Context, tree: Expr, binds: Binds) -> Result:
    """COPY INTO @stage/path FROM a table or a query."""
    assert isinstance(tree, exp.Copy)
    if context.connection.formats != output_formats.DEFAULT:
        raise errors.unsupported(
            "COPY INTO <location> under another output format than the default one"
        )
    statement = _read(tree, lambda text: format_of(context, context.resolve(Tokens(text).name())))
    place = stage_location(context, statement.location)
    options = statement.options or format_of_stage(context, place)
    form = Format.of(options, header=statement.flags.get("HEADER", False))
    table, types = _rows(context, statement, form, binds)
    if statement.returns_rows:
        return Result(table, types, result.COPY)
    files = list(_files(place, statement, form, table, types))
    if not statement.flags.get("OVERWRITE"):
        _check_free(place, statement, files)
    for file in files:
        _write(place.folder / file.name, file.content)
    if statement.flags.get("DETAILED_OUTPUT"):
        folder = place.path.rpartition("/")[0]
        details = [[f.name[len(folder) :].lstrip("/"), len(f.content), f.rows] for f in files]
        return result.of(_DETAILS, details, result.COPY)
    counts = [sum(f.rows for f in files), sum(f.size for f in files),
              sum(len(f.content) for f in files)]  # fmt: skip
    return result.of(_COUNTS, [counts], result.COPY)


def _check_free(place: StageLocation, statement: Unload, files: list[_File]) -> None:
    """Raises 001030: a single file minds its own name alone, several mind whatever begins as they
    do, and those of partitions have names that nothing else has."""
    taken = any((place.folder / file.name).exists() for file in files)
    if not statement.flags.get("SINGLE") and statement.partition is None:
        folder = place.path
        begin = f"{folder}data" if not folder or folder.endswith("/") else folder
        taken = taken or bool(replace(place, path=begin).files())
    if taken:
        raise errors.compilation(
            errors.FILES_EXIST,
            f"Files already existing at the unload destination: {statement.location}. Use"
            " overwrite option to force unloading.",
        )


# --- reading the statement -----------------------------------------------------------------------


def _read(tree: exp.Copy, named: Callable[[str], Mapping[str, Any]]) -> Unload:
    location, source = tree.this.this, tree.args["files"][0]
    if not isinstance(location, exp.Var | exp.Literal) or not location.name.startswith("@"):
        raise errors.unsupported("COPY INTO a place outside the account's stages")
    query = source.this if isinstance(source, exp.Subquery) else exp.select("*").from_(source)
    statement = Unload(location.name, query.copy())
    for parameter in tree.args.get("params") or ():
        _take(statement, parameter, named)
    if statement.flags.get("SINGLE") and statement.partition is not None:
        raise errors.unsupported("COPY INTO <location>: SINGLE with PARTITION BY")
    return statement


def _take(statement: Unload, parameter: Expr, named: Callable[[str], Mapping[str, Any]]) -> None:
    name, value = parameter.name.upper(), parameter.expression
    if name == "FILE_FORMAT":
        statement.options = file_options(parameter, named)
    elif name == "PARTITION BY":
        statement.partition = value.unnest()
    elif name in _FLAGS:
        statement.flags[name] = _is_true(value)
    elif name == "MAX_FILE_SIZE":
        statement.most_bytes = int(value.name)
    elif name == "VALIDATION_MODE" and value.name.upper() == "RETURN_ROWS":
        statement.returns_rows = True
    else:
        raise errors.unsupported(f"COPY INTO <location>: {name}")


def _is_true(value: Expr) -> bool:
    text = value.name if isinstance(value, exp.Literal | exp.Var) else value.sql()
    return text.upper() == "TRUE"


# --- running it ----------------------------------------------------------------------------------


def _rows(
    context: Context, statement: Unload, form: Format, binds: Binds
) -> tuple[pa.Table, list[str]]:
    """The rows, as texts where they are not for Parquet, and the types that they had."""
    query = statement.query
    reads = named_in(context, query)
    with (
        context.transactions.prepared((), lambda: reads),
        context.functions.evaluated(query, binds),
    ):
        if qualify(context, query).streams:
            raise errors.unsupported("COPY INTO <location> from a stream")
        described = context.connection.describe(query)
        kinds = described.types
        if form.kind == "JSON" and kinds != ["JSON"]:
            raise errors.compilation(
                errors.ONE_COLUMN,
                "JSON file format can produce one and only one column of type variant, object, or"
                " array.",
            )
        if form.kind == "PARQUET" and not _ZONED.isdisjoint(kinds):
            raise errors.unsupported("unloading TIMESTAMP_TZ or TIMESTAMP_LTZ to Parquet")
        outer = exp.select(*_values(described.names, kinds, statement, form))
        outer = outer.from_(query.subquery("_"))
        answer = context.connection.query(outer, binds)
    return without_marks(answer.table), [*kinds, *answer.types[len(kinds) :]]


def _values(names: list[str], kinds: list[str], statement: Unload, form: Format) -> list[Expr]:
    values: list[Expr] = []
    for name, kind in zip(names, kinds, strict=True):
        column = exp.column(exp.to_identifier(name, quoted=True))
        as_text = not statement.returns_rows and (form.kind != "PARQUET" or kind == "JSON")
        if form.kind == "JSON":
            call = exp.JSONFormat(this=column)
            values.append(exp.alias_(call, name, quoted=True) if as_text else column)
        else:
            text = exp.Cast(this=column, to=exp.DataType.build("VARCHAR"))
            values.append(exp.alias_(text, name, quoted=True) if as_text else column)
    if statement.partition is not None and not statement.returns_rows:
        text = exp.Cast(this=statement.partition.copy(), to=exp.DataType.build("VARCHAR"))
        values.append(exp.alias_(text, _PARTITION, quoted=True))
    return values


def _files(
    place: StageLocation, statement: Unload, form: Format, table: pa.Table, types: list[str]
) -> list[_File]:
    """The files to write, by their paths in the stage."""
    made = []
    for folder, part in _parts(place, statement, table):
        kinds = types[: part.num_columns]
        if statement.flags.get("SINGLE"):
            whole = form.files(part, kinds, max(statement.most_bytes, 5 * 1024**3))
            [(content, rows)] = list(whole)
            name = f"{folder}data" if not folder or folder.endswith("/") else folder
            made.append(_File(name, form.packed(content), len(content), rows))
            continue
        joint = "" if not folder or folder.endswith(("/", "_")) else "_"
        prefix = f"{folder}data_" if not folder or folder.endswith("/") else f"{folder}{joint}"
        if statement.flags.get("INCLUDE_QUERY_ID", statement.partition is not None):
            prefix += f"{result.new_id()}_"
        for number, (content, rows) in enumerate(form.files(part, kinds, statement.most_bytes)):
            name = f"{prefix}0_0_{number}{form.extension}"
            made.append(_File(name, form.packed(content), len(content), rows))
    return [file for file in made if file.rows]


def _parts(place: StageLocation, statement: Unload, table: pa.Table) -> list[tuple[str, pa.Table]]:
    """Where the rows go: all to the location, or those of each partition to a folder."""
    if statement.partition is None:
        return [(place.path, table)]
    texts = [_NULL if text is None else text for text in table.column(_PARTITION).to_pylist()]
    rows = table.drop_columns([_PARTITION])
    base = place.path if not place.path or place.path.endswith("/") else f"{place.path}/"
    parts = []
    for text in dict.fromkeys(texts):
        if text and not {"", ".", ".."}.isdisjoint(text.split("/")):
            raise errors.unsupported(f"a partition in the folder {text!r}")
        path_inside(place.folder, base + text)
        places = [index for index, each in enumerate(texts) if each == text]
        parts.append((f"{base}{text}/" if text else base, rows.take(places)))
    return parts


def _write(file: Path, content: bytes) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise errors.unsupported(f"a staged file below another one: '{file.name}'") from None


TREES = {exp.Copy: unload}
