"""Session variables. https://docs.snowflake.com/en/sql-reference/session-variables"""

from decimal import Decimal

import pytest
from shared import one_database, shown
from snowflake.connector import SnowflakeConnection

from conformance.shared import Run, error, failure

database = pytest.fixture(scope="module")(one_database)


def test_a_variable_stands_for_its_value(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/set"""
    run("set n = 3")
    run("set (price, name) = (1.5, 'it''s')")
    assert run("select $n, $PRICE + 1, $name || '!'") == [(3, Decimal("2.5"), "it's!")]
    before = run("select current_date()")
    run("set today = current_date()")
    # It may be midnight in between.
    assert run("select $today") in (before, run("select current_date()"))
    run("set top = (select max(column1) + $n from values (4), (5))")
    assert run("select $top") == [(8,)]
    run("create or replace table t (i int, v varchar)")
    run("insert into t values ($n, $name), ($n + 1, '$n')")
    assert run("update t set i = $top where i = $n") == [(1, 0)]
    assert run("select * from t order by i") == [(4, "$n"), (8, "it's")]


def test_a_column_that_is_a_variable_alone_is_named_after_it(
    connection: SnowflakeConnection, run: Run
) -> None:
    """https://docs.snowflake.com/en/sql-reference/session-variables"""
    run("set n = 3")
    cursor = connection.cursor().execute("select $n, coalesce($n, $n), $n /* $n */, $n as m")
    assert [column.name for column in cursor.description][::2] == ["$N", "$N"]
    assert cursor.description[3].name == "M"


def test_no_text_comment_or_body_is_read_for_variables(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/session-variables"""
    run("set n = 3")
    assert run('select \'$n\', $$$n$$ -- $n\n, "$n" from (select 1 as "$n") /* $n */') == [
        ("$n", "$n", 1)
    ]
    assert run("select $1, $n from values (7)") == [(7, 3)]


def test_identifier_takes_a_variable_wherever_a_name_stands(run: Run, database: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/identifier-literal"""
    run("set (place, made) = ('apart', 'apart.numbers')")
    run("create schema identifier($place)")
    run("create table identifier($made) (i int)")
    run("insert into identifier($made) values (1)")
    assert run("select i from identifier($made)") == [(1,)]
    run("use schema identifier($place)")
    run(f"use schema {database}.public")
    run("drop table identifier($made)")
    assert error(run, "select * from apart.numbers") == 2003


def test_variables_are_shown_and_forgotten(run: Run, connection: SnowflakeConnection) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/show-variables"""
    run("set (seen_a, seen_b) = (true, 2)")
    rows = shown(connection, "show variables like 'seen%'")
    assert [(row["name"], row["value"], row["type"]) for row in rows] == [
        ("SEEN_A", "true", "boolean"),
        ("SEEN_B", "2", "fixed"),
    ]
    assert run("select getvariable('SEEN_B'), getvariable('seen_b')") == [("2", None)]
    run("unset (seen_a, seen_b)")
    assert failure(run, "select $seen_a") == (
        2211,
        "002211 (02000): SQL compilation error:\nSession variable '$SEEN_A' does not exist",
    )


def test_a_variable_is_its_session_s_and_no_longer_than_256_bytes(run: Run, other: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/session-variables"""
    run("set mine = 1")
    assert error(other, "select $mine") == 2211
    assert error(run, "set long = repeat('x', 257)") == 1007
    assert error(run, "set (a, b) = (1, 2, 3)") == 1007


def test_a_variable_holds_no_array_or_object(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/session-variables"""
    assert error(run, "set held = parse_json('{}')") == 2
    assert error(run, "set held = [1]") == 2
    run("set held = null::variant")
    assert run("select $held") == [(None,)]
