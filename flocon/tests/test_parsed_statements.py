"""Texts that come again are executed as DuckDB has read them, and answer the same."""

from collections.abc import Iterator

import duckdb
import pytest
from flocon.engine.fast import parsed_statements
from flocon.engine.fast.parsed_statements import ParsedStatements


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def test_a_text_that_comes_again_is_read_once_more_and_then_no_more(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    parsed = ParsedStatements(fast=True)
    first, second, third = (parsed.of(connection, "SELECT 1 + $a") for _ in range(3))
    assert first == "SELECT 1 + $a"
    assert isinstance(second, duckdb.Statement)
    assert third is second


def test_what_was_read_takes_other_values_and_other_shapes(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    parsed = ParsedStatements(fast=True)
    answers = []
    for kind, value in (("INTEGER", 1), ("VARCHAR", "a"), ("DECIMAL(4, 2)", 1), ("DATE", None)):
        connection.execute(
            f"CREATE OR REPLACE TABLE t AS SELECT CAST($a AS {kind}) AS a", {"a": value}
        )
        statement = parsed.of(connection, "SELECT typeof(a), a = $a FROM t")
        answers += connection.execute(statement, {"a": value}).fetchall()
    assert answers == [
        ("INTEGER", True), ("VARCHAR", True), ("DECIMAL(4,2)", True), ("DATE", None)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "sql", ["SELECT 1; SELECT 2", "PIVOT (SELECT 1 AS a, 2 AS b) ON a USING sum(b)"]
)
def test_what_is_several_statements_to_the_engine_stays_a_text(
    connection: duckdb.DuckDBPyConnection, sql: str
) -> None:
    parsed = ParsedStatements(fast=True)
    assert [parsed.of(connection, sql) for _ in range(3)] == [sql] * 3


def test_a_syntax_error_is_the_same_each_time(connection: duckdb.DuckDBPyConnection) -> None:
    parsed = ParsedStatements(fast=True)
    errors = []
    for _ in range(3):
        with pytest.raises(duckdb.ParserException) as raised:
            connection.execute(parsed.of(connection, "SELECT FROM WHERE"))
        errors.append(str(raised.value))
    assert errors[0] == errors[1] == errors[2]


def test_the_oldest_texts_are_forgotten(
    connection: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsed_statements, "_CHARACTERS", 30)
    parsed = ParsedStatements(fast=True)
    for text in (
        "SELECT 1",
        "SELECT 1",
        "SELECT 2",
        "SELECT 2",
        "SELECT 1",
        "SELECT 3",
        "SELECT 4",
    ):
        parsed.of(connection, text)
    assert isinstance(parsed.of(connection, "SELECT 1"), duckdb.Statement)
    assert parsed.of(connection, "SELECT 2") == "SELECT 2"


def test_nothing_is_kept_where_speed_is_switched_off(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    parsed = ParsedStatements(fast=False)
    assert [parsed.of(connection, "SELECT 1") for _ in range(3)] == ["SELECT 1"] * 3
