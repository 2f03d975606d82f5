"""COPY INTO <table>: which files are loaded, and what their rows become.

https://docs.snowflake.com/en/sql-reference/sql/copy-into-table
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from fakesnow.transforms import file_format
from fakesnow.transforms.options import parse_options
from sqlglot import Expr, exp

from flocon.core import errors
from flocon.core.errors import SnowflakeError
from flocon.core.timestamp_tz import ENGINE_TYPE
from flocon.engine import (
    copy_transformations,
    datetime_formats,
    lengths,
    staged_rows,
    stored_values,
    variant_moments,
)
from flocon.engine.catalog import HIDDEN_SCHEMA
from flocon.engine.inner_kinds import Kinds
from flocon.engine.marked_names import marked, unmarked
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
VALIDATED = "$VALIDATED"
ERRORS = {
    "ERROR": "VARCHAR", "FILE": "VARCHAR", "LINE": "BIGINT", "CHARACTER": "BIGINT",
    "BYTE_OFFSET": "BIGINT", "CATEGORY": "VARCHAR", "CODE": "BIGINT", "SQL_STATE": "VARCHAR",
    "COLUMN_NAME": "VARCHAR", "ROW_NUMBER": "BIGINT", "ROW_START_LINE": "BIGINT",
    "REJECTED_RECORD": "VARCHAR",
}  # fmt: skip
_NO_TABLE = errors.Code(1757, "42601")
_UNREAD = errors.Code(100112, "22000")
_MORE_FIELDS = errors.Code(100016, "22000")
_FEWER_FIELDS = errors.Code(100068, "22000")
_NOT_FOUND = "Remote file '{}{}' was not found.{} If you are running a copy command, {}."
_CAUSES = (
    " There are several potential causes. The file might not exist. The required credentials may be"
    " missing or invalid."
)
_ADVICE = (
    "please make sure files are not deleted when they are being loaded or files are not being"
    " loaded into two different tables concurrently with auto purge option"
)
_ANSWER = (
    "file", "status", "rows_parsed", "rows_loaded", "error_limit", "errors_seen", "first_error",
    "first_error_line", "first_error_character", "first_error_column_name",
)  # fmt: skip
TYPES = {
    name: "VARCHAR" if name in ("file", "status", "first_error", "first_error_column_name") else
    "BIGINT"
    for name in _ANSWER
}  # fmt: skip
_VALIDATIONS = re.compile(r"RETURN_(?:([1-9]\d*)_ROWS|ERRORS|ALL_ERRORS)")
_METADATA = (
    "METADATA$FILENAME", "METADATA$FILE_ROW_NUMBER", "METADATA$FILE_CONTENT_KEY",
    "METADATA$FILE_LAST_MODIFIED", "METADATA$START_SCAN_TIME",
)  # fmt: skip
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
    def declared(self, database: str, schema: str, name: str) -> Mapping[str, str]: ...
    def relation(self, name: str, table: Any, types: Sequence[str]) -> None: ...
    def forget(self, name: str) -> None: ...


@dataclass(frozen=True, order=True)
class Wrong:
    """A row of a file, the place of the field that is wrong (0 for none), and what is wrong.
    column: as COPY INTO names it. at: where it is found, seen from the field."""

    row: int
    place: int
    what: str = field(compare=False)
    code: errors.Code = field(compare=False)
    column: str | None = field(default=None, compare=False)
    at: Literal["begin", "end", "next line"] = field(default="begin", compare=False)


@dataclass
class Copy:
    """A COPY INTO as it is written. files: of these names alone; None for all. cuts: texts that are
    too long are cut off; lengths: how long those of the target's columns may be."""

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
    metadata: Mapping[str, str] = field(default_factory=dict)  # column → METADATA$…
    validation: str = ""
    cuts: bool = False
    lengths: Mapping[str, int] = field(default_factory=dict)


@dataclass
class _Loaded:
    """What became of a file."""

    status: str
    parsed: int = 0
    loaded: int = 0
    seen: int = 0  # how many rows are wrong
    first: tuple[str | None, int | None, int | None, str | None] = (None, None, None, None)


# --- reading the statement -----------------------------------------------------------------------


def read(tree: exp.Copy, binds: Binds, named: Callable[[str], Mapping[str, Any]]) -> Copy:
    """named: a file format's options by its name. Raises 000002 for what is not carried out."""
    for mark in list(tree.find_all(exp.Placeholder)):
        if mark.this not in binds:
            raise errors.unset_bind(mark.name.removeprefix("b"))
        mark.replace(exp.Literal.string(str(binds[mark.this])))
    target = tree.this
    columns = [each.name for each in target.expressions] if isinstance(target, exp.Schema) else []
    table = target.this if isinstance(target, exp.Schema) else target
    if not tree.args.get("kind") or not isinstance(table.this, exp.Identifier):
        raise errors.unsupported("COPY INTO <location>")
    select = None
    # Without FROM the files are those of the table's own stage.
    place = (tree.args.get("files") or [_own_stage(table)])[0]
    if isinstance(place, exp.Subquery):
        select = place.this
        from_ = select.args.get("from_") if isinstance(select, exp.Select) else None
        if from_ is None or not isinstance(from_.this, exp.Table):
            raise errors.unsupported("COPY INTO <table> from a query that does not read a stage")
        copy_transformations.check(select)
        place = from_.this
    source = place.this.name if isinstance(place.this, exp.Var | exp.Literal) else ""
    if not source.startswith("@"):
        raise errors.unsupported("COPY INTO <table> from outside the account's stages")
    copy = Copy(table, columns, source, select, {})
    if given := place.args.get("format"):
        copy.options = named(given.name if isinstance(given, exp.Literal) else given.sql())
    if given := place.args.get("pattern"):
        copy.pattern = given.name
    check_options(tree)
    for parameter in tree.args.get("params") or ():
        _take(copy, parameter, named)
    return copy


def check_options(tree: exp.Copy) -> None:
    """Raises 001007 for an option of COPY INTO that is given twice."""
    _check_once(tree.args.get("params") or (), "conflicting values for copy option '{}'")


def _own_stage(table: exp.Table) -> exp.Table:
    path = [quoted(part.name) for part in table.parts]
    path[-1] = f"%{path[-1]}"
    return exp.Table(this=exp.Var(this=f"@{'.'.join(path)}"))


def check_format_options(options: Iterable[Expr]) -> None:
    """Raises 001007 for an option of a file format that is given twice."""
    _check_once(options, "conflicting values file format parameter '{}'")


def _check_once(options: Iterable[Expr], text: str) -> None:
    seen: set[str] = set()
    for option in options:
        name = option.name.upper()
        if name in seen:
            raise errors.compilation(errors.COMPILATION, text.format(name))
        seen.add(name)


def file_options(parameter: Expr, named: Callable[[str], Mapping[str, Any]]) -> Mapping[str, Any]:
    """What FILE_FORMAT = (…) says. named: a file format's options by its name."""
    check_format_options(parameter.expressions)
    options: dict[str, Any] = parse_options(parameter.expressions)
    if format_name := options.pop("FORMAT_NAME", None):
        return {**named(str(format_name)), **options}
    return options


def _take(copy: Copy, parameter: Expr, named: Callable[[str], Mapping[str, Any]]) -> None:
    name, value = parameter.name.upper(), parameter.expression
    text = value.name if isinstance(value, exp.Literal | exp.Var) else ""
    if name == "FILE_FORMAT":
        copy.options = {**copy.options, **file_options(parameter, named)}
    elif name == "FILES":
        copy.files = [each.name for each in parameter.find_all(exp.Literal)]
    elif name == "PATTERN":
        copy.pattern = text
    elif name in ("PURGE", "FORCE"):
        setattr(copy, name.lower(), value.sql().upper() == "TRUE")
    elif name in ("TRUNCATECOLUMNS", "ENFORCE_LENGTH"):
        copy.cuts = (value.sql().upper() == "TRUE") == (name == "TRUNCATECOLUMNS")
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
    elif name == "INCLUDE_METADATA":
        pairs = value.expressions if isinstance(value, exp.Tuple) else [value.unnest()]
        copy.metadata = {pair.this.name: pair.expression.name.upper() for pair in pairs}
        for said in copy.metadata.values():
            if said not in _METADATA:
                raise errors.compilation(errors.INVALID_PROPERTY, f"invalid value [{said}]")
    elif name == "VALIDATION_MODE":
        copy.validation = text.upper()
        if not _VALIDATIONS.fullmatch(copy.validation):
            raise errors.compilation(
                errors.PROPERTY_VALUE, f"invalid value [{text}] for VALIDATION_MODE"
            )
    elif (name, value.sql().upper()) not in _SAYS_NOTHING:
        raise errors.unsupported(f"COPY INTO <table>: {name}")


_SAYS_NOTHING = {
    ("LOAD_UNCERTAIN_FILES", "FALSE"),
    ("RETURN_FAILED_ONLY", "FALSE"),
}


# --- running it ----------------------------------------------------------------------------------


def run(connection: Connection, copy: Copy, place: StageLocation) -> list[list[Any]]:
    """Load the files; returns what happened to each, as `TYPES` names it."""
    files, missing = _chosen(copy, place)
    if missing and copy.on_error == "ABORT_STATEMENT":
        raise errors.SnowflakeError(errors.NO_SUCH_FILE, _not_found(copy, missing[0], ""))
    columns = _columns(connection, copy)
    schema, name = copy.table.db, copy.table.name
    hidden = quoted(copy.table.catalog, HIDDEN_SCHEMA) if copy.table.catalog else None
    answers = []
    for label, file in files:
        digest = hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
        before = _digest(connection, hidden, schema, name, file)
        if before == digest and not copy.force:
            # What nobody has named goes without saying.
            if copy.files is not None:
                what = "File was loaded before."
                skipped = _Loaded("LOAD_SKIPPED", seen=1, first=(what, None, None, None))
                answers.append(_answer(label, skipped, None))
            continue
        loaded = _load(connection, copy, columns, _staged_name(place, file), file)
        if hidden and loaded.status != "LOAD_FAILED":
            _remember(connection, hidden, (schema, name, str(file)), digest, loaded)
        if copy.purge and loaded.status == "LOADED":
            file.unlink()
        answers.append(_answer(label, loaded, _error_limit(copy.on_error, loaded.parsed)))
    for name in missing:
        what = _not_found(copy, name, _CAUSES)
        failed = _Loaded("LOAD_FAILED", seen=1, first=(what, None, None, None))
        label = place.label + place.path + name
        answers.append(_answer(label, failed, _error_limit(copy.on_error, 0)))
    return answers


def _not_found(copy: Copy, name: str, causes: str) -> str:
    path = copy.source if "/" in copy.source else f"{copy.source}/"
    return _NOT_FOUND.format(path, name, causes, _ADVICE)


def validate(connection: Connection, copy: Copy, place: StageLocation) -> str | list[list[Any]]:
    """VALIDATION_MODE, which loads nothing. RETURN_n_ROWS: the name of a temporary table with the
    rows that a load would bring. RETURN_ERRORS: rows as `ERRORS` names them."""
    if copy.select is not None:
        raise errors.unsupported("VALIDATION_MODE of a COPY INTO that transforms data")
    files, missing = _chosen(copy, place)
    columns = _columns(connection, copy)
    limit = int(rows) if (rows := _rows_to_validate(copy)) else None
    if missing and limit is not None:
        raise errors.SnowflakeError(errors.NO_SUCH_FILE, _not_found(copy, missing[0], ""))
    target = copy.table.sql(dialect="duckdb", identify=True)
    connection.values(
        f'CREATE OR REPLACE TEMP TABLE "{VALIDATED}" AS SELECT * FROM {target} LIMIT 0'
    )
    held = exp.Table(this=exp.to_identifier(VALIDATED, quoted=True))
    trial = replace(copy, table=held, on_error=copy.on_error if limit else "CONTINUE")
    for _, file in files:
        loaded = _load(connection, trial, columns, _staged_name(place, file), file, limit)
        if loaded.seen and limit is None:
            raise errors.unsupported(
                f"VALIDATION_MODE = {copy.validation} of a file with errors: a COPY INTO with"
                " ON_ERROR = CONTINUE says the first one"
            )
        if limit is not None:
            limit = max(0, limit - loaded.parsed)
    _refuse_nulls(connection, copy.table)
    if _rows_to_validate(copy):
        return VALIDATED
    connection.values(f'DROP TABLE temp."{VALIDATED}"')
    return [
        [_not_found(copy, name, _CAUSES), name, *[None] * 3, "other", _UNREAD.errno,
         _UNREAD.sqlstate, None, 0, 0, None]
        for name in missing
    ]  # fmt: skip


def _rows_to_validate(copy: Copy) -> str | None:
    match = _VALIDATIONS.fullmatch(copy.validation)
    return match[1] if match else None


def _refuse_nulls(connection: Connection, target: exp.Table) -> None:
    """Raises 100072 where a column that takes no NULL would get one."""
    for name in _needed(connection, target):
        sql = f'SELECT 1 FROM temp."{VALIDATED}" WHERE {quoted(name)} IS NULL LIMIT 1'
        if connection.values(sql):
            raise errors.SnowflakeError(
                errors.NOT_NULL, f"NULL result in a non-nullable column ({name})"
            )


def _needed(connection: Connection, table: exp.Table) -> list[str]:
    """The columns that take no NULL."""
    rows = connection.values(
        "SELECT column_name FROM duckdb_columns() WHERE (database_name, schema_name, table_name)"
        " = (?, ?, ?) AND NOT is_nullable",
        [table.catalog or "temp", table.db or "main", table.name],
    )
    return [name for (name,) in rows]


def _columns(connection: Connection, copy: Copy) -> list[tuple[str, str]]:
    """The target's columns and their types; the lengths of its texts are noted. Raises 000904 for a
    column that it does not have, 002020 for a query with another number of values."""
    target = copy.table
    known = connection.columns(target.catalog or "temp", target.db or "main", target.name)
    if not known:
        raise errors.compilation(_NO_TABLE, f"Table '{target.name}' does not exist")
    for name in (*copy.columns, *copy.metadata):
        if name not in dict(known):
            raise errors.unknown_column(exp.to_identifier(name).sql(dialect="snowflake"))
    wanted = len(copy.columns or known)
    if copy.select is not None and len(copy.select.expressions) != wanted:
        raise errors.value_list(wanted, len(copy.select.expressions))
    if copy.metadata and copy.match == "NONE":
        raise errors.compilation(
            errors.INVALID_PROPERTY,
            "INCLUDE_METADATA can only be used with the MATCH_BY_COLUMN_NAME copy option.",
        )
    declared = connection.declared(target.catalog or "temp", target.db or "main", target.name)
    most = {n: lengths.most(declared.get(n, "")) for n, kind in known if kind == "VARCHAR"}
    copy.lengths = {n: length for n, length in most.items() if length is not None}
    return known


def _staged_name(place: StageLocation, file: Path) -> str:
    """METADATA$FILENAME. https://docs.snowflake.com/en/user-guide/querying-metadata"""
    return place.filename(file)


def _chosen(copy: Copy, place: StageLocation) -> tuple[list[tuple[str, Path]], list[str]]:
    """The files to load, and those of FILES that are not there: PATTERN does not choose of these.

    https://docs.snowflake.com/en/sql-reference/sql/copy-into-table: a pattern is of the entire
    storage location, of which a stage's files have a part before their own path.
    """
    if copy.files is None:
        return place.files(copy.pattern), []
    files = place.files()
    chosen, missing = [], []
    for name in copy.files:
        wanted = place.path + name
        found = [each for each in files if each[1].relative_to(place.folder).as_posix() == wanted]
        chosen += found
        missing += [] if found else [name]
    return chosen, missing


def _answer(label: str, loaded: _Loaded, limit: int | None) -> list[Any]:
    return [
        label, loaded.status, loaded.parsed, loaded.loaded, limit, loaded.seen, *loaded.first
    ]  # fmt: skip


def _load(
    connection: Connection,
    copy: Copy,
    known: Sequence[tuple[str, str]],
    name: str,
    file: Path,
    most: int | None = None,
) -> _Loaded:
    """name: the file's path in the stage. most: how many of its rows to load."""
    kind = staged_rows.kind_of(copy.options)
    columns = copy.columns or [column for column, _ in known]
    encoding = str(copy.options.get("BINARY_FORMAT", "HEX")).upper()
    if encoding != "HEX" and any(held == "BLOB" and n in columns for n, held in known):
        raise errors.unsupported(f"COPY INTO <table>: BINARY_FORMAT = {encoding} of a BINARY")
    if kind == "PARQUET" and (copy.match != "NONE" or copy.select is not None):
        values = _parquet(connection, copy, columns, name, file, most)
        names = columns if copy.match == "NONE" or copy.select else [n for n, _ in values]
        _hold(values, staged_rows.inside(file))
        # After an error the view is gone with the transaction.
        with _rows_fit(copy):
            made = _inserted(connection, copy, names[: len(values)], [v for _, v in values])
        connection.values(f'DROP VIEW IF EXISTS temp."{RELATION}"')
        return made
    try:
        rows = staged_rows.read(connection.values, [(name, file)], copy.options)
    except SnowflakeError as error:
        if kind != "CSV" or not _SKIPS.fullmatch(copy.on_error):
            raise
        return _Loaded("LOAD_FAILED", seen=1, first=(error.message, 1, None, None))
    if most is not None:
        rows = replace(rows, table=rows.table.slice(0, most), counts=rows.counts[:most])
    wrong: list[Wrong] = []
    if copy.select is not None:
        values = [("", value) for value in _selected(copy.select, rows.width)]
    elif kind == "CSV":
        wrong = _check_counts(copy, rows, known)
        kinds = dict(known)
        values = [
            (n, _field(copy, place, kinds[n]) if place <= rows.width else exp.Null())
            for place, n in enumerate(columns, start=1)
        ]
        if copy.match != "NONE":
            named = _by_header(copy, rows, columns)
            values = [(n, _field(copy, place, kinds[n])) for n, place in named]
    elif copy.match != "NONE":
        # https://docs.snowflake.com/en/sql-reference/sql/create-file-format: of JSON it acts here.
        if any(copy.options.get("NULL_IF") or ()):
            raise errors.unsupported(f"NULL_IF of a file of {kind}")
        any_case, kinds = copy.match == "CASE_INSENSITIVE", dict(known)
        values = [(n, _member(n, kinds[n], any_case=any_case)) for n in columns]
    elif len(columns) == 1:
        values = [(columns[0], _column(1))]
    else:
        raise errors.SnowflakeError(
            errors.ONE_COLUMN,
            f"SQL compilation error:\n{kind} file format can produce one and only one column of"
            " type variant, object, or array. Load data into separate columns using the"
            " MATCH_BY_COLUMN_NAME copy option or copy with transformation.",
        )
    _hold(values, rows.inside)
    values += [(n, _metadata(said)) for n, said in copy.metadata.items()]
    connection.relation(RELATION, rows.table, rows.types)
    aborts = copy.on_error == "ABORT_STATEMENT"
    if (wrong or not aborts) and copy.select is None:
        counted = {each.row for each in wrong}
        unfit = _unfit(connection, copy, values, known)
        wrong += [each for each in unfit if each.row not in counted]
    if wrong and aborts:
        raise errors.SnowflakeError(min(wrong).code, min(wrong).what)
    left_out = sorted({each.row for each in wrong})
    parsed = rows.table.num_rows + rows.blank
    if _is_skipped(copy.on_error, len(left_out), parsed):
        made = _Loaded("LOAD_FAILED")
    else:
        names = [n for n, _ in values] if copy.select is None else columns[: len(values)]
        with _rows_fit(copy):
            made = _inserted(connection, copy, names, [v for _, v in values], left_out)
    connection.forget(RELATION)
    made.parsed, made.seen = parsed, len(left_out)
    if wrong:
        made.first = _described(min(wrong), file, copy.options)
    if wrong and made.status == "LOADED":
        made.status = "PARTIALLY_LOADED" if made.loaded else "LOAD_FAILED"
    return made


@contextmanager
def _rows_fit(copy: Copy) -> Iterator[None]:
    """Raises 000002 where a row of a transformation does not fit and ON_ERROR has the others
    loaded: which one it is, is not known."""
    try:
        yield
    except SnowflakeError as error:
        if copy.on_error == "ABORT_STATEMENT" or copy.select is None:
            raise
        what = f"COPY INTO <table>: ON_ERROR = {copy.on_error} of a query with a row that fails"
        raise errors.unsupported(f"{what}: {error.message}") from None


def _inserted(
    connection: Connection,
    copy: Copy,
    names: Sequence[str],
    values: Sequence[Expr],
    left_out: Sequence[int] = (),
) -> _Loaded:
    select = copy.select.copy() if copy.select is not None else exp.Select()
    select.set(
        "expressions", [_sized(copy, n, v.copy()) for n, v in zip(names, values, strict=True)]
    )
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


def _hold(values: Sequence[tuple[str, Expr]], inside: Kinds) -> None:
    """Let it be known what may be inside of the VARIANTs of a file."""
    for _, value in values:
        value.unalias().meta[stored_values.HELD] = inside


def _sized(copy: Copy, name: str, value: Expr) -> Expr:
    """A value for a column that may be of a limited length, or a VARIANT: what a file holds is one,
    but not what a transformation makes of it, nor a field of CSV there."""
    most, value = copy.lengths.get(name), value.unalias()
    is_field = staged_rows.kind_of(copy.options) == "PARQUET" and isinstance(value, exp.Column)
    value.meta[stored_values.LOADED] = copy.select is None or is_field
    if most is None or isinstance(value, exp.Null):
        return value
    return lengths.cut(value, most) if copy.cuts else lengths.loaded(value, most)


def _by_header(copy: Copy, rows: StagedRows, columns: Sequence[str]) -> list[tuple[str, int]]:
    """The columns that the file's first row names, and where in the file each one is."""
    if not rows.header:
        raise errors.unsupported(
            "COPY INTO <table>: MATCH_BY_COLUMN_NAME of a file of CSV without PARSE_HEADER = TRUE"
        )
    exact = copy.match == "CASE_SENSITIVE"
    places = {n if exact else n.upper(): place for place, n in enumerate(rows.header, start=1)}
    own = {n: unmarked(n) if exact else unmarked(n).upper() for n in columns}
    pairs = [(n, places.get(own[n])) for n in columns]
    return [(n, place) for n, place in pairs if place is not None and n not in copy.metadata]


def _metadata(said: str) -> Expr:
    return exp.column(exp.to_identifier(said, quoted=True))


def _column(place: int) -> Expr:
    return exp.column(exp.to_identifier(f"COLUMN{place}", quoted=True))


def _field(copy: Copy, place: int, kind: str) -> Expr:
    """A field of CSV. What is semi-structured is NULL where it is empty, whatever the format says
    of others."""
    as_null = str(copy.options.get("EMPTY_FIELD_AS_NULL", "TRUE")).upper() == "TRUE"
    if as_null or kind != "JSON":
        return _column(place)
    return exp.Nullif(this=_column(place), expression=exp.Literal.string(""))


def _member(name: str, kind: str, *, any_case: bool) -> Expr:
    """A member of the document: as it is for a VARIANT, else as the text that a column converts."""
    get = "_account_get_ignore_case" if any_case else "_account_get"
    key = exp.Literal.string(unmarked(name))
    member = exp.Anonymous(this=get, expressions=[_column(1), key])
    if kind == "JSON":
        member.type = exp.DataType.build("VARIANT")
        return member
    if loaded := variant_moments.loaded(member, kind):
        loaded.type = exp.DataType.build("TEXT")
        return loaded
    text = exp.Anonymous(this="_account_json_text", expressions=[member, exp.Literal.string("$")])
    text.type = exp.DataType.build("TEXT")
    return text


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

_OF_NANOSECONDS = {
    "TIMESTAMP_NS": "_account_micros_of_column",
    "TIMESTAMPTZ_NS": "_account_micros_of_zoned_column",
}


def _parquet(
    connection: Connection,
    copy: Copy,
    columns: Sequence[str],
    staged_name: str,
    file: Path,
    most: int | None = None,
) -> list[tuple[str, Expr]]:
    """The values that go into these columns; the file is the relation."""
    source = staged_rows.parquet(connection.values, file)
    described = connection.values(f"SELECT column_name, column_type FROM (DESCRIBE FROM {source})")
    nested = {
        name
        for name, kind in described
        if kind.endswith("]") or ("(" in kind[:7] and not kind.startswith("DECIMAL"))
    }
    in_json = staged_rows.in_json(connection.values, file) if nested else {}
    held = ", ".join(
        f"to_json({in_json[quoted(name)]}) AS {quoted(name)}"
        if name in nested
        else f"CAST({quoted(name)} AS VARCHAR) AS {quoted(name)}"
        if kind == '"NULL"'
        else f"{_OF_NANOSECONDS[kind]}({quoted(name)}) AS {quoted(name)}"
        if kind in _OF_NANOSECONDS
        else quoted(name)
        for name, kind in described
    )
    metadata = (
        f'{literal(staged_name)} AS "METADATA$FILENAME",'
        ' row_number() OVER () AS "METADATA$FILE_ROW_NUMBER"'
    )
    if copy.select is not None and _names_whole_rows(copy.select):
        held += f", {staged_rows.document(connection.values, file)} AS COLUMN1"
    connection.values(
        f'CREATE OR REPLACE TEMP VIEW "{RELATION}" AS'
        f" SELECT {held}, {metadata} FROM {source}"
        f"{'' if most is None else f' LIMIT {most}'}"
    )
    if copy.select is not None:
        return [("", value) for value in _fields(copy.select, [name for name, _ in described])]
    exact = copy.match == "CASE_SENSITIVE"
    known = {unmarked(n) if exact else unmarked(n).upper(): n for n, _ in described}
    pairs = [(n, known.get(unmarked(n) if exact else unmarked(n).upper())) for n in columns]
    table, kinds = copy.table, dict(described)
    declared = connection.declared(table.catalog or "temp", table.db, table.name)
    values = [(n, _taken(own, kinds[own], declared.get(n))) for n, own in pairs if own]
    if not values:
        # No column of the file has a place: the rows are NULL.
        values = [(columns[0], exp.Null())]
    for n, said in copy.metadata.items():
        if said not in ("METADATA$FILENAME", "METADATA$FILE_ROW_NUMBER"):
            raise errors.unsupported(f"COPY INTO <table>: {said} of a file of Parquet")
        values.append((n, _metadata(said)))
    return values


def _taken(name: str, kind: str, declared: str | None) -> Expr:
    """A column of the file for one of the table's: an OBJECT is read from a text, of which an ARRAY
    has one element."""
    value = exp.column(exp.to_identifier(name, quoted=True))
    if kind != "VARCHAR" or declared not in ("ARRAY", "OBJECT"):
        return value
    if declared == "ARRAY":
        return exp.Anonymous(this="_account_array_of", expressions=[value])
    document = exp.cast(value, "JSON", dialect="duckdb")
    return exp.Anonymous(this="_account_object_of", expressions=[document])


def _names_whole_rows(select: exp.Select) -> bool:
    """Is there a $1 without a name behind it?"""
    return any(
        mark.name == "1" and mark.find_ancestor(exp.JSONExtract) is None
        for mark in select.find_all(exp.Parameter)
    )


def _fields(select: exp.Select, names: Sequence[str]) -> list[Expr]:
    """$1:name is the file's column of that name, NULL if it has no such column."""
    for extract in list(select.find_all(exp.JSONExtract)):
        bare = extract.this
        if not (isinstance(bare, exp.Parameter) or isinstance(bare.this, exp.Parameter)):
            continue
        key, *deeper = [s for s in extract.expression.expressions if isinstance(s, exp.JSONPathKey)]
        if deeper:
            raise errors.unsupported(f"a path in a file of Parquet: {extract.sql('snowflake')}")
        name = marked(str(key.this))
        own = exp.column(exp.to_identifier(name, quoted=True))
        extract.replace(own if name in names else exp.Null())
    return _selected(select, 1)


# --- rows that do not fit ------------------------------------------------------------------------


def _check_counts(copy: Copy, rows: StagedRows, known: Sequence[tuple[str, str]]) -> list[Wrong]:
    """The records that have not as many fields as the table has columns, where these are not
    named. Of the first record the file's number is said, of others what ends it."""
    checked = str(copy.options.get("ERROR_ON_COLUMN_COUNT_MISMATCH", "TRUE")).upper() != "FALSE"
    if not checked or copy.columns:
        return []
    columns = len(known)
    return [
        _miscounted(copy, known, row, count)
        for row, count in enumerate(rows.counts, start=1)
        if count != columns
    ]


def _miscounted(copy: Copy, known: Sequence[tuple[str, str]], row: int, count: int) -> Wrong:
    names, columns = [name for name, _ in known], len(known)
    if row == 1:
        what = (
            f"Number of columns in file ({count}) does not match that of the corresponding"
            f" table ({columns}), use file format option error_on_column_count_mismatch=false"
            " to ignore this error"
        )
        table = f'"{unmarked(copy.table.name)}"'
        column = f"{table}[{count}]" if count > columns else _placed(copy, names, names[count - 1])
        return Wrong(row, count, what, errors.COLUMN_COUNT, column, "next line")
    if count > columns:
        field = str(copy.options.get("FIELD_DELIMITER", ","))
        record = str(copy.options.get("RECORD_DELIMITER", "\n")).replace("\n", "\\n")
        what = f"Field delimiter '{field}' found while expecting record delimiter '{record}'"
        return Wrong(row, columns, what, _MORE_FIELDS, _placed(copy, names, names[-1]), "end")
    column = _placed(copy, names, names[count])
    what = f"End of record reached while expected to parse column '{column}'"
    return Wrong(row, count, what, _FEWER_FIELDS, column, "end")


def _described(
    wrong: Wrong, file: Path, options: Mapping[str, Any]
) -> tuple[str | None, int | None, int | None, str | None]:
    """What is wrong, the line and the character, and the column. A record that is no line has its
    number instead."""
    if staged_rows.kind_of(options) != "CSV":
        return wrong.what, wrong.row, None, wrong.column
    place = staged_rows.place(file, options, wrong.row)
    if wrong.at == "next line" and not place.is_last:
        return wrong.what, place.line + 1, 1, wrong.column
    if wrong.at == "next line":
        return wrong.what, place.line, place.fields[-1][1], wrong.column
    fields = place.fields
    begin, end = fields[wrong.place - 1] if wrong.place <= len(fields) else (fields[-1][1],) * 2
    return wrong.what, place.line, begin if wrong.at == "begin" else end, wrong.column


def _unfit(
    connection: Connection,
    copy: Copy,
    values: Sequence[tuple[str, Expr]],
    known: Sequence[tuple[str, str]],
) -> list[Wrong]:
    """The rows with a field that its column does not take."""
    wrong: list[Wrong] = []
    kinds, needed = dict(known), _needed(connection, copy.table)

    def found(name: str, value: Expr, shown: str, condition: str) -> list[tuple[int, int, Any]]:
        row = '"METADATA$FILE_ROW_NUMBER"'
        sql = f'SELECT {row}, {shown} FROM temp."{RELATION}" WHERE {condition}'
        place = int(digits[1]) if (digits := _FIELD.fullmatch(value.name)) else 0
        return [(number, place, shown) for number, shown in connection.values(sql)]

    for name, value in values:
        kind, column = kinds[name], _placed(copy, list(kinds), name)
        text = value.sql(dialect="duckdb", identify=True)
        if name in needed:
            what = "NULL result in a non-nullable column"
            rows = found(name, value, "NULL", f"{text} IS NULL")
            wrong += [Wrong(row, place, what, errors.NOT_NULL, column) for row, place, _ in rows]
        if name in copy.lengths and not copy.cuts:
            most, whole = copy.lengths[name], f"CAST({text} AS VARCHAR)"
            shown = f"left({whole}, {lengths.SHOWN + 1})"
            rows = found(name, value, shown, f"length({whole}) > {most}")
            wrong += [
                Wrong(row, place, lengths.said_of_loaded(field, most), errors.LENGTH_LIMIT, column)
                for row, place, field in rows
            ]
        if kind in ("VARCHAR", "JSON"):
            continue
        named = "TIMESTAMP" if kind == ENGINE_TYPE else kind.split()[0].split("_")[0]
        code, what = _NOT_RECOGNIZED.get(named, (errors.NUMERIC_VALUE, "Numeric value"))
        rows = found(name, value, text, f"{text} IS NOT NULL AND {_tried(text, kind)} IS NULL")
        wrong += [
            Wrong(row, place, f"{what} '{field}' is not recognized", code, column)
            for row, place, field in rows
        ]
    return wrong


_FIELD = re.compile(r"COLUMN(\d+)")


def _tried(text: str, kind: str) -> str:
    """A value as its column takes it, NULL where that is not possible (`stored_values`)."""
    if kind in datetime_formats.TRIED:
        return datetime_formats.TRIED[kind].format(f"CAST({text} AS VARCHAR)")
    if kind.startswith(stored_values.NUMBERS):
        text = f"_account_digits({text})"
    return f"TRY_CAST({text} AS {kind})"


def _is_skipped(on_error: str, wrong: int, rows: int) -> bool:
    return _SKIPS.fullmatch(on_error) is not None and wrong >= _error_limit(on_error, rows)


def _error_limit(on_error: str, rows: int) -> int:
    """With how many errors a file of so many rows is not loaded; of a share it is what is below."""
    match = _SKIPS.fullmatch(on_error)
    if match is None:
        return 1 if on_error == "ABORT_STATEMENT" else max(1, rows)
    limit = int(match[1] or 1)
    return max(1, limit * rows // 100) if match[2] else limit


def _placed(copy: Copy, columns: Sequence[str], name: str) -> str:
    """A column as COPY INTO names it, with its place in the table: "T"["A":1]."""
    place = columns.index(name) + 1
    return f'"{unmarked(copy.table.name)}"["{unmarked(name)}":{place}]'


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
    what, line, character, column = loaded.first
    connection.values(
        f"INSERT INTO {hidden}._fs_load_history VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            schema, file, table, datetime.now(UTC).isoformat(), loaded.status, loaded.loaded,
            loaded.parsed, what, line, character, column, loaded.seen, 1,
        ],
    )  # fmt: skip


def forgetting(database: str, schema: str, table: str) -> Iterator[tuple[str, list[str]]]:
    """The statements after which no file has been loaded into a table: it is new, or truncated."""
    for place in _remembered(database):
        yield f"DELETE FROM {place} WHERE (schema_name, table_name) = (?, ?)", [schema, table]


def loads_moving(database: str, schema: str, table: str, new: str) -> Iterator[str]:
    """The statements after which the files that were loaded into a table are so under its new
    name."""
    for place in _remembered(database):
        yield (
            f"UPDATE {place} SET table_name = {literal(new)}"
            f" WHERE (schema_name, table_name) = ({literal(schema)}, {literal(table)})"
        )


def _remembered(database: str) -> list[str]:
    """The tables of what has been loaded."""
    names = ("_fs_load_history", "_account_loaded_files")
    return [quoted(database, HIDDEN_SCHEMA, each) for each in names]
