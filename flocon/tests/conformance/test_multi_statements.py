"""Several statements in one request.

https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example#using-multiple-statements
"""

from typing import Any

import pytest
from shared import one_database
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import ProgrammingError

from conformance.shared import Run, failure

database = pytest.fixture(scope="module")(one_database)


def answers(connection: SnowflakeConnection, sql: str, **more: Any) -> list[list[Any]]:
    """The rows of each statement of a request."""
    cursor = connection.cursor()
    cursor.execute(sql, **more)
    found = [cursor.fetchall()]
    while cursor.nextset():
        found.append(cursor.fetchall())
    return found


@pytest.mark.parametrize("count", [0, 4])
def test_each_statement_has_its_answer(connection: SnowflakeConnection, count: int) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example"""
    sql = (
        "select 1 as a; -- not; this\nselect 'x;y', $$z;$$;"
        " create or replace table t as select 5 as i; select i from t;"
    )
    assert answers(connection, sql, num_statements=count) == [
        [(1,)],
        [("x;y", "z;")],
        [("Table T successfully created.",)],
        [(5,)],
    ]


def test_a_single_one_is_answered_at_once(connection: SnowflakeConnection) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example"""
    assert answers(connection, "select 1; ", num_statements=0) == [[(1,)]]


@pytest.mark.parametrize(
    "sql",
    [
        "alter session set QUERY_TAG = 'x'; select 1",
        "alter session set QUERY_TAG = 'x'; JSON_INDENT = 4;",
        "create warehouse wh_of_two auto_suspend = 60; auto_resume = true",
        "show tables; select 1;",
        "use schema PUBLIC; ; select 1",
        "drop table untouched; 1",
        "select 1; select 2",
    ],
)
def test_two_where_one_is_asked_for_are_000008_whatever_they_are(run: Run, sql: str) -> None:
    """https://docs.snowflake.com/en/developer-guide/sql-api/submitting-multiple-statements"""
    told = "Actual statement count 2 did not match the desired statement count 1."
    assert failure(run, sql)[0] == 8
    assert told in failure(run, sql)[1]


def test_another_number_than_there_are_is_000008(connection: SnowflakeConnection, run: Run) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example"""
    run("create or replace table untouched (i int)")
    for count in (1, 3):
        with pytest.raises(ProgrammingError) as raised:
            answers(
                connection,
                "insert into untouched values (1); select 2",
                num_statements=count,
            )
        assert raised.value.errno == 8
    assert run("select * from untouched") == []


def test_the_first_that_fails_ends_the_request(connection: SnowflakeConnection, run: Run) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example"""
    run("create or replace table some (i int)")
    with pytest.raises(ProgrammingError) as raised:
        answers(
            connection,
            "insert into some values (1); select * from nothing; insert into some values (2)",
            num_statements=3,
        )
    assert raised.value.errno == 2003
    assert run("select i from some") == [(1,)]


def test_a_session_may_take_any_number(connection: SnowflakeConnection) -> None:
    """https://docs.snowflake.com/en/sql-reference/parameters#multi-statement-count"""
    connection.cursor().execute("alter session set multi_statement_count = 0")
    assert answers(connection, "set n = 2; select $n") == [
        [("Statement executed successfully.",)],
        [(2,)],
    ]


def test_each_statement_takes_its_own_binds(connection: SnowflakeConnection) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example"""
    sql = "select ? as a, '?' as b; select ?, ?"
    found = answers(connection, sql, params=(1, 2, 3), num_statements=2)
    assert found == [[(1, "?")], [(2, 3)]]
