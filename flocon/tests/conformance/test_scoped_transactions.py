"""Procedures and transactions: whose a statement is, and who ends it."""

import json
from collections.abc import Iterator

import pytest
from shared import one_database

from conformance.shared import Run, error, failure
from flocon import AccountProcess

_CODE = """
from snowflake.snowpark.exceptions import SnowparkSQLException

def run(session, statements):
    told = []
    for statement in statements:
        try:
            told.append(len(session.sql(statement.removeprefix('try ')).collect()))
        except SnowparkSQLException as error:
            if not statement.startswith('try '):
                raise
            told.append(error.sql_error_code)
    return told
"""


@pytest.fixture(scope="module")
def home(account: AccountProcess) -> Iterator[str]:
    """A database whose procedure RUN_ALL runs statements; those behind `try` may fail."""
    for name in one_database(account):
        with account.connect(database=name, schema="PUBLIC") as connection:
            connection.cursor().execute(
                "CREATE PROCEDURE run_all(statements ARRAY) RETURNS VARIANT LANGUAGE PYTHON"
                " RUNTIME_VERSION = '3.11' PACKAGES = ('snowflake-snowpark-python')"
                f" HANDLER = 'run' EXECUTE AS CALLER AS $${_CODE}$$"
            )
        yield name


@pytest.fixture
def run(account: AccountProcess, home: str) -> Iterator[Run]:
    with account.connect(database=home, schema="PUBLIC") as opened:

        def execute(sql: str, *binds: object) -> list[tuple[object, ...]]:
            return opened.cursor().execute(sql, binds or None).fetchall()

        execute("CREATE OR REPLACE TABLE t (id INT)")
        execute("CREATE OR REPLACE TABLE sink (id INT)")
        execute("CREATE OR REPLACE STREAM s ON TABLE t")
        yield execute


@pytest.fixture
def other(account: AccountProcess, home: str) -> Iterator[Run]:
    with account.connect(database=home, schema="PUBLIC") as opened:
        yield lambda sql, *binds: opened.cursor().execute(sql, binds or None).fetchall()


def call(run: Run, *statements: str) -> list[int]:
    """Run statements inside a procedure; returns how many rows each answered, or its error."""
    array = ", ".join("'" + statement.replace("'", "''") + "'" for statement in statements)
    return list(json.loads(run(f"CALL run_all(ARRAY_CONSTRUCT({array}))")[0][0]))


def test_without_begin_a_procedures_statements_are_in_the_callers_transaction(
    run: Run, other: Run
) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions#stored-procedures-and-transactions"""
    run("BEGIN")
    call(run, "INSERT INTO t VALUES (1)")
    assert run("SELECT id FROM t") == [(1,)]
    assert other("SELECT id FROM t") == []
    run("ROLLBACK")
    assert run("SELECT id FROM t") == []


def test_without_any_transaction_each_statement_of_a_procedure_commits_itself(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions#stored-procedures-and-transactions"""
    assert error(run, "CALL run_all(['INSERT INTO t VALUES (1)', 'SELECT nothing'])") == 100357
    assert run("SELECT id FROM t") == [(1,)]


def test_a_procedures_own_transaction_is_independent_of_its_callers(run: Run, other: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions#scoped-transactions"""
    run("BEGIN")
    run("INSERT INTO t VALUES (1)")
    call(run, "BEGIN", "INSERT INTO sink VALUES (2)", "COMMIT", "INSERT INTO t VALUES (3)")
    assert other("SELECT id FROM sink") == [(2,)]
    assert other("SELECT id FROM t") == []
    run("ROLLBACK")
    assert run("SELECT id FROM sink") == [(2,)]
    assert run("SELECT id FROM t") == []


def test_a_transaction_that_a_procedure_leaves_open_is_undone_and_an_error(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions#scoped-transactions"""
    number, text = failure(run, "CALL run_all(['BEGIN', 'INSERT INTO t VALUES (1)'])")
    assert number == 90232
    assert "Scoped transaction started in stored procedure is incomplete" in text
    assert run("SELECT id FROM t") == []


def test_an_error_in_a_procedures_own_transaction_undoes_it_and_leaves_the_callers(
    run: Run,
) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions#scoped-transactions"""
    run("BEGIN")
    run("INSERT INTO t VALUES (1)")
    assert error(run, "CALL run_all(['BEGIN', 'INSERT INTO t VALUES (2)', 'SELECT 1 / 0'])") == (
        100357
    )
    run("INSERT INTO t VALUES (3)")
    run("COMMIT")
    assert run("SELECT id FROM t ORDER BY id") == [(1,), (3,)]


@pytest.mark.parametrize("statement", ["COMMIT", "ROLLBACK", "CREATE TABLE made (id INT)"])
def test_a_procedure_cannot_end_its_callers_transaction(run: Run, statement: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions#scoped-transactions"""
    run("BEGIN")
    run("INSERT INTO t VALUES (1)")
    text = failure(run, f"CALL run_all(['{statement}'])")[1]
    assert "started at a different scope is not allowed" in text
    run("COMMIT")
    assert run("SELECT id FROM t") == [(1,)]
    assert error(run, "SELECT * FROM made") == 2003


def test_autocommit_cannot_be_changed_in_a_procedure(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions#autocommit"""
    assert error(run, "CALL run_all(['ALTER SESSION SET AUTOCOMMIT = FALSE'])") == 100357


def test_a_handler_that_catches_an_error_goes_on_in_the_same_transaction(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions#failed-statements"""
    told = call(
        run,
        "BEGIN",
        "INSERT INTO t VALUES (1)",
        "try INSERT INTO t SELECT 1 / (id - 1) FROM t",
        "try INSERT INTO t SELECT nothing FROM t",
        "INSERT INTO t SELECT id + 1 FROM t",
        "COMMIT",
    )
    assert told == [1, 1, 100051, 904, 1, 1]
    assert run("SELECT id FROM t ORDER BY id") == [(1,), (2,)]


def test_a_stream_that_a_procedure_reads_moves_with_the_callers_transaction(run: Run) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro#stream-offset"""
    run("INSERT INTO t VALUES (1)")
    run("BEGIN")
    call(run, "INSERT INTO sink SELECT id FROM s")
    run("ROLLBACK")
    assert run("SELECT id FROM s") == [(1,)]
    run("BEGIN")
    call(run, "INSERT INTO sink SELECT id FROM s")
    run("COMMIT")
    assert run("SELECT id FROM s") == []
    assert run("SELECT id FROM sink") == [(1,)]


def test_a_stream_that_a_procedures_own_transaction_reads_moves_whatever_the_caller_does(
    run: Run,
) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions#scoped-transactions"""
    run("INSERT INTO t VALUES (1)")
    run("BEGIN")
    run("INSERT INTO t VALUES (2)")
    call(run, "BEGIN", "INSERT INTO sink SELECT id FROM s", "COMMIT")
    run("ROLLBACK")
    assert run("SELECT id FROM sink") == [(1,)]
    assert run("SELECT id FROM s") == []


def test_a_procedure_that_needs_its_callers_lock_is_a_deadlock_and_fails(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions#scoped-transactions"""
    run("INSERT INTO t VALUES (1)")
    run("BEGIN")
    run("UPDATE t SET id = 2")
    assert call(run, "BEGIN", "try UPDATE t SET id = 3", "ROLLBACK") == [1, 625, 1]
    run("COMMIT")
    assert run("SELECT id FROM t") == [(2,)]
