"""What a statement answers: columns and rows on their way to the wire."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from flocon.core import errors, timestamp_tz

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
    a VARCHAR. declared: of each column what it is known to be declared as where that tells more,
    as ARRAY, VARCHAR(n) or TIMESTAMP_LTZ(3), else ''; empty where nothing is known. never_null: of
    each column whether it is known to have no NULL; empty where nothing is known. bounded: of each
    column whether Snowflake knows bounds of its numbers, likewise. inside: the kinds
    of values that may be inside of its VARIANTs, and are texts there. affected: rows changed by
    DML, else None. deleted: rows that TRUNCATE or INSERT OVERWRITE has removed, of which the answer
    says nothing. put: the PUT command's answer for the client's upload, else None. parts: the ids
    and types of the statements that it stands for.
    """

    table: pa.Table
    types: list[str]
    statement_type: int = UNKNOWN
    affected: int | None = None
    deleted: int = 0
    put: dict[str, Any] | None = None
    query_id: str = ""
    parts: Sequence[tuple[str, int]] = ()
    declared: Sequence[str] = ()
    never_null: Sequence[bool] = ()
    inside: frozenset[str] = frozenset()
    bounded: Sequence[bool] = ()

    @property
    def names(self) -> list[str]:
        return list(self.table.column_names)

    def rows(self) -> list[tuple[Any, ...]]:
        """The rows as Python values."""
        columns = [
            timestamp_tz.values(column)
            if timestamp_tz.is_column(column.type)
            else column.to_pylist()
            for column in self.table.columns
        ]
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


# The types of columns that are no texts, by the names that Snowflake's listings, histories and
# INFORMATION_SCHEMA give them: a name has one type wherever it comes.
_TIMES = (
    "COMPLETED_TIME", "CREATED", "END_TIME", "LAST_ALTERED", "LAST_DDL", "NEXT_SCHEDULED_TIME",
    "QUERY_START_TIME", "SCHEDULED_TIME", "START_TIME", "created_on", "dropped_on",
    "last_committed_on", "last_suspended_on", "resumed_on", "stale_after", "updated_on",
)  # fmt: skip
_WHOLE_NUMBERS = (
    "ATTEMPT_NUMBER", "BYTES", "CHARACTER_MAXIMUM_LENGTH", "CHARACTER_OCTET_LENGTH",
    "FIRST_ERROR_CODE", "GRAPH_RUN_GROUP_ID", "GRAPH_VERSION", "NUMERIC_PRECISION",
    "NUMERIC_PRECISION_RADIX", "NUMERIC_SCALE", "ORDER_ID", "QUERY_HASH_VERSION",
    "QUERY_PARAMETERIZED_HASH_VERSION", "RETENTION_TIME", "ROW_COUNT", "RUN_ID", "SQL_ERROR_CODE",
    "active_nodes", "assigned_to_users", "auto_suspend", "auto_suspend_secs", "bytes",
    "granted_roles", "granted_to_roles", "idle_nodes", "key_sequence", "max_cluster_count",
    "max_nodes", "max_num_arguments", "min_cluster_count", "min_nodes", "min_num_arguments",
    "num_jobs", "num_services", "query_acceleration_max_scale_factor", "queued", "rows", "running",
    "search_optimization_bytes", "session_id", "started_clusters", "target_nodes",
)  # fmt: skip
_COLUMN_TYPES = {
    **dict.fromkeys(_TIMES, "TIMESTAMP WITH TIME ZONE"),
    **dict.fromkeys(_WHOLE_NUMBERS, "BIGINT"),
    **dict.fromkeys(("NULLABLE", "WAS_AUTO_SUSPENDED", "was_auto_suspended"), "BOOLEAN"),
    **dict.fromkeys(
        ("AVG_BLOCKED", "AVG_QUEUED_LOAD", "AVG_QUEUED_PROVISIONING", "AVG_RUNNING"), "DOUBLE"
    ),
}


def columns(*names: str) -> dict[str, str]:
    """Columns of a listing with their types, as `of` takes them."""
    return {name: _COLUMN_TYPES.get(name, "VARCHAR") for name in names}


def listing(
    columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]], statement_type: int
) -> Result:
    """Rows by the names of their columns; what a row does not have is NULL."""
    return of(columns, [[row.get(name) for name in columns] for row in rows], statement_type)


def status(message: str, statement_type: int = DDL) -> Result:
    """The one-line answer of DDL and the like."""
    return of({"status": "VARCHAR"}, [[message]], statement_type)


DONE = "Statement executed successfully."


def done(statement_type: int = DDL) -> Result:
    return status(DONE, statement_type)


def dropped(name: str) -> Result:
    return status(f"{name} successfully dropped.")


def nothing_dropped(noun: str, full: object, name: str, if_exists: bool) -> Result:
    """What DROP answers where there is nothing of that name. Raises 002003 without IF EXISTS."""
    if if_exists:
        return already_dropped(name)
    raise errors.does_not_exist(noun, full)


def already_dropped(name: str) -> Result:
    """What DROP … IF EXISTS answers where there is nothing of that name."""
    return status(f"Drop statement executed successfully ({name} already dropped).")


def already_exists(name: str) -> Result:
    """What CREATE … IF NOT EXISTS answers where there is something of that name."""
    return status(f"{name} already exists, statement succeeded.")
