"""The Python connector: binds, batches, results large and late, login."""

import time
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
import snowflake.connector
from shared import one_database

from flocon import AccountProcess

database = pytest.fixture(scope="module")(one_database)
Run = Any
Connection = snowflake.connector.SnowflakeConnection


def test_executemany_writes_each_row_as_it_is(connection: Connection) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    cursor = connection.cursor()
    cursor.execute("create or replace table many (n int, s varchar, d number(10, 2), at timestamp)")
    rows = [
        (
            index,
            None if index % 7 == 0 else f"é🍷'{index}",
            Decimal(index) / 4,
            datetime(2026, 1, 1),
        )
        for index in range(2000)
    ]
    cursor.executemany("insert into many values (?, ?, ?, ?)", rows)
    assert cursor.rowcount == 2000
    assert cursor.execute("select * from many order by n").fetchall() == rows


def test_pyformat_binds_are_text_and_nothing_else(account: AccountProcess, database: str) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example"""
    with account.connect(database=database, schema="PUBLIC", paramstyle="pyformat") as opened:
        cursor = opened.cursor()
        cursor.execute("create or replace table formatted (n int, s varchar)")
        hostile = "'; drop table formatted; --"
        cursor.executemany("insert into formatted values (%s, %s)", [(1, hostile), (2, None)])
        assert cursor.execute("select s from formatted where n = %(n)s", {"n": 1}).fetchall() == [
            (hostile,)
        ]


def test_describe_answers_columns_and_runs_nothing(connection: Connection) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    cursor = connection.cursor()
    cursor.execute("create or replace table described (n number(10, 2) , s varchar)")
    columns = cursor.describe("select n, s from described where s = ?", ("x",))
    assert [(column.name, column.type_code) for column in columns] == [("N", 0), ("S", 2)]
    cursor.describe("insert into described values (1, 'x')")
    assert cursor.execute("select count(*) from described").fetchone() == (0,)


def test_a_large_result_comes_whole_and_as_pandas(connection: Connection) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-pandas"""
    cursor = connection.cursor()
    cursor.execute("select seq4() n, 'x' || seq4() s from table(generator(rowcount => 200000))")
    frame = cursor.fetch_pandas_all()
    assert len(frame) == 200_000
    assert int(frame["N"].sum()) == 199_999 * 100_000
    assert frame["S"].nunique() == 200_000


def test_an_asynchronous_query_is_fetched_by_its_id(connection: Connection) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example"""
    cursor = connection.cursor()
    cursor.execute_async("select count(*) from table(generator(rowcount => 1000))")
    query_id = cursor.sfqid
    assert query_id
    deadline = time.monotonic() + 20
    while connection.is_still_running(connection.get_query_status(query_id)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    cursor.get_results_from_sfqid(query_id)
    assert cursor.fetchall() == [(1000,)]


def test_a_statement_that_takes_too_long_is_cancelled(connection: Connection) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    cursor = connection.cursor()
    endless = "select count(*) from {0} a, {0} b, {0} c where a.n + b.n + c.n < 0"
    rows = "(select seq4() n from table(generator(rowcount => 100000)))"
    started = time.monotonic()
    with pytest.raises(snowflake.connector.errors.ProgrammingError) as caught:
        cursor.execute(endless.format(rows), timeout=1)
    assert caught.value.errno == 604
    assert time.monotonic() - started < 15
    assert cursor.execute("select 1").fetchall() == [(1,)]


def test_several_statements_follow_one_another(connection: Connection) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    text = """
    create or replace table steps (n int); -- the first; not the last
    insert into steps values (1), (2);
    select 'a;b' || max(n) from steps;
    """
    *_, last = connection.execute_string(text)
    assert last.fetchall() == [("a;b2",)]


def test_rows_as_dictionaries(connection: Connection) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    cursor = connection.cursor(snowflake.connector.DictCursor)
    assert cursor.execute("select 1 as n, 'é' as \"Mixed\"").fetchall() == [{"N": 1, "Mixed": "é"}]


def test_a_login_with_names_that_do_not_exist_goes_without_them(
    account: AccountProcess,
) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    with account.connect(database="NOT_THERE", schema="NOR_THIS", warehouse="NO_WH") as connection:
        cursor = connection.cursor()
        answer = cursor.execute(
            "select current_database(), current_schema(), current_warehouse()"
        ).fetchall()
        assert answer == [(None, None, None)]
        assert cursor.execute("show databases like 'NOT_THERE'").fetchall() == []
