"""Many who wait, and one whom they wait for; whose a query is."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector
import uvicorn
from accounts import new_account
from conformance.shared import beside, still_waits
from conformance.test_cancellation import ENDLESS
from flocon.account import Account
from flocon.http import protocol
from flocon.http.app import App
from flocon.http.threads import Threads
from snowflake.connector import SnowflakeConnection
from snowflake.connector.constants import QueryStatus

from flocon import AccountProcess

_THREADS = 3


@pytest.fixture
def small(tmp_path: Path) -> Iterator[AccountProcess]:
    """An account with few threads for statements, and little patience."""
    listener = socket.create_server(("127.0.0.1", 0))
    running = new_account(tmp_path, port=listener.getsockname()[1])
    opened = Account(tmp_path / "data", running.host, running.port)
    asked = App(opened, threads=Threads(_THREADS), patience=0.5)
    config = uvicorn.Config(asked.routed(), log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=[[listener]], daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    with running.connect() as connection:
        connection.cursor().execute("CREATE DATABASE d")
        connection.cursor().execute("CREATE TABLE t AS SELECT 1::INT AS a")
    yield running
    server.should_exit = True
    thread.join()
    asked.close()
    opened.close()


def test_more_waiting_statements_than_threads_keep_nobody_from_committing(
    small: AccountProcess,
) -> None:
    """On 7427901 the owner of the lock was undone for being silent (090236): its own COMMIT had
    to wait for a thread."""
    place = {"database": "D", "schema": "PUBLIC"}
    waiting = [small.connect(**place) for _ in range(2 * _THREADS)]
    with small.connect(**place) as owner, ThreadPoolExecutor(len(waiting)) as pool:
        owner.cursor().execute("BEGIN")
        owner.cursor().execute("UPDATE t SET a = a + 1")
        asked = [pool.submit(other.cursor().execute, "UPDATE t SET a = a + 1") for other in waiting]
        # Longer than the account bears a silent owner of a lock that others want.
        until = time.monotonic() + 7
        while time.monotonic() < until:
            owner.cursor().execute("UPDATE t SET a = a + 10")
            time.sleep(1)
        assert not any(each.done() for each in asked)
        owner.cursor().execute("COMMIT")
        for each in asked:
            each.result(60)
        assert owner.cursor().execute("SELECT a FROM t").fetchall()[0][0] % 10 == 8
    for other in waiting:
        other.close()


def test_a_statement_that_takes_long_is_asked_for_again_and_not_sent_again(
    small: AccountProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connector follows 333333 to the answer, as Snowflake has it after 45 seconds."""
    told: list[str] = []
    in_progress = protocol.in_progress

    def counted(query_id: str, **options: bool) -> Any:
        told.append(query_id)
        return in_progress(query_id, **options)

    monkeypatch.setattr(protocol, "in_progress", counted)
    place = {"database": "D", "schema": "PUBLIC"}
    with small.connect(**place) as owner, small.connect(**place) as other:
        owner.cursor().execute("BEGIN")
        owner.cursor().execute("UPDATE t SET a = 5")
        with beside(lambda: other.cursor().execute("UPDATE t SET a = a + 1").fetchall()) as asked:
            deadline = time.monotonic() + 30
            while len(told) < 2:
                assert time.monotonic() < deadline, told
                time.sleep(0.02)
            assert len(set(told)) == 1
            assert still_waits(asked)
            owner.cursor().execute("COMMIT")
            assert asked.result(30) == [(1, 0)]
        assert other.cursor().execute("SELECT a FROM t").fetchall() == [(6,)]


def test_a_statement_that_waits_for_a_thread_can_be_cancelled(small: AccountProcess) -> None:
    place = {"database": "D", "schema": "PUBLIC"}
    waiting = [small.connect(**place) for _ in range(_THREADS)]
    with small.connect(**place) as owner, small.connect(**place) as late:
        owner.cursor().execute("BEGIN")
        owner.cursor().execute("UPDATE t SET a = 5")
        with ThreadPoolExecutor(len(waiting)) as pool:
            asked = [pool.submit(o.cursor().execute, "UPDATE t SET a = 6") for o in waiting]
            time.sleep(0.5)
            cursor = late.cursor()
            cursor.execute_async("UPDATE t SET a = 7")
            owner.cursor().execute(f"SELECT SYSTEM$CANCEL_QUERY('{cursor.sfqid}')")
            owner.cursor().execute("COMMIT")
            for each in asked:
                each.result(60)
        with pytest.raises(snowflake.connector.errors.DatabaseError) as raised:
            late.cursor().get_results_from_sfqid(cursor.sfqid)
            late.cursor().fetchall()
        assert raised.value.errno == 604
        assert owner.cursor().execute("SELECT a FROM t").fetchall() == [(6,)]
    for other in waiting:
        other.close()


# --- whose a query is ----------------------------------------------------------------------------


@pytest.fixture
def stranger(account: AccountProcess, flocon_administrator: Any) -> Iterator[SnowflakeConnection]:
    """Another user, of a role that may do nothing."""
    role = "STRANGER_ROLE"
    flocon_administrator.cursor().execute(f"CREATE ROLE IF NOT EXISTS {role}")
    with account.connect(user="STRANGER", role=role) as opened:
        yield opened
    flocon_administrator.cursor().execute(f"DROP ROLE IF EXISTS {role}")


def refused(ask: Any) -> int:
    with pytest.raises(snowflake.connector.errors.DatabaseError) as raised:
        ask()
    return int(raised.value.errno)


def test_a_query_is_its_users_to_read_watch_and_cancel(
    connection: SnowflakeConnection, stranger: SnowflakeConnection, account: AccountProcess
) -> None:
    """On 7427901 it was anybody's. https://docs.snowflake.com/en/sql-reference/functions/result_scan"""
    cursor = connection.cursor()
    cursor.execute_async("SELECT 'secret' AS told")
    query_id = str(cursor.sfqid)
    while connection.is_still_running(connection.get_query_status(query_id)):
        time.sleep(0.02)

    def fetched(opened: SnowflakeConnection) -> list[Any]:
        reading = opened.cursor()
        reading.get_results_from_sfqid(query_id)
        return reading.fetchall()

    assert stranger.get_query_status(query_id) == QueryStatus.NO_DATA
    answer = stranger.rest.request(f"/queries/{query_id}/result", method="get")
    assert (answer["success"], answer["code"], answer["data"].get("rowsetBase64")) == (
        False,
        "000709",
        None,
    )
    assert (
        refused(
            lambda: stranger.cursor().execute(f"SELECT * FROM TABLE(RESULT_SCAN('{query_id}'))")
        )
        == 709
    )
    assert fetched(connection) == [("secret",)]
    with account.connect() as again:
        assert fetched(again) == [("secret",)]


def test_nobody_else_cancels_a_query_by_its_id(
    connection: SnowflakeConnection, stranger: SnowflakeConnection
) -> None:
    cursor = connection.cursor()
    cursor.execute_async(ENDLESS)
    query_id = str(cursor.sfqid)
    path = f"/queries/{query_id}/abort-request?requestId=00000000-0000-0000-0000-000000000000"

    def abort(opened: SnowflakeConnection) -> bool:
        answer = opened.rest.request(path, {})
        return bool(answer["success"])

    assert abort(stranger) is False
    assert connection.is_still_running(connection.get_query_status(query_id))
    assert abort(connection) is True
    with pytest.raises(snowflake.connector.errors.DatabaseError):
        cursor.get_results_from_sfqid(query_id)
        cursor.fetchall()
