"""COPY INTO <table>: which files are loaded, and what their rows become.

https://docs.snowflake.com/en/sql-reference/sql/copy-into-table
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from glob import escape
from pathlib import Path
from typing import Any, Protocol

from fakesnow.transforms import file_format
from fakesnow.transforms.options import parse_options
from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine import staged_rows
from flocon.engine.catalog import HIDDEN_SCHEMA
from flocon.engine.quoting import literal, quoted
from flocon.engine.rendering import Binds
from flocon.engine.staged_rows import StagedRows
from flocon.sql.stage_location import StageLocation

# What a table's loaded files held: a file that has changed since is loaded again.
DDL = """
CREATE TABLE IF NOT EXISTS _account_loaded_files (
    schema_name VARCHAR, table_name VARCHAR, file_name VARCHAR, digest VARCHAR);
"""
# fakesnow leaves backslashes alone, which escape in fields that nothing encloses.
file_format.CSV_DEFAULT_OPTIONS["ESCAPE_UNENCLOSED_FIELD"] = "\\"

RELATION = "$STAGED"
_ANSWER = (
    "file", "status", "rows_parsed", "rows_loaded", "error_limit", "errors_seen", "first_error",
    "first_error_line", "first_error_character", "first_error_column_name",
)  # fmt: skip
TYPES = {
    name: "VARCHAR" if name in ("file", "status", "first_error", "first_error_column_name") else
    "BIGINT"
    for name in _ANSWER
}  # fmt: skip
_SKIPS = re.compile(r"SKIP_FILE(?:_(\d+)(%?))?")
# What a text that does not fit a column is called, by the beginning of the column's type.
_NOT_RECOGNIZED = {
    "DATE": (errors.DATE_VALUE, "Date"),
    "TIMESTAMP": (errors.TIMESTAMP_VALUE, "Timestamp"),
    "TIME": (errors.TIMESTAMP_VALUE, "Time"),
    "BOOLEAN": (errors.BOOLEAN_VALUE, "Boolean value"),
}


class Connection(Protocol):
    """What a COPY INTO needs of the connection that runs it."""

    def values(self, sql: str, binds: Any = ()) -> list[tuple[Any, ...]]: ...
    def dml(self, tree: Expr, binds: Binds) -> list[tuple[Any, ...]]: ...
    def columns(self, database: str, schema: str, table: str) -> list[tuple[str, str]]: ...
    def relation(self, name: str, table: Any, types: Sequence[str]) -> None: ...
    def forget(self, name: str) -> None: ...


# The row of a file, what is wrong with it, and in which column.
Wrong = tuple[int, str, str | None]


@dataclass
class Copy:
    """A COPY INTO as it is written. files: of these names alone; None for all."""

    table: exp.Table
    columns: list[str]
    source: str
    select: exp.Select | None
    options: Mapping[str, Any]
    files: list[str] | None = None
    pattern: str | None = None
    on_error: str = "ABORT_STATEMENT"
    match: str = "NONE"
    purge: bool = False
    force: bool = False


@dataclass
class _Loaded:
    """What became of a file."""

    status: str
    parsed: int = 0
    loaded: int = 0
    errors: list[Wrong] = field(default_factory=list)


# --- reading the statement -----------------------------------------------------------------------


def read(tree: exp.Copy, binds: Binds, named: Callable[[str], Mapping[str, Any]]) -> Copy:
    """named: a file format's options by its name. Raises 000002 for what is not carried out."""
    for mark in list(tree.find_all(exp.Placeholder)):
        mark.replace(exp.Literal.string(str(binds[mark.this])))
    target = tree.this
    columns = [each.name for each in target.expressions] if isinstance(target, exp.Schema) else []
    table = target.this if isinstance(target, exp.Schema) else target
    if not tree.args.get("kind") or not isinstance(table.this, exp.Identifier):
        raise errors.unsupported("COPY INTO <location>")
    place, select = tree.args["files"][0], None
    if isinstance(place, exp.Subquery):
        select = place.this
        from_ = select.args.get("from_") if isinstance(select, exp.Select) else None
        if from_ is None or not isinstance(from_.this, exp.Table):
            raise errors.unsupported("COPY INTO <table> from a query that does not read a stage")
        place = from_.this
    source = place.this.name if isinstance(place.this, exp.Var | exp.Literal) else ""
    if not source.startswith("@"):
        raise errors.unsupported("COPY INTO <table> from outside the account's stages")
    copy = Copy(table, columns, source, select, {})
    if given := place.args.get("format"):
        copy.options = named(given.name if isinstance(given, exp.Literal) else given.sql())
    if given := place.args.get("pattern"):
        copy.pattern = given.name
    for parameter in tree.args.get("params") or ():
        _take(copy, parameter, named)
    staged_rows.kind_of(copy.options)
    return copy


def _take(copy: Copy, parameter: Expr, named: Callable[[str], Mapping[str, Any]]) -> None:
    name, value = parameter.name.upper(), parameter.expression
    text = value.name if isinstance(value, exp.Literal | exp.Var) else ""
    if name == "FILE_FORMAT":
        options = parse_options(parameter.expressions)
        if format_name := options.pop("FORMAT_NAME", None):
            options = {**named(str(format_name)), **options}
        copy.options = {**copy.options, **options}
    elif name == "FILES":
        copy.files = [each.name for each in parameter.find_all(exp.Literal)]
    elif name == "PATTERN":
        copy.pattern = text
    elif name in ("PURGE", "FORCE"):
        setattr(copy, name.lower(), value.sql().upper() == "TRUE")
    elif name == "ON_ERROR":
        copy.on_error = text.upper()
        if copy.on_error not in ("ABORT_STATEMENT", "CONTINUE") and not _SKIPS.fullmatch(
            copy.on_error
        ):
            raise errors.compilation(errors.PROPERTY_VALUE, f"invalid value [{text}] for ON_ERROR")
    elif name == "MATCH_BY_COLUMN_NAME":
        copy.match = text.upper()
        if copy.match not in ("NONE", "CASE_SENSITIVE", "CASE_INSENSITIVE"):
            raise errors.compilation(
                errors.INVALID_PROPERTY, f"invalid value [{text}] for MATCH_BY_COLUMN_NAME"
            )
    elif (name, value.sql().upper()) not in _SAYS_NOTHING:
        raise errors.unsupported(f"COPY INTO <table>: {name}")


_SAYS_NOTHING = {
    ("TRUNCATECOLUMNS", "FALSE"),
    ("ENFORCE_LENGTH", "TRUE"),
    ("LOAD_UNCERTAIN_FILES", "FALSE"),
    ("RETURN_FAILED_ONLY", "FALSE"),
}


# --- running it ----------------------------------------------------------------------------------


def run(connection: Connection, copy: Copy, place: StageLocation) -> list[list[Any]]:
    """Load the files; returns what happened to each, as `TYPES` names it."""
    files = _chosen(copy, place)
    schema, name = copy.table.db, copy.table.name
    hidden = quoted(copy.table.catalog, HIDDEN_SCHEMA) if copy.table.catalog else None
    answers = []
    for label, file in files:
        digest = hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
        before = _digest(connection, hidden, schema, name, file)
        if before == digest and not copy.force:
            skipped = _Loaded("LOAD_SKIPPED", errors=[(0, "File was loaded before.", None)])
            answers.append(_answer(label, skipped, None))
            continue
        loaded = _load(connection, copy, label, file)
        if hidden and loaded.status != "LOAD_FAILED":
            _remember(connection, hidden, (schema, name, str(file)), digest, loaded)
        if copy.purge and loaded.status == "LOADED":
            file.unlink()
        answers.append(_answer(label, loaded, 1 if copy.on_error == "ABORT_STATEMENT" else None))
    return answers


def _chosen(copy: Copy, place: StageLocation) -> list[tuple[str, Path]]:
    files = place.files(copy.pattern)
    if copy.files is None:
        return files
    chosen = []
    for name in copy.files:
        wanted = {place.path + name, f"{place.path.rstrip('/')}/{name}".lstrip("/")}
        found = [each for each in files if each[1].relative_to(place.folder).as_posix() in wanted]
        if not found and copy.on_error == "ABORT_STATEMENT":
            raise errors.SnowflakeError(errors.NO_SUCH_FILE, f"Remote file '{name}' was not found.")
        chosen += found
    return chosen


def _answer(label: str, loaded: _Loaded, limit: int | None) -> list[Any]:
    row, what, column = loaded.errors[0] if loaded.errors else (None, None, None)
    return [
        label, loaded.status, loaded.parsed, loaded.loaded, limit, len(loaded.errors), what,
        row or None, None, column,
    ]  # fmt: skip


def _load(connection: Connection, copy: Copy, label: str, file: Path) -> _Loaded:
    kind = staged_rows.kind_of(copy.options)
    if copy.on_error != "ABORT_STATEMENT" and copy.select is not None:
        raise errors.unsupported(f"COPY INTO <table>: ON_ERROR = {copy.on_error} of a query")
    target = copy.table
    known = connection.columns(target.catalog or "temp", target.db or "main", target.name)
    columns = copy.columns or [name for name, _ in known]
    encoding = str(copy.options.get("BINARY_FORMAT", "HEX")).upper()
    if encoding != "HEX" and any(held == "BLOB" and name in columns for name, held in known):
        raise errors.unsupported(f"COPY INTO <table>: BINARY_FORMAT = {encoding} of a BINARY")
    if kind == "PARQUET" and (copy.match != "NONE" or copy.select is not None):
        values = _parquet(connection, copy, columns, label, file)
        names = columns if copy.match == "NONE" or copy.select else [n for n, _ in values]
        # After an error the view is gone with the transaction.
        made = _inserted(connection, copy, names[: len(values)], [v for _, v in values])
        connection.values(f'DROP VIEW IF EXISTS temp."{RELATION}"')
        return made
    rows = staged_rows.read(connection.values, [(label, file)], copy.options)
    wrong: list[Wrong] = []
    if copy.select is not None:
        values = [("", value) for value in _selected(copy.select, rows.width)]
    elif kind == "CSV":
        if copy.match != "NONE":
            raise errors.unsupported("COPY INTO <table>: MATCH_BY_COLUMN_NAME of a file of CSV")
        wrong = _check_counts(copy, rows, len(columns))
        values = [(n, _column(place)) for place, n in enumerate(columns[: rows.width], start=1)]
    elif copy.match != "NONE":
        values = [(n, _member(n)) for n in columns]
        if copy.match == "CASE_INSENSITIVE":
            values = [(n, _member(n, any_case=True)) for n in columns]
    elif len(columns) == 1:
        values = [(columns[0], _column(1))]
    else:
        raise errors.SnowflakeError(
            errors.ONE_COLUMN,
            f"SQL compilation error:\n{kind} file format can produce one and only one column of"
            " type variant, object, or array. Load data into separate columns using the"
            " MATCH_BY_COLUMN_NAME copy option or copy with transformation.",
        )
    connection.relation(RELATION, rows.table, rows.types)
    if copy.on_error != "ABORT_STATEMENT":
        wrong += _unfit(connection, values, dict(known))
    if _is_skipped(copy.on_error, len({row for row, *_ in wrong}), rows.table.num_rows):
        made = _Loaded("LOAD_FAILED")
    else:
        names = [n for n, _ in values] if copy.select is None else columns[: len(values)]
        left_out = sorted({row for row, *_ in wrong})
        made = _inserted(connection, copy, names, [v for _, v in values], left_out)
    connection.forget(RELATION)
    made.parsed, made.errors = rows.table.num_rows, sorted(wrong)
    if wrong and made.status == "LOADED":
        made.status = "PARTIALLY_LOADED" if made.loaded else "LOAD_FAILED"
    return made


def _inserted(
    connection: Connection,
    copy: Copy,
    names: Sequence[str],
    values: Sequence[Expr],
    left_out: Sequence[int] = (),
) -> _Loaded:
    select = copy.select.copy() if copy.select is not None else exp.Select()
    select.set("expressions", [value.copy() for value in values])
    source = exp.Table(this=exp.to_identifier(RELATION, quoted=True))
    if copy.select is not None and copy.select.args["from_"].this.alias:
        alias = exp.to_identifier(copy.select.args["from_"].this.alias, quoted=True)
        source.set("alias", exp.TableAlias(this=alias))
    select.set("from_", exp.From(this=source))
    if left_out:
        place = exp.column(exp.to_identifier("METADATA$FILE_ROW_NUMBER", quoted=True))
        wrong = [exp.Literal.number(row) for row in left_out]
        select = select.where(exp.Not(this=exp.In(this=place, expressions=wrong)))
    named = [exp.to_identifier(name, quoted=True) for name in names]
    target = exp.Schema(this=copy.table.copy(), expressions=named)
    count = int(connection.dml(exp.Insert(this=target, expression=select), {})[0][0])
    return _Loaded("LOADED", count, count)


def _column(place: int) -> Expr:
    return exp.column(exp.to_identifier(f"COLUMN{place}", quoted=True))


def _member(name: str, *, any_case: bool = False) -> Expr:
    """A member of the document, as the text that a column converts."""
    get = "_account_get_ignore_case" if any_case else "_account_get"
    member = exp.Anonymous(this=get, expressions=[_column(1), exp.Literal.string(name)])
    text = [member, exp.Literal.string("$")]
    return exp.Anonymous(this="_account_json_text", expressions=text)


def _selected(select: exp.Select, width: int) -> list[Expr]:
    """The values of a transformation, with the columns' names in the place of $1 …"""
    for mark in list(select.find_all(exp.Parameter)):
        if not mark.name.isdigit():
            continue
        named = int(mark.name) <= width
        column: Expr = exp.to_identifier(f"COLUMN{mark.name}", quoted=True)
        if isinstance(mark.parent, exp.Column) and named:
            mark.parent.set("this", column)
        elif isinstance(mark.parent, exp.Column):
            mark.parent.replace(exp.Null())
        else:
            mark.replace(exp.Column(this=column) if named else exp.Null())
    return list(select.expressions)


# --- Parquet: columns that keep their types ------------------------------------------------------


def _parquet(
    connection: Connection, copy: Copy, columns: Sequence[str], label: str, file: Path
) -> list[tuple[str, Expr]]:
    """The values that go into these columns; the file is the relation."""
    path = literal(escape(str(file)))
    described = connection.values(
        f"SELECT column_name, column_type FROM (DESCRIBE FROM read_parquet({path}))"
    )
    nested = {name for name, kind in described if kind.endswith("]") or "(" in kind[:7]}
    held = ", ".join(
        f"to_json({quoted(name)}) AS {quoted(name)}"
        if name in nested and not dict(described)[name].startswith("DECIMAL")
        else quoted(name)
        for name, _ in described
    )
    metadata = (
        f'{literal(label)} AS "METADATA$FILENAME",'
        ' row_number() OVER () AS "METADATA$FILE_ROW_NUMBER"'
    )
    connection.values(
        f'CREATE OR REPLACE TEMP VIEW "{RELATION}" AS'
        f" SELECT {held}, {metadata} FROM read_parquet({path})"
    )
    if copy.select is not None:
        return [("", value) for value in _fields(copy.select, [name for name, _ in described])]
    known = {
        name if copy.match == "CASE_SENSITIVE" else name.upper(): name for name, _ in described
    }
    pairs = [(n, known.get(n if copy.match == "CASE_SENSITIVE" else n.upper())) for n in columns]
    return [(n, exp.column(exp.to_identifier(own, quoted=True))) for n, own in pairs if own]


def _fields(select: exp.Select, names: Sequence[str]) -> list[Expr]:
    """$1:name is the file's column of that name, NULL if it has no such column."""
    for extract in list(select.find_all(exp.JSONExtract)):
        bare = extract.this
        if not (isinstance(bare, exp.Parameter) or isinstance(bare.this, exp.Parameter)):
            continue
        key, *deeper = [s for s in extract.expression.expressions if isinstance(s, exp.JSONPathKey)]
        if deeper:
            raise errors.unsupported(f"a path in a file of Parquet: {extract.sql('snowflake')}")
        own = exp.column(exp.to_identifier(key.this, quoted=True))
        extract.replace(own if key.this in names else exp.Null())
    if any(mark.name.isdigit() for mark in select.find_all(exp.Parameter)):
        raise errors.unsupported("COPY INTO <table>: $1 of a file of Parquet without a name")
    return list(select.expressions)


# --- rows that do not fit ------------------------------------------------------------------------


def _check_counts(copy: Copy, rows: StagedRows, columns: int) -> list[Wrong]:
    """The records that have not as many fields as the table has columns."""
    if str(copy.options.get("ERROR_ON_COLUMN_COUNT_MISMATCH", "TRUE")).upper() == "FALSE":
        return []
    wrong: list[Wrong] = []
    for place, count in enumerate(rows.counts, start=1):
        if count != columns:
            what = (
                f"Number of columns in file ({count}) does not match that of the corresponding"
                f" table ({columns}), use file format option error_on_column_count_mismatch=false"
                " to ignore this error"
            )
            if copy.on_error == "ABORT_STATEMENT":
                raise errors.SnowflakeError(errors.COLUMN_COUNT, what)
            wrong.append((place, what, None))
    return wrong


def _unfit(
    connection: Connection, values: Sequence[tuple[str, Expr]], kinds: Mapping[str, str]
) -> list[Wrong]:
    """The rows with a field that its column does not take."""
    wrong: list[Wrong] = []
    for name, value in values:
        kind = kinds[name]
        if kind in ("VARCHAR", "JSON"):
            continue
        text = value.sql(dialect="duckdb", identify=True)
        rows = connection.values(
            f'SELECT "METADATA$FILE_ROW_NUMBER", {text} FROM temp."{RELATION}"'
            f" WHERE {text} IS NOT NULL AND TRY_CAST({text} AS {kind}) IS NULL"
        )
        what = _NOT_RECOGNIZED.get(kind.split()[0].split("_")[0], (None, "Numeric value"))[1]
        wrong += [(place, f"{what} '{field}' is not recognized", name) for place, field in rows]
    return wrong


def _is_skipped(on_error: str, wrong: int, rows: int) -> bool:
    match = _SKIPS.fullmatch(on_error)
    if match is None:
        return False
    limit = int(match[1] or 1)
    return wrong * 100 >= limit * rows > 0 if match[2] else wrong >= limit


# --- what was loaded -----------------------------------------------------------------------------


def _digest(
    connection: Connection, hidden: str | None, schema: str, table: str, file: Path
) -> str | None:
    """What a file held when it was loaded into a table; None where it was not."""
    if hidden is None:
        return None
    found = connection.values(
        f"SELECT digest FROM {hidden}._account_loaded_files"
        " WHERE (schema_name, table_name, file_name) = (?, ?, ?)",
        [schema, table, str(file)],
    )
    return str(found[0][0]) if found else None


def _remember(
    connection: Connection, hidden: str, where: tuple[str, str, str], digest: str, loaded: _Loaded
) -> None:
    """Note what the file held that is loaded now."""
    schema, table, file = where
    for names in ("_fs_load_history", "_account_loaded_files"):
        connection.values(
            f"DELETE FROM {hidden}.{names} WHERE (schema_name, table_name, file_name) = (?, ?, ?)",
            [schema, table, file],
        )
    connection.values(
        f"INSERT INTO {hidden}._account_loaded_files VALUES (?, ?, ?, ?)",
        [schema, table, file, digest],
    )
    row, what, column = loaded.errors[0] if loaded.errors else (None, None, None)
    connection.values(
        f"INSERT INTO {hidden}._fs_load_history VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            schema, file, table, datetime.now(UTC).isoformat(), loaded.status, loaded.loaded,
            loaded.parsed, what, row, None, column, len(loaded.errors), 1,
        ],
    )  # fmt: skip


def forgetting(database: str, schema: str, table: str) -> Iterator[tuple[str, list[str]]]:
    """The statements after which no file has been loaded into a table: it is new, or truncated."""
    for names in ("_fs_load_history", "_account_loaded_files"):
        place = quoted(database, HIDDEN_SCHEMA, names)
        yield f"DELETE FROM {place} WHERE (schema_name, table_name) = (?, ?)", [schema, table]
