"""Files in stages: REMOVE, and what a staged file's columns are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from local import errors, result
from local.parser.tokens import Tokens
from local.result import Result

if TYPE_CHECKING:
    from local.session import Session

_SNOWFLAKE_TYPES = {
    "BIGINT": "NUMBER(38, 0)",
    "INTEGER": "NUMBER(38, 0)",
    "SMALLINT": "NUMBER(38, 0)",
    "TINYINT": "NUMBER(38, 0)",
    "HUGEINT": "NUMBER(38, 0)",
    "UBIGINT": "NUMBER(38, 0)",
    "DOUBLE": "REAL",
    "FLOAT": "REAL",
    "VARCHAR": "TEXT",
    "BLOB": "BINARY",
    "BOOLEAN": "BOOLEAN",
    "DATE": "DATE",
    "TIME": "TIME",
    "TIMESTAMP": "TIMESTAMP_NTZ",
    "TIMESTAMP_NS": "TIMESTAMP_NTZ",
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP_TZ",
}


def remove_files(session: Session, tokens: Tokens, binds: Sequence[Any]) -> Result:
    """REMOVE @stage[/path]: the files whose path starts so, each with a row in the answer.

    https://docs.snowflake.com/en/sql-reference/sql/remove
    """
    tokens.next()
    folder, prefix, stage = session.stage_path(tokens.rest().split()[0].strip("'"))
    rows = []
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        relative = file.relative_to(folder).as_posix()
        if relative.startswith(prefix):
            file.unlink()
            rows.append([f"{stage.name.lower()}/{relative}", "removed"])
    return result.of({"name": "VARCHAR", "result": "VARCHAR"}, rows)


_COLUMNS = {
    "COLUMN_NAME": "VARCHAR",
    "TYPE": "VARCHAR",
    "NULLABLE": "BOOLEAN",
    "EXPRESSION": "VARCHAR",
    "FILENAMES": "VARCHAR",
    "ORDER_ID": "BIGINT",
}


def infer_schema(session: Session, database: str, arguments: dict[str, Any]) -> Result:
    """TABLE(INFER_SCHEMA(LOCATION => '@stage', FILE_FORMAT => …)) of Parquet files.

    https://docs.snowflake.com/en/sql-reference/functions/infer_schema
    """
    folder, prefix, _ = session.stage_path(str(arguments["LOCATION"]))
    files = sorted(
        file
        for file in folder.rglob("*")
        if file.is_file() and file.relative_to(folder).as_posix().startswith(prefix)
    )
    if not files or any(".parquet" not in file.name and file.suffix != ".txt" for file in files):
        raise errors.unsupported(f"INFER_SCHEMA of {arguments['LOCATION']}: no Parquet files")
    columns = session.connection.values(
        "SELECT column_name, column_type FROM (DESCRIBE FROM read_parquet(?))",
        [[str(file) for file in files]],
    )
    names = ", ".join(file.name for file in files)
    return result.of(
        _COLUMNS,
        [
            [name, _type(kind), True, f"$1:{name}::{_type(kind)}", names, index]
            for index, (name, kind) in enumerate(columns)
        ],
    )


def _type(kind: str) -> str:
    if match := re.fullmatch(r"DECIMAL\((\d+),(\d+)\)", kind):
        return f"NUMBER({match[1]}, {match[2]})"
    return _SNOWFLAKE_TYPES.get(kind, "VARIANT")


ROUTES = {("REMOVE",): remove_files, ("RM",): remove_files}
TABLE_FUNCTIONS = {"INFER_SCHEMA": infer_schema}
