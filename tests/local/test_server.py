"""The HTTP face: whatever a client sends, it gets an answer that it does not repeat."""

import gzip
import json
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import snowflake.connector

from tests.conftest import RunningAccount


def post(
    account: RunningAccount, path: str, body: bytes, **headers: str
) -> tuple[int, dict[str, Any]]:
    """Status and JSON of a POST."""
    request = urllib.request.Request(
        f"http://{account.host}:{account.port}{path}",
        data=body,
        headers={"Content-Type": "application/json", **headers},
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, {}


def token(account: RunningAccount) -> str:
    body = json.dumps({"data": {"LOGIN_NAME": "tester", "PASSWORD": "x"}}).encode()
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
}


@pytest.mark.parametrize("body", _BODIES.values(), ids=_BODIES.keys())
def test_a_malformed_statement_is_an_sql_error(account: RunningAccount, body: bytes) -> None:
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
    [b"{", b"[]", gzip.compress(b"{}", mtime=0)[:-9]],
    ids=["cut off", "no object", "broken gzip"],
)
def test_a_malformed_request_gets_an_answer(
    account: RunningAccount, path: str, body: bytes
) -> None:
    encoding = {"Content-Encoding": "gzip"} if body[:1] == b"\x1f" else {}
    status, answer = post(account, path, body, **encoding)
    assert status == 200
    assert "success" in answer


def test_a_wrong_token_is_told_so_at_once(account: RunningAccount) -> None:
    body = b'{"sqlText": "select 1"}'
    for header in ({}, {"Authorization": 'Snowflake Token="wrong"'}):
        status, answer = post(account, "/queries/v1/query-request", body, **header)
        assert (status, answer["success"], answer["code"]) == (200, False, "390104")


def test_a_client_whose_session_is_gone_fails_and_does_not_retry(account: RunningAccount) -> None:
    connection = account.connect()
    connection.rest._token = "wrong"
    started = time.monotonic()
    with pytest.raises(snowflake.connector.errors.Error):
        connection.cursor().execute("select 1")
    assert time.monotonic() - started < 10
    connection.rest._token = None
    connection.close()


def test_an_unknown_address_is_not_found(account: RunningAccount) -> None:
    status, _ = post(account, "/nothing", b"{}")
    assert status == 404


def test_sessions_keep_their_places_apart(account: RunningAccount, database: str) -> None:
    with account.connect(database=database, schema="PUBLIC") as one, account.connect() as other:
        assert one.cursor().execute("select current_database()").fetchone() == (database,)
        assert other.cursor().execute("select current_database()").fetchone() == (None,)


def test_a_request_that_comes_twice_is_carried_out_once(
    account: RunningAccount, database: str
) -> None:
    """The connector repeats a request whose answer was lost, under its id."""
    headers = {"Authorization": token(account)}

    def send(sql: str, request_id: str) -> dict[str, Any]:
        path = f"/queries/v1/query-request?requestId={request_id}"
        status, answer = post(account, path, json.dumps({"sqlText": sql}).encode(), **headers)
        assert (status, answer["success"]) == (200, True), answer
        return dict(answer["data"])

    send(f"create table {database}.public.t (n int)", "first")
    insert = f"insert into {database}.public.t select 1 from table(generator(rowcount => 3000))"
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: send(insert, "second"), range(3)))
    assert [each["rowset"] for each in answers] == [[["3000"]]] * 3
    assert len({each["queryId"] for each in answers}) == 1
    send(insert, "third")
    with account.connect() as connection:
        count = connection.cursor().execute(f"select count(*) from {database}.public.t")
        assert count.fetchone() == (6000,)
