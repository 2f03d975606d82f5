"""Fixtures of the conformance tests."""

from collections.abc import Iterator

import pytest
from snowflake.connector.connection import SnowflakeConnection

from conformance.procedure_shared import Cellar
from conformance.shared import Run
from conformance.task_shared import Ops, new_ops
from flocon import AccountProcess


@pytest.fixture
def source(run: Run) -> None:
    """A table T with the rows 1 and 2, a stream S and an append-only stream A on it, a SINK."""
    run("CREATE TABLE t (id INT, v VARCHAR)")
    run("INSERT INTO t VALUES (1, 'one'), (2, 'two')")
    run("CREATE STREAM s ON TABLE t")
    run("CREATE STREAM a ON TABLE t APPEND_ONLY = TRUE")
    run("CREATE TABLE sink (id INT, v VARCHAR)")


@pytest.fixture
def table(run: Run) -> None:
    """A table T with one row (1, 10)."""
    run("CREATE TABLE t (id INT, n INT)")
    run("INSERT INTO t VALUES (1, 10)")


@pytest.fixture
def other(account: AccountProcess, database: str) -> Iterator[Run]:
    """run() of another session."""
    with account.connect(database=database, schema="PUBLIC") as opened:
        yield lambda sql, *binds: opened.cursor().execute(sql, binds or None).fetchall()


@pytest.fixture
def ops(connection: SnowflakeConnection, database: str) -> Iterator[Ops]:
    """A schema of its own for tasks, and the ways to follow them."""
    with new_ops(connection, database) as made:
        yield made


@pytest.fixture
def cellar(connection: SnowflakeConnection) -> Cellar:
    """Makes procedures in the test's database and calls them."""
    return Cellar(connection)
