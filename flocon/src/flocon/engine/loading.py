"""COPY INTO <table>: fakesnow's, with Snowflake's reading of options, files and what was loaded.

https://docs.snowflake.com/en/sql-reference/sql/copy-into-table
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from fakesnow.copy_into import ReadCSV, ReadJSON
from fakesnow.transforms.file_format import lookup_file_format
from fakesnow.transforms.options import parse_options
from sqlglot import Expr, exp

from flocon.core import errors
from flocon.engine.catalog import HIDDEN_SCHEMA
from flocon.engine.quoting import quoted

# What a table's loaded files held: a file that has changed since is loaded again.
DDL = """
CREATE TABLE IF NOT EXISTS _account_loaded_files (
    schema_name VARCHAR, table_name VARCHAR, file_name VARCHAR, digest VARCHAR);
"""
_FLAGS = ("PURGE", "FORCE")
# Of a file of JSON; what they say beside the defaults is missing here.
_JSON_OPTIONS = {
    "TYPE": ("JSON",),
    "COMPRESSION": ("AUTO", "GZIP", "NONE"),
    "STRIP_OUTER_ARRAY": ("TRUE", "FALSE"),
    "ALLOW_DUPLICATE": ("FALSE",),
    "ENABLE_OCTAL": ("FALSE",),
    "STRIP_NULL_VALUES": ("FALSE",),
}
# Are the elements of an array that is a file of JSON rows? For the COPY INTO of this thread.
_elements: ContextVar[bool] = ContextVar("elements", default=False)


@contextmanager
def reading(tree: exp.Copy, duck: Any, database: str | None, schema: str | None) -> Iterator[None]:
    """fakesnow's COPY INTO inside reads files as the statement's options say."""
    options: dict[str, Any] = {}
    for parameter in list(tree.args.get("params") or ()):
        name = parameter.name.upper()
        if name in _FLAGS and _is_false(parameter.expression):
            tree.args["params"].remove(parameter)
        elif name == "FILE_FORMAT":
            options = parse_options(parameter.expressions)
            if named := options.pop("FORMAT_NAME", None):
                options = {**lookup_file_format(duck, str(named), database, schema), **options}
    if str(options.get("TYPE", "")).upper() == "JSON":
        for name, value in options.items():
            if str(value).upper() not in _JSON_OPTIONS.get(name.upper(), ()):
                raise errors.unsupported(f"COPY INTO <table>: {name} = {value} of a file of JSON")
    token = _elements.set(str(options.get("STRIP_OUTER_ARRAY")).upper() == "TRUE")
    try:
        yield
    finally:
        _elements.reset(token)


def _is_false(value: Expr | None) -> bool:
    return value is not None and value.sql().upper() == "FALSE"


# --- what was loaded -----------------------------------------------------------------------------


def digests(folder: Path, path: str) -> dict[str, str]:
    """What the files of a stage hold whose path begins so."""
    beginning = f"{folder}/{path}"
    return {
        str(file): hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
        for file in folder.rglob("*")
        if file.is_file() and str(file).startswith(beginning)
    }


def forget_changed(duck: Any, schema: str, table: str, held: dict[str, str]) -> None:
    """A file that is not what was loaded under its name has not been loaded."""
    loaded = duck.execute(
        f"SELECT file_name, digest FROM {HIDDEN_SCHEMA}._account_loaded_files"
        " WHERE (schema_name, table_name) = (?, ?)",
        [schema, table],
    ).fetchall()
    for file, digest in loaded:
        if held.get(file, digest) != digest:
            for names in ("_fs_load_history", "_account_loaded_files"):
                duck.execute(
                    f"DELETE FROM {HIDDEN_SCHEMA}.{names}"
                    " WHERE (schema_name, table_name, file_name) = (?, ?, ?)",
                    [schema, table, file],
                )


def remember(duck: Any, schema: str, table: str, held: dict[str, str]) -> None:
    """Note what the files held that are loaded now."""
    for file, digest in held.items():
        duck.execute(
            f"INSERT INTO {HIDDEN_SCHEMA}._account_loaded_files SELECT ?, ?, ?, ? WHERE NOT EXISTS"
            f" (SELECT 1 FROM {HIDDEN_SCHEMA}._account_loaded_files"
            " WHERE (schema_name, table_name, file_name) = (?, ?, ?))",
            [schema, table, file, digest, schema, table, file],
        )


def forgetting(database: str, schema: str, table: str) -> Iterator[tuple[str, list[str]]]:
    """The statements after which no file has been loaded into a table: it is new, or truncated."""
    for names in ("_fs_load_history", "_account_loaded_files"):
        place = quoted(database, HIDDEN_SCHEMA, names)
        yield f"DELETE FROM {place} WHERE (schema_name, table_name) = (?, ?)", [schema, table]


# --- files ---------------------------------------------------------------------------------------

_read_csv = ReadCSV.read_expression


def _csv(self: ReadCSV, url: str) -> Expr:
    """Fields are texts, which the table's columns convert: DuckDB would guess, and take 01/05/2024
    for the first of May. "" is an empty text, and no NULL."""
    call = _read_csv(self, url)
    call.append("expressions", self.make_eq("all_varchar", True))
    if self.quote:
        call.append("expressions", self.make_eq("allow_quoted_nulls", False))
    return call


def _json(self: ReadJSON, url: str) -> Expr:
    """Each value of the file is a row; an array's elements are where STRIP_OUTER_ARRAY says so."""
    form = "array" if _elements.get() else "unstructured"
    return exp.func("read_json_objects", self.file_literal(url), self.make_eq("format", form))


ReadCSV.read_expression = _csv  # type: ignore[method-assign]  # fakesnow has no other way
ReadJSON.read_expression = _json  # type: ignore[method-assign]  # the same
