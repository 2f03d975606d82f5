"""A statement is cancelled by its id: that one, and no other of its session."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import snowflake.connector
from shared import one_database
from snowflake.snowpark import Session

from conformance.procedure_shared import PYTHON
from conformance.shared import beside, failure
from flocon import AccountProcess

database = pytest.fixture(scope="module")(one_database)
Connection = snowflake.connector.SnowflakeConnection
Run = Any

_ROWS = "(SELECT seq4() n FROM TABLE(GENERATOR(ROWCOUNT => 100000)))"
ENDLESS = f"SELECT COUNT(*) FROM {_ROWS} a, {_ROWS} b, {_ROWS} c WHERE a.n + b.n + c.n < 0"
NOT_RUNNING = "Identified SQL statement is not currently executing."


def _begun(connection: Connection, sql: str) -> str:
    """Begin an asynchronous query; returns its id."""
    cursor = connection.cursor()
    cursor.execute_async(sql)
    assert cursor.sfqid
    return cursor.sfqid


def _state(connection: Connection, query_id: str) -> str:
    return str(connection.get_query_status(query_id).name)


def _wait_for(connection: Connection, query_id: str) -> str:
    """The state that a query ends in."""
    deadline = time.monotonic() + 30
    while _state(connection, query_id) == "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return _state(connection, query_id)


def test_a_session_cancels_a_query_of_its_own_by_sql(connection: Connection, run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/system_cancel_query"""
    query_id = _begun(connection, ENDLESS)
    assert _state(connection, query_id) == "RUNNING"
    cancel = f"SELECT SYSTEM$CANCEL_QUERY('{query_id}')"
    assert run(cancel) == [(f"query [{query_id}] terminated.",)]
    assert _wait_for(connection, query_id) == "FAILED_WITH_ERROR"
    cursor = connection.cursor()
    with pytest.raises(snowflake.connector.errors.ProgrammingError, match="canceled") as caught:
        cursor.get_results_from_sfqid(query_id)
        cursor.fetchall()
    assert caught.value.errno == 604
    assert run(cancel) == [(NOT_RUNNING,)]
    assert run("SELECT SYSTEM$CANCEL_QUERY(?)", "unknown") == [(NOT_RUNNING,)]


def test_the_connector_aborts_a_query_by_its_id(connection: Connection, run: Run) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    query_id = _begun(connection, ENDLESS)
    assert connection.cursor().abort_query(query_id) is True
    assert _wait_for(connection, query_id) == "FAILED_WITH_ERROR"
    assert connection.cursor().abort_query(query_id) is False
    assert run("SELECT 1") == [(1,)]


def test_only_the_query_that_is_named_is_cancelled(connection: Connection, run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/system_cancel_query"""
    run("CREATE OR REPLACE TABLE t (id INT)")
    endless = _begun(connection, ENDLESS)
    cancelled = _begun(connection, "INSERT INTO t VALUES (1)")
    kept = _begun(connection, "INSERT INTO t VALUES (2)")
    if _state(connection, cancelled) != "RUNNING":
        pytest.skip("here the statements of a session do not follow one another")
    assert connection.cursor().abort_query(cancelled) is True
    assert _state(connection, endless) == "RUNNING"
    assert connection.cursor().abort_query(endless) is True
    assert _wait_for(connection, cancelled) == "FAILED_WITH_ERROR"
    assert _wait_for(connection, kept) == "SUCCESS"
    assert run("SELECT id FROM t") == [(2,)]


def test_snowpark_cancels_a_job_and_all_of_a_session(session: Session) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest/snowpark/api/snowflake.snowpark.AsyncJob.cancel"""
    job = session.sql(ENDLESS).collect_nowait()
    assert not job.is_done()
    job.cancel()
    with pytest.raises(Exception, match="canceled"):
        job.result()
    jobs = [session.sql(ENDLESS).collect_nowait() for _ in range(2)]
    session.cancel_all()
    for each in jobs:
        with pytest.raises(Exception, match="canceled"):
            each.result()
    assert session.sql("SELECT 1").collect() == [(1,)]


def test_another_session_is_cancelled_with_all_its_queries(
    account: AccountProcess, connection: Connection, run: Run
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/system_cancel_all_queries"""
    with account.connect() as other, ThreadPoolExecutor(1) as pool:
        running = _begun(other, ENDLESS)
        answer = run(f"SELECT SYSTEM$CANCEL_ALL_QUERIES({other.session_id})")
        assert answer == [("1 cancelled.",)]
        assert pool.submit(_wait_for, other, running).result() == "FAILED_WITH_ERROR"
        answer = run(f"SELECT SYSTEM$CANCEL_ALL_QUERIES({other.session_id})")
        assert answer == [("0 cancelled.",)]
        assert other.cursor().execute("SELECT 1").fetchall() == [(1,)]


def test_a_call_is_cancelled_by_its_id_and_undone(connection: Connection, run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/system_cancel_query"""
    run("CREATE OR REPLACE TABLE begun (id INT)")
    run(
        f"CREATE OR REPLACE PROCEDURE nap() RETURNS INT {PYTHON} EXECUTE AS CALLER AS $$\n"
        "import time\n"
        "def run(session):\n"
        "    session.begin_transaction()\n"
        "    session.sql('INSERT INTO begun VALUES (1)').collect()\n"
        "    time.sleep(60)\n"
        "$$"
    )
    query_id = _begun(connection, "CALL nap()")
    assert connection.cursor().abort_query(query_id) is True
    assert _wait_for(connection, query_id) == "FAILED_WITH_ERROR"
    assert run("SELECT id FROM begun") == []


def test_a_cursor_is_cancelled_from_another_thread(
    account: AccountProcess, connection: Connection, run: Run
) -> None:
    """https://docs.snowflake.com/en/user-guide/querying-cancel-statements"""
    with beside(lambda: failure(run, ENDLESS)) as failing, account.connect() as other:
        cancel = f"SELECT SYSTEM$CANCEL_ALL_QUERIES({connection.session_id})"
        deadline = time.monotonic() + 30
        # It may not have begun yet.
        while other.cursor().execute(cancel).fetchall() == [("0 cancelled.",)]:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        number, text = failing.result(timeout=30)
    assert (number, "canceled" in text) == (604, True)
    assert run("SELECT 1") == [(1,)]


def test_a_statement_that_is_waited_for_has_a_status_too(
    account: AccountProcess, connection: Connection
) -> None:
    """On 98a12a8 it had none while it ran, and none when it had failed.
    https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example"""
    cursor = connection.cursor()
    with pytest.raises(snowflake.connector.errors.ProgrammingError) as raised:
        cursor.execute("SELECT no_such_column")
    assert raised.value.sfqid
    assert _state(connection, raised.value.sfqid) == "FAILED_WITH_ERROR"
    cursor.execute("SELECT 1")
    assert cursor.sfqid
    assert _state(connection, cursor.sfqid) == "SUCCESS"
