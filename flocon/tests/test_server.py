"""The HTTP face: whatever a client sends, it gets an answer that it does not repeat."""

import contextlib
import gzip
import json
import socket
import time
import urllib.error
import urllib.request
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector
from accounts import new_account
from conformance.procedure_shared import PYTHON
from conformance.test_cancellation import ENDLESS
from flocon.account import Account
from flocon.session.session import Session
from snowflake.cli.api.rest_api import CannotDetermineCreateURLException, RestApi

import flocon
from flocon import AccountProcess


def post(
    account: AccountProcess, path: str, body: bytes, seconds: float = 60, **headers: str
) -> tuple[int, dict[str, Any]]:
    """Status and JSON of a POST."""
    request = urllib.request.Request(
        f"http://{account.host}:{account.port}{path}",
        data=body,
        headers={"Content-Type": "application/json", **headers},
    )
    try:
        with urllib.request.urlopen(request, timeout=seconds) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, {}


def token(account: AccountProcess) -> str:
    body = json.dumps({"data": {"LOGIN_NAME": account.user, "PASSWORD": "x"}}).encode()
    _, answer = post(account, "/session/v1/login-request", body)
    return f'Snowflake Token="{answer["data"]["token"]}"'


_BODIES = {
    "empty": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "no statement": b"{}",
    "a number for a statement": b'{"sqlText": 5}',
    "a bind without a value": b'{"sqlText": "select ?", "bindings": {"1": {"type": "TEXT"}}}',
    "a bind of no type": b'{"sqlText": "select ?", "bindings": {"1": {"value": "1"}}}',
    "a bind at no place": b'{"sqlText": "select ?", "bindings": {"x": {"type": "T", "value": 1}}}',
    "a number that is none": (
        b'{"sqlText": "select ?", "bindings": {"1": {"type": "FIXED", "value": "abc"}}}'
    ),
    "a moment past the end of time": (
        b'{"sqlText": "select ?",'
        b' "bindings": {"1": {"type": "TIMESTAMP_NTZ", "value": "999999999999999999999"}}}'
    ),
    "not UTF-8": b'{"sqlText": "\xff"}',
    "nested without end": b"[" * 100_000,
    "a number of 5,000 digits": b'{"sqlText": ' + b"9" * 5_000 + b"}",
    "binds in a list": b'{"sqlText": "select ?", "bindings": [1]}',
    "a bind of a type that is no text": (
        b'{"sqlText": "select ?", "bindings": {"1": {"type": 5, "value": "1"}}}'
    ),
    "parameters that are none": b'{"sqlText": "select 1", "parameters": "x"}',
    "lone surrogates": b'{"sqlText": "select \'\\ud800\'"}',
    "NUL characters": b'{"sqlText": "select \\u0000"}',
}


@pytest.mark.parametrize("body", _BODIES.values(), ids=_BODIES.keys())
def test_a_malformed_statement_is_an_sql_error(account: AccountProcess, body: bytes) -> None:
    """HTTP 500 makes the connector try again for minutes."""
    status, answer = post(
        account, "/queries/v1/query-request?requestId=1", body, Authorization=token(account)
    )
    assert status == 200
    assert answer["success"] is False
    assert len(answer["code"]) == 6


@pytest.mark.parametrize(
    "path", ["/session/v1/login-request", "/queries/v1/abort-request", "/queries/v1/query-request"]
)
@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b'{"a":' * 5000, b'{"a": "\xff"}', gzip.compress(b"{}", mtime=0)[:-9]],
    ids=["cut off", "no object", "nested beyond measure", "not UTF-8", "broken gzip"],
)
def test_a_malformed_request_gets_an_answer(
    account: AccountProcess, path: str, body: bytes
) -> None:
    encoding = {"Content-Encoding": "gzip"} if body[:1] == b"\x1f" else {}
    status, answer = post(account, path, body, **encoding)
    assert status == 200
    assert "success" in answer


def test_a_request_in_two_gzip_members_is_one(account: AccountProcess) -> None:
    login = b'{"data": {"LOGIN_NAME": "LOCAL"}}'
    halves = gzip.compress(login[:11], mtime=0) + gzip.compress(login[11:], mtime=0)
    for body, encoding in ((login, {}), (halves, {"Content-Encoding": "gzip"})):
        status, answer = post(account, "/session/v1/login-request", body, **encoding)
        assert (status, answer["success"]) == (200, True), answer


def test_a_wrong_token_is_told_so_at_once(account: AccountProcess) -> None:
    body = b'{"sqlText": "select 1"}'
    for header in ({}, {"Authorization": 'Snowflake Token="wrong"'}):
        status, answer = post(account, "/queries/v1/query-request", body, **header)
        assert (status, answer["success"], answer["code"]) == (200, False, "390104")


def test_a_client_whose_session_is_gone_fails_and_does_not_retry(account: AccountProcess) -> None:
    connection = account.connect()
    connection.rest._token = "wrong"
    started = time.monotonic()
    with pytest.raises(snowflake.connector.errors.Error):
        connection.cursor().execute("select 1")
    assert time.monotonic() - started < 60
    connection.rest._token = None
    connection.close()


def test_an_unknown_address_is_not_found(account: AccountProcess) -> None:
    assert post(account, "/nothing", b"{}")[0] == 404
    assert post(account, "/queries/v1/query-request/more", b"{}")[0] == 404
    assert post(account, "/queries/x/result", b"{}")[0] == 405


@pytest.mark.parametrize(
    ("bytes_sent", "answer"),
    [
        (b"no HTTP at all\r\n\r\n", b"HTTP/1.1 400 "),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 200_000, b"HTTP/1.1 400 "),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\n" + b"X: y\r\n" * 40_000, b"HTTP/1.1 400 "),
        (
            b"POST /session HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
            b"HTTP/1.1 400 ",
        ),
    ],
    ids=["no HTTP", "a header of 200 KB", "40,000 headers", "a negative length"],
)
def test_what_is_no_http_is_refused_and_harms_nobody(
    account: AccountProcess, bytes_sent: bytes, answer: bytes
) -> None:
    with socket.create_connection((account.host, account.port), timeout=60) as raw:
        # It may hang up before it has read all of it.
        with contextlib.suppress(ConnectionError):
            raw.sendall(bytes_sent)
        with contextlib.suppress(ConnectionError):
            assert raw.recv(64).startswith(answer)
    with account.connect() as connection:
        assert connection.cursor().execute("SELECT 1").fetchone() == (1,)


def test_trailers_without_an_end_are_refused_and_harm_nobody(account: AccountProcess) -> None:
    head = (
        "POST /queries/v1/query-request HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: {token(account)}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
    )
    with socket.create_connection((account.host, account.port), timeout=60) as raw:
        raw.sendall(head.encode())
        with pytest.raises(ConnectionError):
            for _ in range(100_000):
                raw.sendall(b"X: y\r\n" * 1_000)
    with account.connect() as connection:
        assert connection.cursor().execute("SELECT 1").fetchone() == (1,)


def test_a_long_body_and_the_next_request_come_on_one_connection(account: AccountProcess) -> None:
    sql = f"SELECT {'1' * 20} /* {'x' * 300_000} */"
    body = json.dumps({"sqlText": sql, "sequenceId": 1}).encode()
    head = (
        "POST /queries/v1/query-request HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: {token(account)}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    with socket.create_connection((account.host, account.port), timeout=60) as raw:
        raw.sendall((head + body) * 3)
        answers = b""
        while answers.count(b"HTTP/1.1 200 ") < 3:
            got = raw.recv(65536)
            assert got, answers
            answers += got


def test_a_client_that_hangs_up_in_mid_request_harms_nobody(account: AccountProcess) -> None:
    head = (
        "POST /queries/v1/query-request HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: {token(account)}\r\n"
    )
    with socket.create_connection((account.host, account.port), timeout=60) as raw:
        raw.sendall(f'{head}Content-Length: 1000\r\n\r\n{{"sqlText": "sel'.encode())
    with account.connect() as connection:
        assert connection.cursor().execute("SELECT 1").fetchone() == (1,)


def test_a_session_that_has_ended_answers_nothing(account: AccountProcess) -> None:
    ended = token(account)
    assert post(account, "/session?delete=true", b"", Authorization=ended)[1]["success"] is True
    for path in ("/queries/v1/query-request", "/session/heartbeat", "/queries/v1/abort-request"):
        _, answer = post(account, path, b'{"sqlText": "select 1"}', Authorization=ended)
        assert (answer["success"], answer["code"]) == (False, "390104")
    # To end it once more is as good as to have ended it.
    assert post(account, "/session?delete=true", b"", Authorization=ended)[1]["success"] is True


def test_no_session_cancels_the_statement_of_another(account: AccountProcess) -> None:
    own, foreign = token(account), token(account)
    rows = "table(generator(rowcount => 10000000))"
    slow = f'{{"sqlText": "select count(*) from {rows} a, {rows} b"}}'.encode()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(
            post, account, "/queries/v1/query-request?requestId=slow", slow, Authorization=own
        )
        abort = b'{"requestId": "slow"}'
        for _ in range(5):
            post(account, "/queries/v1/abort-request", abort, Authorization=foreign)
            with pytest.raises(TimeoutError):
                running.result(0.02)
        # It may not have begun yet, so it is cancelled until it ends.
        while not running.done():
            post(account, "/queries/v1/abort-request", abort, Authorization=own)
        assert running.result()[1]["code"] == "000604"


def test_an_internal_error_is_final_for_the_client_and_explained_to_the_operator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No client waits in a retry loop: the statement comes once, and fails with 300001."""
    asked: list[str] = []

    def broken(_: object, sql: str = "", *__: Any, **___: Any) -> None:
        asked.append(sql)
        raise AssertionError("a bug of the account's own")

    # In this very process, so that a fault can be put into it.
    with flocon.Account(tmp_path) as running, running.connect() as connection:
        with monkeypatch.context() as fault:
            fault.setattr(Session, "execute", broken)
            with pytest.raises(snowflake.connector.errors.ProgrammingError) as error:
                connection.cursor().execute("SELECT 1\nFROM t WHERE password = 'x'")
        assert error.value.errno == 300001
        assert "Traceback" not in str(error.value)
        assert asked == ["SELECT 1\nFROM t WHERE password = 'x'"]
        assert connection.cursor().execute("SELECT 1").fetchone() == (1,)
        with monkeypatch.context() as fault:
            fault.setattr(Account, "open_session", broken)
            with pytest.raises(snowflake.connector.errors.DatabaseError, match="a bug of"):
                running.connect()
    assert caplog.messages == [
        "internal error in: SELECT 1 FROM t WHERE password = '****'",
        "internal error in: POST /session/v1/login-request",
    ]
    assert caplog.text.count("Traceback (most recent call last)") == 2


# --- requests that come twice --------------------------------------------------------------------


def _twice(
    account: AccountProcess, authorization: str, **body: Any
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The answers to a request that is sent again under its id."""
    path = f"/queries/v1/query-request?requestId={uuid.uuid4()}"
    document = json.dumps(body).encode()
    with ThreadPoolExecutor(2) as pool:
        asked = [
            pool.submit(post, account, path, document, Authorization=authorization)
            for _ in range(2)
        ]
        (_, first), (_, second) = (each.result() for each in asked)
    _, third = post(account, path, document, Authorization=authorization)
    assert third == first
    return first, second


def test_a_request_that_comes_again_is_carried_out_once(
    account: AccountProcess, database: str
) -> None:
    """Whatever its answer is. On 98a12a8 one with many rows, or asynchronous, was run again.
    Source: the connector's network.py, which repeats a POST with its requestId and a retryCount."""
    own = token(account)

    def rows(sql: str, **more: Any) -> list[Any]:
        first, second = _twice(account, own, sqlText=sql, **more)
        assert first == second
        return [first["success"], first["code"], first["data"].get("rowset")]

    with account.connect(database=database, schema="PUBLIC") as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE TABLE calls (n INT)")
        cursor.execute(
            f"CREATE PROCEDURE many() RETURNS VARCHAR {PYTHON} EXECUTE AS CALLER AS $$\n"
            "def run(session):\n"
            f"    session.sql('INSERT INTO {database}.public.calls VALUES (1)').collect()\n"
            "    return 'x' * 100_000\n"
            "$$"
        )
        count = f"SELECT COUNT(*) FROM {database}.public.calls"
        assert rows(f"INSERT INTO {database}.public.calls VALUES (2)") == [True, None, [["1"]]]
        assert cursor.execute(count).fetchall() == [(1,)]
        assert rows(f"CALL {database}.public.many()")[0] is True
        assert cursor.execute(count).fetchall() == [(2,)]
        assert rows("SELECT no_such_column")[:2] == [False, "000904"]
        path = f"/queries/v1/query-request?requestId={uuid.uuid4()}"
        later = {"sqlText": f"INSERT INTO {database}.public.calls VALUES (3)", "asyncExec": True}
        answers = [
            post(account, path, json.dumps(later).encode(), Authorization=own)[1] for _ in range(2)
        ]
        assert answers[0] == answers[1]
        assert answers[0]["code"] == "333334"
        result = f"/queries/{answers[0]['data']['queryId']}/result"
        assert connection.rest is not None
        answer = connection.rest.request(result, method="get")
        assert answer["data"].get("rowset") == [["1"]], answer
        assert cursor.execute(count).fetchall() == [(3,)]


# --- the end -------------------------------------------------------------------------------------


def test_sigterm_in_the_middle_of_statements_is_answered_and_leaves_no_traceback(
    tmp_path: Path,
) -> None:
    """A client hears HTTP 503, which the connector takes as "ask again", not 500, and
    the log has no traceback. What was not committed is undone."""
    stopped = new_account(tmp_path, forked=True)
    stopped.start()
    napping = tmp_path / "napping"
    with stopped.connect() as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE DATABASE d")
        cursor.execute("CREATE TABLE t AS SELECT 1 AS a")
        cursor.execute(
            f"CREATE PROCEDURE nap() RETURNS INT {PYTHON} EXECUTE AS CALLER AS $$\n"
            "import time\n"
            "def run(session):\n"
            "    session.begin_transaction()\n"
            "    session.sql('UPDATE d.public.t SET a = a + 1').collect()\n"
            f"    open({str(napping)!r}, 'w').close()\n"
            "    time.sleep(600)\n"
            "$$"
        )
    # The endless one takes all cores: the procedure would begin too late beside it.
    statements = ["CALL d.public.nap()", ENDLESS]
    onlooker = token(stopped)
    with ThreadPoolExecutor(len(statements)) as pool:
        asked = []
        deadline = time.monotonic() + 120
        for sql in statements:
            asked.append(pool.submit(_asks, stopped, token(stopped), sql))
            while _running_queries(stopped, onlooker) < len(asked) or not napping.exists():
                assert time.monotonic() < deadline
                time.sleep(0.02)
        assert stopped.stop() == 0
        assert [each.result(60) for each in asked] == [503, 503]
    assert "Traceback" not in stopped.log()
    stopped.start()
    with stopped.connect() as connection:
        assert connection.cursor().execute("SELECT a FROM d.public.t").fetchall() == [(1,)]
    stopped.stop()


def _asks(account: AccountProcess, authorization: str, sql: str) -> int:
    """The HTTP status of a statement's answer."""
    path = f"/queries/v1/query-request?requestId={uuid.uuid4()}"
    body = json.dumps({"sqlText": sql}).encode()
    return post(account, path, body, 200, Authorization=authorization)[0]


def _running_queries(account: AccountProcess, authorization: str) -> int:
    request = urllib.request.Request(
        f"http://{account.host}:{account.port}/local/state",
        headers={"Authorization": authorization},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        return int(json.loads(response.read())["data"]["running queries"])


def test_the_cli_says_itself_that_it_creates_no_objects_here(
    account: AccountProcess, database: str
) -> None:
    """`snow object create` goes by the REST API, which the account has not. It looks for that in
    the current database; without an answer there it would say that the database is missing."""
    with (
        account.connect(database=database, schema="PUBLIC") as connection,
        pytest.raises(CannotDetermineCreateURLException, match=r"Try using `sql -q 'CREATE"),
    ):
        RestApi(connection).determine_url_for_create_query(object_type="schema")
    with account.connect(database="NOWHERE") as connection:
        assert not RestApi(connection)._database_exists("NOWHERE")
