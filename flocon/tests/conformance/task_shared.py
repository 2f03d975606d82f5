"""What the tests of tasks share."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from accounts import on_snowflake
from snowflake.connector.connection import SnowflakeConnection
from snowflake.connector.errors import ProgrammingError

# Snowflake takes its time to start a task.
PATIENCE = 300.0 if on_snowflake() else 60.0

# A statement that takes for ever.
_ROWS = "TABLE(GENERATOR(ROWCOUNT => 100000))"
ENDLESS = f"INSERT INTO prod SELECT COUNT(*) FROM {_ROWS} a, {_ROWS} b, {_ROWS} c"

ALL_RUNS = (
    "TABLE(INFORMATION_SCHEMA.TASK_HISTORY(RESULT_LIMIT => 10000)) WHERE"
    " database_name = CURRENT_DATABASE() AND schema_name = CURRENT_SCHEMA()"
)

Rows = list[tuple[Any, ...]]


class Ops:
    """A schema with a table RAW and its stream, and the tables STG and PROD that tasks fill."""

    def __init__(self, connection: SnowflakeConnection, database: str, schema: str) -> None:
        self.connection = connection
        self.database = database
        self.schema = schema

    @property
    def place(self) -> str:
        return f"{self.database}.{self.schema}"

    def run(self, *statements: str) -> Rows:
        """All rows of the last statement."""
        rows: Rows = []
        with self.connection.cursor() as cursor:
            for sql in statements:
                # The connector's annotations have a cursor that may be None, and rows as dicts.
                rows = cursor.execute(sql).fetchall()  # type: ignore[union-attr, assignment]
        return rows

    def shown(self, sql: str = "SHOW TASKS IN SCHEMA") -> list[dict[str, Any]]:
        with self.connection.cursor() as cursor:
            rows = cursor.execute(sql).fetchall()  # type: ignore[union-attr]
            names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in rows]

    def error(self, sql: str) -> tuple[int, str]:
        """The number and text of the error that a statement ends in."""
        with pytest.raises(ProgrammingError) as caught:
            self.run(sql)
        return int(caught.value.errno), str(caught.value.msg)

    def states(self) -> dict[str, str]:
        """Each task and whether it is started or suspended."""
        return {row["name"]: row["state"] for row in self.shown()}

    def enable(self, root: str) -> None:
        """Resume a root and all below it."""
        self.run(f"SELECT SYSTEM$TASK_DEPENDENTS_ENABLE('{self.place}.{root}')")

    def history(self, columns: str = "name, state") -> Rows:
        """The runs of this schema's tasks in the order of their names and beginnings."""
        return self.run(
            f"SELECT {columns} FROM {ALL_RUNS} AND state <> 'SCHEDULED'"
            " ORDER BY name, attempt_number, query_start_time"
        )

    def wait_for(self, check: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not check():
            assert time.monotonic() < deadline, self.history("name, state, error_message")
            time.sleep(0.03)

    def wait_for_history(self, *expected: tuple[str, str]) -> None:
        """Wait until exactly these runs are in the history: task and state, by name."""
        self.wait_for(lambda: self.history() == list(expected))


def make_ops(connection: SnowflakeConnection, database: str) -> Ops:
    schema = f"OPS_{uuid.uuid4().hex[:8].upper()}"
    ops = Ops(connection, database, schema)
    ops.run(
        f"CREATE SCHEMA {database}.{schema}",
        f"USE SCHEMA {database}.{schema}",
        "CREATE TABLE raw (n INT)",
        "CREATE TABLE stg (n INT)",
        "CREATE TABLE prod (n INT)",
        "CREATE STREAM raw_stream ON TABLE raw APPEND_ONLY = TRUE",
    )
    return ops


@contextmanager
def new_ops(connection: SnowflakeConnection, database: str) -> Iterator[Ops]:
    """One that is dropped in the end."""
    ops = make_ops(connection, database)
    yield ops
    ops.run(f"DROP SCHEMA {ops.place}")
