"""A statement that comes again means what it means now, whatever has happened to its tables."""

from collections.abc import Callable
from typing import Any

import pytest
import snowflake.connector

from flocon import AccountProcess

Run = Callable[..., list[Any]]


@pytest.fixture
def other(account: AccountProcess, database: str) -> Any:
    """Another session's run(sql)."""
    with account.connect(database=database, schema="PUBLIC") as opened:
        yield lambda sql: opened.cursor().execute(sql).fetchall()


def columns(connection: Any, sql: str) -> list[str]:
    return [column.name for column in connection.cursor().describe(sql)]


def test_a_column_that_another_session_adds_is_seen(connection: Any, run: Run, other: Run) -> None:
    run("CREATE TABLE t AS SELECT 1 AS a")
    assert (columns(connection, "SELECT * FROM t"), run("SELECT * FROM t")) == (["A"], [(1,)])
    other("ALTER TABLE t ADD COLUMN b INT")
    assert columns(connection, "SELECT * FROM t") == ["A", "B"]
    assert run("SELECT * FROM t") == [(1, None)]


def test_a_text_that_becomes_a_variant_has_its_own_text(run: Run, other: Run) -> None:
    run("CREATE TABLE t AS SELECT '\"x\"' AS a")
    assert run("SELECT 'is ' || a FROM (SELECT a FROM t)") == [('is "x"',)]
    other("CREATE OR REPLACE TABLE t AS SELECT PARSE_JSON('\"x\"') AS a")
    assert run("SELECT 'is ' || a FROM (SELECT a FROM t)") == [("is x",)]


def test_a_division_follows_the_types_of_a_replaced_table(run: Run) -> None:
    for kind, expected in (("NUMBER(10, 0)", "0.333333"), ("NUMBER(10, 4)", "0.3333333333")):
        run(f"CREATE OR REPLACE TEMPORARY TABLE t (a {kind})")
        run("INSERT INTO t VALUES (1)")
        assert [str(row[0]) for row in run("SELECT a / 3 FROM t")] == [expected]
        run("DROP TABLE t")


def test_a_name_means_the_temporary_table_while_there_is_one(run: Run) -> None:
    run("CREATE TABLE t AS SELECT 'kept' AS a")
    for expected in ("kept", "temporary", "kept"):
        if expected == "temporary":
            run("CREATE TEMPORARY TABLE t AS SELECT 'temporary' AS a")
        assert run("SELECT a FROM t") == [(expected,)]
        if expected == "temporary":
            run("DROP TABLE t")


def test_a_name_means_the_table_of_the_current_schema(run: Run, database: str) -> None:
    run("CREATE TABLE t AS SELECT 'public' AS a")
    run("CREATE SCHEMA s")
    run("CREATE TABLE s.t AS SELECT 's' AS a")
    for schema in ("PUBLIC", "S", "PUBLIC"):
        run(f"USE SCHEMA {schema}")
        assert run("SELECT a FROM t") == [(schema.lower(),)]


def test_a_replaced_view_answers_anew(run: Run, other: Run) -> None:
    run("CREATE VIEW v AS SELECT 1 AS a")
    assert run("SELECT * FROM v") == [(1,)]
    other("CREATE OR REPLACE VIEW v AS SELECT 2 AS b, 3 AS c")
    assert run("SELECT * FROM v") == [(2, 3)]


def test_an_insertion_takes_what_a_new_stream_of_the_name_shows(run: Run) -> None:
    run("CREATE TABLE source (a INT)")
    run("CREATE TABLE target (a INT)")
    insert = "INSERT INTO target SELECT a FROM st"
    run("CREATE STREAM st ON TABLE source")
    run("INSERT INTO source VALUES (1)")
    assert (run(insert), run(insert)) == ([(1,)], [(0,)])
    run("INSERT INTO source VALUES (2)")
    run("CREATE OR REPLACE STREAM st ON TABLE source")
    run("INSERT INTO source VALUES (3)")
    assert (run(insert), run("SELECT a FROM target ORDER BY a")) == ([(1,)], [(1,), (3,)])


def test_a_view_that_begins_to_read_a_stream_consumes_it(run: Run) -> None:
    run("CREATE TABLE source (a INT)")
    run("CREATE TABLE target (a INT)")
    run("CREATE STREAM st ON TABLE source")
    run("CREATE VIEW v AS SELECT 0 AS a WHERE FALSE")
    assert run("INSERT INTO target SELECT a FROM v") == [(0,)]
    run("INSERT INTO source VALUES (1)")
    run("CREATE OR REPLACE VIEW v AS SELECT a FROM st")
    insertions = [run("INSERT INTO target SELECT a FROM v") for _ in range(2)]
    assert insertions == [[(1,)], [(0,)]]


def test_binds_and_functions_are_new_each_time(run: Run) -> None:
    text = "SELECT ?, ? || 'x', RANDOM() FROM TABLE(GENERATOR(ROWCOUNT => 1))"
    (first,), (second,) = run(text, 1, "a"), run(text, None, "b")
    assert (first[:2], second[:2]) == ((1, "ax"), (None, "bx"))
    assert first[2] != second[2]


def test_a_known_statement_still_consumes_within_a_transaction(run: Run) -> None:
    run("CREATE TABLE source (a INT)")
    run("CREATE TABLE target (a INT)")
    run("CREATE STREAM st ON TABLE source")
    for number in range(3):
        run("INSERT INTO source VALUES (?)", number)
        run("BEGIN")
        run("INSERT INTO target SELECT a FROM st")
        assert run("SELECT a FROM st") == [(number,)]
        run("COMMIT")
        assert run("SELECT a FROM st") == []
    assert run("SELECT a FROM target ORDER BY a") == [(0,), (1,), (2,)]


def test_what_an_administrator_has_run_is_still_refused_to_others(
    account: AccountProcess, database: str, run: Run
) -> None:
    run("CREATE TABLE t AS SELECT 1 AS a")
    run(f"CREATE ROLE {database}_READER")
    run(f"GRANT USAGE ON DATABASE {database} TO ROLE {database}_READER")
    run(f"GRANT USAGE ON SCHEMA PUBLIC TO ROLE {database}_READER")
    statements = ("SELECT a FROM t", "INSERT INTO t SELECT 2", "DELETE FROM t WHERE a = 1")
    names = "SELECT table_name FROM INFORMATION_SCHEMA.TABLES"
    assert [run(each)[0] for each in (*statements, names)] == [(1,), (1,), (1,), ("T",)]
    with account.connect(database=database, schema="PUBLIC", role=f"{database}_READER") as reader:
        for statement in statements:
            with pytest.raises(snowflake.connector.ProgrammingError, match="not authorized"):
                reader.cursor().execute(statement)
        assert reader.cursor().execute(names).fetchall() == []
    run(f"DROP ROLE {database}_READER")


def test_the_same_question_about_another_answer_follows_its_types(run: Run) -> None:
    for kind, expected in (("NUMBER(10, 0)", "0.333333"), ("NUMBER(10, 4)", "0.3333333333")):
        run(f"SELECT 1::{kind} AS a")
        answers = run("SELECT a / 3 FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))")
        assert [str(row[0]) for row in answers] == [expected]


def test_the_same_question_about_another_answer_has_its_length(connection: Any, run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/result_scan"""
    run("CREATE TABLE t5 (a VARCHAR(5))")
    run("CREATE TABLE t9 (a VARCHAR(9))")
    cursor, lengths = connection.cursor(), []
    for table in ("t5", "t9"):
        cursor.execute(f"SELECT a FROM {table}")
        cursor.execute("SELECT a FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))")
        lengths.append(cursor.description[0].internal_size)
    assert lengths == [5, 9]


def test_a_view_over_the_accounts_own_answers_says_what_is_true_now(run: Run, other: Run) -> None:
    run("CREATE TABLE t (a INT)")
    run("CREATE STREAM st ON TABLE t")
    run("CREATE VIEW v AS SELECT COUNT(*) AS n, SYSTEM$STREAM_HAS_DATA('st') AS waits FROM st")
    assert run("SELECT n, waits FROM v") == [(0, False)]
    other("INSERT INTO t VALUES (1)")
    assert run("SELECT n, waits FROM v") == [(1, True)]
