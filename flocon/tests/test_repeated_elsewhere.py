"""A statement that comes again, over several databases: what happens in one of them is seen, and
what is known of the others' statements stays."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import snowflake.connector
from flocon.account import Account
from flocon.engine.connection import Connection
from flocon.session.session import Session

from flocon import AccountProcess

Run = Callable[..., list[Any]]
THIRD = "0.333333"
FINE_THIRD = "0.3333333333"


@pytest.fixture
def elsewhere(account: AccountProcess, database: str) -> Iterator[str]:
    """Another database."""
    name = f"{database}_ELSEWHERE"
    with account.connect() as connection:
        connection.cursor().execute(f"CREATE DATABASE {name}")
        yield name
        connection.cursor().execute(f"DROP DATABASE IF EXISTS {name}")


@pytest.fixture
def other(account: AccountProcess, elsewhere: str) -> Iterator[Run]:
    """run(sql) of a session that stands in the other database."""
    with account.connect(database=elsewhere, schema="PUBLIC") as opened:
        yield lambda sql: opened.cursor().execute(sql).fetchall()


@pytest.fixture
def again(connection: Any, run: Run) -> Run:
    """run(sql) of a statement that the account knows: it has been run before as often as it takes,
    and described."""

    def repeated(sql: str) -> list[Any]:
        run(sql)
        connection.cursor().describe(sql)
        return run(sql)

    return repeated


def texts(rows: list[Any]) -> list[str]:
    return [str(value) for (value,) in rows]


def errno(run: Run, sql: str) -> int:
    with pytest.raises(snowflake.connector.ProgrammingError) as raised:
        run(sql)
    return int(raised.value.errno)  # type: ignore[arg-type]  # it has one


def test_a_table_of_another_database_is_replaced(
    connection: Any, run: Run, again: Run, other: Run, elsewhere: str
) -> None:
    other("CREATE TABLE t AS SELECT 1::NUMBER(10, 0) AS a")
    share, whole = f"SELECT a / 3 FROM {elsewhere}.PUBLIC.t", f"SELECT * FROM {elsewhere}.PUBLIC.t"
    assert (texts(again(share)), again(whole)) == ([THIRD], [(1,)])
    other("CREATE OR REPLACE TABLE t AS SELECT 1::NUMBER(10, 4) AS a, 'new' AS b")
    assert (texts(run(share)), len(run(whole)[0])) == ([FINE_THIRD], 2)
    assert [column.name for column in connection.cursor().describe(whole)] == ["A", "B"]


def test_a_table_of_another_database_is_dropped_and_made_with_other_types(
    run: Run, again: Run, other: Run, elsewhere: str
) -> None:
    other("CREATE TABLE t AS SELECT '\"x\"' AS a")
    query = f"SELECT 'is ' || a FROM {elsewhere}.PUBLIC.t"
    assert again(query) == [('is "x"',)]
    other("DROP TABLE t")
    assert errno(run, query) == 2003
    other("CREATE TABLE t AS SELECT PARSE_JSON('\"x\"') AS a")
    assert run(query) == [("is x",)]


def test_a_table_of_another_database_is_renamed_and_another_gets_its_name(
    run: Run, again: Run, other: Run, elsewhere: str
) -> None:
    other("CREATE TABLE t AS SELECT 1::NUMBER(10, 0) AS a")
    other("CREATE TABLE next AS SELECT 1::NUMBER(10, 4) AS a")
    query = f"SELECT a / 3 FROM {elsewhere}.PUBLIC.t"
    assert texts(again(query)) == [THIRD]
    other("ALTER TABLE t RENAME TO before")
    assert errno(run, query) == 2003
    other("ALTER TABLE next RENAME TO t")
    assert texts(run(query)) == [FINE_THIRD]


def test_an_insertion_follows_the_types_of_a_target_elsewhere(
    run: Run, again: Run, other: Run, elsewhere: str
) -> None:
    other("CREATE TABLE t (a VARIANT)")
    run("CREATE TABLE source AS SELECT '{\"k\": 1}' AS a")
    insert = f"INSERT INTO {elsewhere}.PUBLIC.t SELECT PARSE_JSON(a):k FROM source"
    again(insert)
    other("CREATE OR REPLACE TABLE t (a VARCHAR)")
    run(insert)
    assert other("SELECT a || '!' FROM t") == [("1!",)]


def test_a_view_here_follows_its_view_elsewhere(
    run: Run, again: Run, other: Run, elsewhere: str, database: str
) -> None:
    other("CREATE TABLE t AS SELECT '\"x\"' AS a")
    other("CREATE VIEW v AS SELECT a FROM t")
    run(f"CREATE VIEW here AS SELECT a FROM {elsewhere}.PUBLIC.v")
    query = f"SELECT 'is ' || a FROM {database}.PUBLIC.here"
    assert again(query) == [('is "x"',)]
    other("CREATE OR REPLACE VIEW v AS SELECT PARSE_JSON(a) AS a FROM t")
    assert again(query) == [("is x",)]
    other("CREATE OR REPLACE VIEW v AS SELECT a FROM t")
    other("CREATE OR REPLACE TABLE t AS SELECT PARSE_JSON('\"y\"') AS a")
    assert run(query) == [("is y",)]


def test_a_view_of_everything_elsewhere_loses_a_column(
    run: Run, again: Run, other: Run, elsewhere: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-view"""
    other("CREATE TABLE t AS SELECT 1 AS a, 2 AS b")
    run(f"CREATE VIEW here AS SELECT * FROM {elsewhere}.PUBLIC.t")
    assert again("SELECT a FROM here") == [(1,)]
    other("ALTER TABLE t DROP COLUMN b")
    assert errno(run, "SELECT a FROM here") == 2057


def test_a_view_begins_to_read_a_stream_elsewhere(
    run: Run, again: Run, other: Run, elsewhere: str
) -> None:
    other("CREATE TABLE source (a INT)")
    other("CREATE STREAM st ON TABLE source")
    other("CREATE VIEW v AS SELECT 0 AS a WHERE FALSE")
    other("INSERT INTO source VALUES (1)")
    query = f"SELECT a FROM {elsewhere}.PUBLIC.v"
    assert again(query) == []
    other("CREATE OR REPLACE VIEW v AS SELECT a FROM st")
    assert run(query) == [(1,)]
    other("CREATE OR REPLACE STREAM st ON TABLE source")
    assert run(query) == []
    other("DROP STREAM st")
    assert errno(run, query) == 2003


def test_a_database_is_replaced_and_dropped(
    run: Run, again: Run, other: Run, elsewhere: str
) -> None:
    other("CREATE TABLE t AS SELECT 1::NUMBER(10, 0) AS a")
    query = f"SELECT a / 3 FROM {elsewhere}.PUBLIC.t"
    assert texts(again(query)) == [THIRD]
    other(f"CREATE OR REPLACE DATABASE {elsewhere}")
    assert errno(run, query) == 2003
    other("CREATE TABLE t AS SELECT 1::NUMBER(10, 4) AS a")
    assert texts(again(query)) == [FINE_THIRD]
    other(f"DROP DATABASE {elsewhere}")
    assert errno(run, query) == 2003
    other(f"CREATE DATABASE {elsewhere}")
    other("CREATE TABLE t AS SELECT 1::NUMBER(10, 0) AS a")
    assert texts(run(query)) == [THIRD]


def test_a_schema_is_replaced(run: Run, again: Run, other: Run, elsewhere: str) -> None:
    other("CREATE SCHEMA s")
    other("CREATE TABLE t AS SELECT 1::NUMBER(10, 0) AS a")
    query = f"SELECT a / 3 FROM {elsewhere}.s.t"
    assert texts(again(query)) == [THIRD]
    other("CREATE OR REPLACE SCHEMA s")
    other("CREATE TABLE t AS SELECT 1::NUMBER(10, 4) AS a")
    assert texts(run(query)) == [FINE_THIRD]


def test_a_temporary_table_elsewhere_hides_a_permanent_one(
    run: Run, again: Run, other: Run, elsewhere: str
) -> None:
    other("CREATE TABLE t AS SELECT 'kept' AS a")
    query = f"SELECT a FROM {elsewhere}.PUBLIC.t"
    assert again(query) == [("kept",)]
    run(f"CREATE TEMPORARY TABLE {elsewhere}.PUBLIC.t AS SELECT 'hiding' AS a")
    assert (again(query), other(query)) == ([("hiding",)], [("kept",)])
    run(f"ALTER TABLE {elsewhere}.PUBLIC.t ADD COLUMN b INT")
    assert again(f"SELECT * FROM {elsewhere}.PUBLIC.t") == [("hiding", None)]
    run(f"DROP TABLE {elsewhere}.PUBLIC.t")
    assert again(query) == [("kept",)]


def test_a_temporary_view_follows_its_table_elsewhere(
    run: Run, again: Run, other: Run, elsewhere: str
) -> None:
    other("CREATE TABLE t AS SELECT 1::NUMBER(10, 0) AS a")
    run(f"CREATE TEMPORARY VIEW here AS SELECT a FROM {elsewhere}.PUBLIC.t")
    assert texts(again("SELECT a / 3 FROM here")) == [THIRD]
    other("CREATE OR REPLACE TABLE t AS SELECT 1::NUMBER(10, 4) AS a")
    assert texts(run("SELECT a / 3 FROM here")) == [FINE_THIRD]


def test_an_open_transaction_sees_what_is_replaced_elsewhere_meanwhile(
    run: Run, again: Run, other: Run, elsewhere: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions"""
    other("CREATE TABLE t AS SELECT 1::NUMBER(10, 0) AS a")
    run("CREATE TABLE own (a INT)")
    query = f"SELECT a / 3 FROM {elsewhere}.PUBLIC.t"
    run("BEGIN")
    run("INSERT INTO own VALUES (1)")
    assert texts(again(query)) == [THIRD]
    other("CREATE OR REPLACE TABLE t AS SELECT 1::NUMBER(10, 4) AS a")
    assert texts(again(query)) == [FINE_THIRD]
    run("COMMIT")
    assert (texts(run(query)), run("SELECT a FROM own")) == ([FINE_THIRD], [(1,)])


def test_a_table_is_replaced_in_a_transaction_that_has_read_it(run: Run, again: Run) -> None:
    run("CREATE TABLE t AS SELECT 1::NUMBER(10, 0) AS a")
    run("BEGIN")
    run("INSERT INTO t SELECT a FROM t")
    assert texts(again("SELECT SUM(a) / 6 FROM t")) == [THIRD]
    run("CREATE OR REPLACE TABLE t AS SELECT 2::NUMBER(10, 4) AS a")
    assert texts(run("SELECT SUM(a) / 6 FROM t")) == [FINE_THIRD]
    run("ROLLBACK")
    assert texts(run("SELECT SUM(a) / 6 FROM t")) == [FINE_THIRD]


def test_a_statement_is_not_read_as_for_a_table_that_is_younger_than_its_snapshot(
    account: AccountProcess, database: str, run: Run, again: Run, other: Run, elsewhere: str
) -> None:
    other("CREATE TABLE t AS SELECT 1::NUMBER(10, 0) AS a")
    run("CREATE TEMPORARY TABLE own (a INT)")
    query = f"SELECT a / 3 FROM {elsewhere}.PUBLIC.t"
    run("BEGIN")
    # What is in a temporary table cannot be repeated on another snapshot.
    run("INSERT INTO own VALUES (1)")
    assert texts(again(query)) == [THIRD]
    other("CREATE OR REPLACE TABLE t AS SELECT 1::NUMBER(10, 4) AS a")
    with account.connect(database=database, schema="PUBLIC") as third:
        for _ in range(2):
            assert texts(third.cursor().execute(query).fetchall()) == [FINE_THIRD]
    assert texts(again(query)) == [THIRD]
    run("COMMIT")
    assert texts(again(query)) == [FINE_THIRD]


# --- what stays known -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A session of an account in this process, in the database KEPT; beside it CHANGED."""
    account = Account(tmp_path_factory.mktemp("account"), fast=True)
    session = account.open_session(user="TESTER")
    for sql in (
        "CREATE DATABASE CHANGED",
        "CREATE TABLE there (a INT)",
        "CREATE STREAM changes ON TABLE there",
        "CREATE DATABASE KEPT",
        "CREATE TABLE t (a INT)",
        "CREATE TABLE w (a INT)",
        "CREATE TASK daily SCHEDULE = '1 MINUTE' AS SELECT 1",
    ):
        session.execute(sql)
    yield session
    account.close()


@pytest.mark.filterwarnings("ignore:Arrow output on a DB-API result")
@pytest.mark.parametrize(
    ("sql", "stays"),
    [
        ("CREATE OR REPLACE TABLE CHANGED.PUBLIC.u (a INT)", True),
        ("CREATE OR REPLACE VIEW CHANGED.PUBLIC.v AS SELECT a FROM CHANGED.PUBLIC.there", True),
        ("ALTER TABLE CHANGED.PUBLIC.there ADD COLUMN b INT", True),
        ("CREATE OR REPLACE STREAM CHANGED.PUBLIC.changes ON TABLE CHANGED.PUBLIC.there", True),
        ("CREATE OR REPLACE SCHEMA CHANGED.s", True),
        ("CREATE TABLE IF NOT EXISTS KEPT.PUBLIC.t (a INT)", True),
        ("CREATE OR ALTER TABLE KEPT.PUBLIC.t (a INT)", True),
        ("ALTER TABLE KEPT.PUBLIC.t ADD COLUMN IF NOT EXISTS a INT", True),
        ("CREATE DATABASE IF NOT EXISTS KEPT", True),
        ("CREATE OR REPLACE TASK KEPT.PUBLIC.daily SCHEDULE = '2 MINUTES' AS SELECT 2", True),
        ("ALTER TASK KEPT.PUBLIC.daily RESUME", True),
        ("CREATE OR REPLACE STAGE KEPT.PUBLIC.files", True),
        ("CREATE ROLE IF NOT EXISTS reader", True),
        ("GRANT SELECT ON TABLE KEPT.PUBLIC.t TO ROLE reader", True),
        ("COMMENT ON TABLE KEPT.PUBLIC.t IS 'a table'", True),
        ("CREATE OR REPLACE WAREHOUSE beside", True),
        ("CREATE OR REPLACE TABLE KEPT.PUBLIC.t (a INT)", False),
        ("CREATE OR REPLACE TABLE KEPT.PUBLIC.u (a INT)", False),
        ("CREATE OR ALTER TABLE KEPT.PUBLIC.t (a INT, b VARCHAR(5))", False),
        ("CREATE OR ALTER TABLE KEPT.PUBLIC.t (a INT, b VARCHAR(5))", True),
        ("CREATE OR ALTER TABLE KEPT.PUBLIC.t (a INT, b VARCHAR(6))", False),
        ("CREATE OR REPLACE VIEW KEPT.PUBLIC.v AS SELECT a FROM KEPT.PUBLIC.t", False),
        ("CREATE OR REPLACE STREAM KEPT.PUBLIC.changes ON TABLE KEPT.PUBLIC.t", False),
        ("ALTER TABLE KEPT.PUBLIC.t RENAME TO KEPT.PUBLIC.t2", False),
        ("DROP STREAM KEPT.PUBLIC.changes", False),
        ("DROP VIEW KEPT.PUBLIC.v", False),
        ("DROP TABLE KEPT.PUBLIC.u", False),
        ("DROP TABLE IF EXISTS KEPT.PUBLIC.u", True),
        ("CREATE SCHEMA KEPT.s", True),
        ("CREATE OR REPLACE SCHEMA KEPT.s", False),
        ("DROP SCHEMA KEPT.s", False),
        ("CREATE FUNCTION KEPT.PUBLIC.seven() RETURNS INT AS '7'", False),
    ],
)
def test_ddl_forgets_the_statements_of_the_database_that_it_reshapes_alone(
    opened: Session, monkeypatch: pytest.MonkeyPatch, sql: str, stays: bool
) -> None:
    planned: list[Any] = []
    coerced = Connection._coerced

    def counted(connection: Connection, *statement: Any) -> Any:
        planned.append(statement)
        return coerced(connection, *statement)

    monkeypatch.setattr(Connection, "_coerced", counted)
    statements = ("SELECT COUNT(*) FROM KEPT.PUBLIC.w", "DELETE FROM KEPT.PUBLIC.w WHERE a = 1")
    for statement in statements:
        opened.execute(statement)
    opened.execute(sql)
    opened.execute("USE SCHEMA KEPT.PUBLIC")
    planned.clear()
    for statement in statements:
        opened.execute(statement)
    assert len(planned) == (0 if stays else len(statements))
