"""What a statement answers: columns and rows on their way to the wire."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

# Statement types as the clients know them (snowflake-connector-python, STATEMENT_TYPE_ID_*).
SELECT = 0x1000
INSERT = 0x3100
UPDATE = 0x3200
DELETE = 0x3300
MERGE = 0x3400
MULTI_INSERT = 0x3500
COPY = 0x3600
USE = 0x4300
SHOW = 0x4400
DESCRIBE = 0x4500
TRANSACTION = 0x5000
DDL = 0x6000
CALL = 0x7000
SEVERAL = 0xA000
UNKNOWN = 0

DML = frozenset({INSERT, UPDATE, DELETE, MERGE, MULTI_INSERT})

_ARROW_TYPES: dict[str, pa.DataType] = {
    "VARCHAR": pa.string(),
    "JSON": pa.string(),
    "BIGINT": pa.int64(),
    "BOOLEAN": pa.bool_(),
    "DOUBLE": pa.float64(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
    "TIMESTAMP WITH TIME ZONE": pa.timestamp("us", tz="UTC"),
}


@dataclass
class Result:
    """A statement's answer.

    table: the rows. types: the engine's type name of each column, which tells a VARIANT (JSON) from
    a VARCHAR. affected: rows changed by DML, else None. put: the PUT command's answer for the
    client's upload, else None. parts: the ids and types of the statements that it stands for.
    """

    table: pa.Table
    types: list[str]
    statement_type: int = UNKNOWN
    affected: int | None = None
    put: dict[str, Any] | None = None
    query_id: str = ""
    parts: Sequence[tuple[str, int]] = ()

    @property
    def names(self) -> list[str]:
        return list(self.table.column_names)

    def rows(self) -> list[tuple[Any, ...]]:
        """The rows as Python values."""
        columns = [column.to_pylist() for column in self.table.columns]
        return list(zip(*columns, strict=True))


def new_id() -> str:
    """A query's id."""
    return str(uuid.uuid4())


def of(
    columns: Mapping[str, str], rows: Sequence[Sequence[Any]], statement_type: int = UNKNOWN
) -> Result:
    """A result made here: columns as name → engine type (VARCHAR, JSON, BIGINT, TIMESTAMP …)."""
    arrays = [
        pa.array([row[index] for row in rows], type=_ARROW_TYPES[kind])
        for index, kind in enumerate(columns.values())
    ]
    table = pa.Table.from_arrays(arrays, names=list(columns))
    return Result(table, list(columns.values()), statement_type)


def status(message: str, statement_type: int = DDL) -> Result:
    """The one-line answer of DDL and the like."""
    return of({"status": "VARCHAR"}, [[message]], statement_type)


DONE = "Statement executed successfully."


def done(statement_type: int = DDL) -> Result:
    return status(DONE, statement_type)


def dropped(name: str) -> Result:
    return status(f"{name} successfully dropped.")


def already_dropped(name: str) -> Result:
    """What DROP … IF EXISTS answers where there is nothing of that name."""
    return status(f"Drop statement executed successfully ({name} already dropped).")


def already_exists(name: str) -> Result:
    """What CREATE … IF NOT EXISTS answers where there is something of that name."""
    return status(f"{name} already exists, statement succeeded.")
