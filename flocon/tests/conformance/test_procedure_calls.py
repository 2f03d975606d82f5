"""CALL: answers, handlers, errors, nesting, output, time limits, many at once."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from shared import one_database
from snowflake.snowpark import Session
from snowflake.snowpark.types import IntegerType

from conformance.procedure_shared import PYTHON, Cellar

database = pytest.fixture(scope="module")(one_database)


def test_a_call_answers_one_row_whose_column_has_the_procedures_name(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/call"""
    cellar.handler("hello()", "'Santé 🍷'", "VARCHAR")
    cursor = cellar.connection.cursor().execute("CALL hello()")
    assert cursor is not None
    assert [column.name for column in cursor.description] == ["HELLO"]
    assert cursor.fetchall() == [("Santé 🍷",)]


def test_the_handler_gets_a_snowpark_session_of_its_caller(cellar: Cellar, database: str) -> None:
    """https://docs.snowflake.com/en/developer-guide/stored-procedure/python/procedure-python-writing"""
    cellar.create(
        "context()",
        "def run(session):\n"
        "    rows = session.create_dataframe([[1, 'a'], [2, 'b']], schema=['n', 't'])\n"
        "    return [type(session).__name__, session.get_current_database().strip('\"'),\n"
        "            rows.filter(rows['n'] > 1).select('t').collect()[0][0]]",
    )
    assert cellar.read("CALL context()") == ["Session", database, "b"]


def test_wrong_calls_fail_with_snowflakes_numbers(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/call"""
    cellar.handler("one(a INT)", "a", "INT")
    for call, number, text in (
        ("CALL nobody()", 2140, "Unknown function NOBODY"),
        ("CALL public.nobody()", 2141, "Unknown user-defined function"),
        ("CALL one('a', 2)", 1044, "Invalid argument types for function 'ONE'"),
        ("CALL one('wine')", 100038, "'wine' is not recognized"),
        ("CALL one(1, b => 2)", 1044, "Invalid argument types for function 'ONE'"),
    ):
        failed, message = cellar.failure(call)
        assert (failed, text in message) == (number, True), message


def test_an_exception_carries_the_handlers_own_traceback(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/developer-guide/stored-procedure/python/procedure-python-writing"""
    cellar.create("broken()", "def run(session):\n    raise ValueError('corked')")
    number, text = cellar.failure("CALL broken()")
    assert number == 100357
    assert text.splitlines()[-5:] == [
        "Traceback (most recent call last):",
        '  File "_udf_code.py", line 3, in run',
        "    raise ValueError('corked')",
        "ValueError: corked",
        " in function BROKEN with handler run",
    ]


def test_an_sql_error_inside_keeps_its_number_in_the_text(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/developer-guide/stored-procedure/python/procedure-python-writing"""
    cellar.create("lost()", "def run(session):\n    session.table('nope').collect()")
    number, text = cellar.failure("CALL lost()")
    assert number == 100357
    assert "002003" in text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("def other(session):\n    return 1", "has no attribute 'run'"),
        ("def run():\n    return 1", "takes 0 positional arguments but 1 was given"),
        ("import no_such_module\ndef run(session):\n    return 1", "No module named"),
        ("def run(session:\n    return 1", "SyntaxError"),
        ("def run(session):\n    return object()", "object"),
        ("def run(session):\n    raise SystemExit(7)", "SystemExit: 7"),
    ],
    ids=["missing", "arguments", "import", "syntax", "value", "exit"],
)
def test_a_wrong_handler_is_created_and_fails_when_it_is_called(
    cellar: Cellar, body: str, text: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-procedure

    The code is not checked when the procedure is created.
    """
    cellar.create("wrong()", body)
    number, message = cellar.failure("CALL wrong()")
    assert (number, text in message) == (100357, True), message


def test_a_procedure_calls_another(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/developer-guide/stored-procedure/stored-procedures-usage"""
    cellar.handler("inner_(a VARCHAR)", "a + '!'", "VARCHAR")
    cellar.handler("outer_()", "session.call('inner_', 'Pommard')", "VARCHAR")
    assert cellar.value("CALL outer_()") == "Pommard!"


def test_a_procedure_calls_itself(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/developer-guide/stored-procedure/stored-procedures-usage"""
    cellar.create(
        "factorial(n INT)",
        "def run(session, n):\n    return 1 if n < 2 else n * session.call('factorial', n - 1)",
        "INT",
    )
    assert cellar.value("CALL factorial(5)") == 120


def test_what_a_handler_prints_and_logs_is_no_part_of_its_answer(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/developer-guide/logging-tracing/logging-python

    Here it goes to the account's logs/procedures.log instead of an event table.
    """
    cellar.create(
        "loud()",
        "import logging\n"
        "def run(session):\n"
        "    print('printed')\n"
        "    logging.getLogger('shop').warning('logged')\n"
        "    return 1",
        "INT",
    )
    assert cellar.value("CALL loud()") == 1


def test_the_statement_timeout_ends_a_call_and_the_session_goes_on(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/sql-reference/parameters"""
    cellar.create("nap()", "import time\ndef run(session):\n    time.sleep(60)", "INT")
    cellar.rows("ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = 1")
    number, text = cellar.failure("CALL nap()")
    assert (number, "reached its statement or warehouse timeout" in text) == (630, True)
    assert cellar.value("SELECT 1") == 1


def test_a_call_that_is_cancelled_is_undone(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/system_cancel_query"""
    cellar.rows("CREATE OR REPLACE TABLE t (a VARCHAR)")
    cellar.create(
        "nap()",
        "import time\n"
        "def run(session):\n"
        "    session.begin_transaction()\n"
        "    session.sql(\"INSERT INTO t VALUES ('begun')\").collect()\n"
        "    time.sleep(60)",
        "INT",
    )
    started = time.monotonic()
    with pytest.raises(Exception, match=r"(?i)cancel|timeout|abort"):
        cellar.connection.cursor().execute("CALL nap()", timeout=1)
    assert time.monotonic() - started < 30
    assert cellar.rows("SELECT a FROM t") == []


def test_fifty_calls_at_once_are_all_answered(account: Any, database: str, cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/developer-guide/stored-procedure/stored-procedures-usage"""
    cellar.rows("CREATE OR REPLACE TABLE calls (n INT)")
    cellar.create(
        "note(a INT)",
        "def run(session, a):\n"
        "    session.sql(f'INSERT INTO calls VALUES ({a})').collect()\n"
        "    return session.sql('SELECT CURRENT_SESSION()').collect()[0][0]",
        "VARCHAR",
    )

    def call(number: int) -> str:
        with account.connect(database=database, schema="PUBLIC") as connection:
            return Cellar(connection).value(f"CALL note({number})")

    with ThreadPoolExecutor(50) as pool:
        sessions = list(pool.map(call, range(50)))
    assert len(set(sessions)) == 50
    assert cellar.rows("SELECT n FROM calls ORDER BY n") == [(n,) for n in range(50)]


def test_snowpark_registers_a_function_and_calls_it(session: Session, cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark/python/creating-sprocs"""

    def double(session: Session, n: int) -> int:
        return n * 2

    session.sproc.register(
        double,
        name="double_it",
        replace=True,
        imports=[],  # None would list the session's stage through RESULT_SCAN
        packages=["snowflake-snowpark-python"],
    )
    assert session.call("double_it", 21) == 42
    assert cellar.rows("SHOW PROCEDURES LIKE 'double_it'") == []


def test_an_anonymous_procedure_is_there_for_its_call(cellar: Cellar, session: Session) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/call-with"""
    query = "session.sql(f'SELECT {a} + {b}').collect()[0][0]"
    body = f"AS $$\ndef run(session, a, b):\n    return {query}\n$$"
    head = "WITH added AS PROCEDURE (a INT, b INT DEFAULT 2) RETURNS INT"
    assert cellar.value(f"{head} {PYTHON} {body} CALL added(40)") == 42
    assert cellar.value(f"{head} {PYTHON} {body} CALL added(?, b => 5)", 1) == 6
    # A comment before it changes nothing, of a procedure or of a query.
    assert cellar.value(f"-- a call\n{head} {PYTHON} {body} CALL added(40)") == 42
    assert cellar.value("-- a query\nWITH a AS (SELECT 1 AS b) SELECT b FROM a") == 1
    assert cellar.failure("CALL added(1)")[0] == 2140
    assert cellar.failure(f"{head} {PYTHON} {body} CALL other(1)")[0] == 1003
    assert cellar.failure(f"{head} {PYTHON} {body}")[0] == 1003
    doubled = session.sproc.register(
        lambda _, number: 2 * number,
        return_type=IntegerType(),
        input_types=[IntegerType()],
        packages=["snowflake-snowpark-python"],
        anonymous=True,
    )
    assert doubled(21, session=session) == 42
