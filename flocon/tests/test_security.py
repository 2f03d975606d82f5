"""Who gets in, and what of it is seen: passwords, tokens, addresses, the log of statements."""

import fcntl
import gzip
import http.client
import json
import logging
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import snowflake.connector
from accounts import new_account
from flocon.__main__ import main
from flocon.account import Account
from flocon.core.errors import SnowflakeError
from flocon.http import statement_log
from flocon.http.logins import Credentials, Logins

from flocon import AccountProcess

PASSWORD = "corked n°5"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AccountProcess]:
    """An account with a password, small limits and a log of statements, open to all addresses."""
    folder = tmp_path_factory.mktemp("guarded")
    (folder / "password").write_text(f"{PASSWORD}\n", encoding="utf-8")
    running = new_account(folder)
    running.options = [
        *("--host", "0.0.0.0", "--user", "Sommelier", "--password-file", str(folder / "password")),
        *("--max-request-mb", "0.5", "--idle-minutes", "0.05", "--log-statements"),
    ]
    running.user, running.password = "sommelier", PASSWORD
    with running:
        with running.connect() as connection:
            connection.cursor().execute("CREATE DATABASE d")
        yield running


def request(
    account: AccountProcess,
    path: str,
    body: bytes = b"{}",
    method: str = "POST",
    token: str = "",
    **headers: str,
) -> tuple[int, dict[str, Any]]:
    """Status and JSON of a request."""
    connection = http.client.HTTPConnection(account.host, account.port, timeout=20)
    if token:
        headers["Authorization"] = f'Snowflake Token="{token}"'
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def test_an_address_open_to_others_needs_a_password(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    code = main(["--host", "0.0.0.0", "--port", "0", "--data", str(tmp_path / "data")])
    assert code == 2
    assert capfd.readouterr().err == (
        "flocon: 0.0.0.0 is open to other machines: set a password, or listen on 127.0.0.1\n"
    )
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("content", [None, b"", b"\nsecond line", b"\xff"])
def test_a_password_file_without_a_password_is_wrong_use(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], content: bytes | None
) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    assert main(["--password-file", str(file), "--data", str(tmp_path / "data")]) == 2
    told = capfd.readouterr().err
    assert told.startswith(f"flocon: no password in {file}: ")
    assert told.count("\n") == 1


def test_the_password_of_the_environment_is_taken_out_of_it(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With it the address is no objection; an account that has the folder is the next one."""
    monkeypatch.setenv("FLOCON_PASSWORD", PASSWORD)
    with (tmp_path / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert main(["--host", "0.0.0.0", "--port", "0", "--data", str(tmp_path)]) == 1
    assert "in use by another account" in capfd.readouterr().err
    assert "FLOCON_PASSWORD" not in os.environ


def test_the_right_password_opens_and_a_wrong_one_does_not(guarded: AccountProcess) -> None:
    """390100 is Snowflake's; the connector puts its own number around a failed login."""
    with guarded.connect(database="D", schema="PUBLIC") as connection:
        assert connection.cursor().execute("SELECT current_user()").fetchone() == ("SOMMELIER",)
    for wrong in ({"password": "corked"}, {"user": "albert"}, {"password": f"{PASSWORD} "}):
        with pytest.raises(
            snowflake.connector.errors.DatabaseError,
            match="Incorrect username or password was specified",
        ):
            guarded.connect(**wrong)
    body = json.dumps({"data": {"LOGIN_NAME": "sommelier", "PASSWORD": "x"}}).encode()
    status, answer = request(guarded, "/session/v1/login-request", body)
    assert (status, answer["success"], answer["code"]) == (200, False, "390100")
    assert answer["data"]["sqlState"] == "08001"


def test_users_and_passwords_are_compared_whole() -> None:
    asked = Credentials("albert", "pässword")
    asked.check("ALBERT", "pässword")
    for user, password in (("albert", "pässwor"), ("alber", "pässword"), ("", ""), ("\ud800", "x")):
        with pytest.raises(SnowflakeError) as error:
            asked.check(user, password)
        assert error.value.errno == 390100
    assert "pässword" not in repr(asked)
    Credentials().check("anyone", "anything")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/queries/v1/query-request?requestId=1"),
        ("POST", "/queries/v1/abort-request"),
        ("POST", "/session/heartbeat"),
        ("POST", "/session/token-request"),
        ("POST", "/telemetry/send"),
        ("GET", "/queries/8f0f/result"),
        ("GET", "/monitoring/queries/8f0f"),
        ("GET", "/local/state"),
    ],
)
def test_without_a_token_nothing_is_answered(
    guarded: AccountProcess, method: str, path: str
) -> None:
    body = b'{"sqlText": "select 1"}'
    for token in ("", "wrong", "é"):
        status, answer = request(guarded, path, body, method, token)
        assert (status, answer["success"], answer["code"]) == (200, False, "390104")


def test_a_procedure_runs_where_a_password_is_needed_and_does_not_see_it(
    guarded: AccountProcess,
) -> None:
    with guarded.connect(database="D", schema="PUBLIC") as connection:
        cursor = connection.cursor()
        cursor.execute(
            "CREATE PROCEDURE seen() RETURNS VARCHAR LANGUAGE PYTHON RUNTIME_VERSION = '3.11'"
            " PACKAGES = ('snowflake-snowpark-python') HANDLER = 'run' AS $$\n"
            "import os\n"
            "def run(session):\n"
            "    user = session.sql('select current_user()').collect()[0][0]\n"
            "    return user + ' ' + str(sorted(k for k in os.environ if 'PASSWORD' in k))\n"
            "$$"
        )
        assert cursor.execute("CALL seen()").fetchone() == ("SOMMELIER []",)


def test_a_procedures_pass_is_good_for_one_login_which_ends_with_its_call(tmp_path: Path) -> None:
    """Also where the call was killed and its process never logs out: nothing is kept of it."""
    account = Account(tmp_path)
    try:
        session = account.open_session(user="ALBERT")
        logins = Logins(account.sessions)
        tokens = []
        for _ in range(2):
            password = account.sessions.issue_pass(session.id)
            assert account.sessions.redeem_pass(password) is session
            assert account.sessions.redeem_pass(password) is None
            tokens.append(logins.open(session, password))
            assert logins.find(tokens[-1]).session is session
            account.sessions.withdraw_pass(password)
        assert len(logins) == 2
        with pytest.raises(SnowflakeError) as error:
            logins.find(tokens[0])
        assert error.value.errno == 390104
        logins.sweep()
        assert (len(logins), account.stores.state()["passes"]) == (0, 0)
        assert session.execute("SELECT 1").rows() == [(1,)]
    finally:
        account.close()


def test_a_request_too_large_is_refused_at_once(guarded: AccountProcess) -> None:
    """413 is Snowflake's answer, too; the connector does not repeat it."""
    with (
        guarded.connect() as connection,
        pytest.raises(snowflake.connector.errors.Error, match="413"),
    ):
        connection.cursor().execute("SELECT ?", (os.urandom(400_000).hex(),))
    bomb = gzip.compress(b'{"sqlText": "' + b" " * 50_000_000 + b'"}')
    assert len(bomb) < 100_000
    with guarded.connect() as connection:
        assert connection.rest is not None
        token = str(connection.rest.token)
        path = "/queries/v1/query-request?requestId=2"
        encoded = {"Content-Encoding": "gzip"}
        status, answer = request(guarded, path, bomb, token=token, **encoded)
        assert (status, answer["message"]) == (413, "The request is larger than 0.5 MB.")
        assert request(guarded, path, b" " * 1_000_000, token=token)[0] == 413
        login = gzip.compress(b" " * 9_000_000)
        assert request(guarded, "/session/v1/login-request", login, **encoded)[0] == 413
        # Its session is none the worse for it.
        assert connection.cursor().execute("SELECT 1").fetchone() == (1,)


def test_a_silent_client_is_logged_out_and_told_so(guarded: AccountProcess) -> None:
    """Snowflake's session ends after four hours; this account's after three seconds."""
    silent = guarded.connect(database="D", schema="PUBLIC")
    silent.cursor().execute("CREATE TEMPORARY TABLE mine (id INT)")
    with guarded.connect() as watching:
        assert watching.rest is not None
        token = str(watching.rest.token)
        logins = request(guarded, "/local/state", method="GET", token=token)[1]["data"]["logins"]
        assert logins >= 2
        for _ in range(400):
            state = request(guarded, "/local/state", method="GET", token=token)[1]["data"]
            left = state["logins"], state["sessions"], state["passes"]
            if left == (1, 1, 0):
                break
            time.sleep(0.05)
        assert left == (1, 1, 0)
    with pytest.raises(snowflake.connector.errors.ProgrammingError) as error:
        silent.cursor().execute("SELECT 1")
    assert error.value.errno == 390114
    silent.close()


def test_a_web_page_with_a_name_of_its_own_is_not_served(account: AccountProcess) -> None:
    """DNS rebinding: a page's script reaches this machine under the page's host name."""
    for host, status in (("evil.example", 421), ("localhost", 200), ("127.0.0.1", 200)):
        answered, answer = request(account, "/session/v1/login-request", Host=host)
        assert (answered, answer["success"]) == (status, status == 200)


def test_each_statement_has_one_line_without_its_values(guarded: AccountProcess) -> None:
    with guarded.connect(database="D", schema="PUBLIC") as connection:
        cursor = connection.cursor()
        cursor.execute("CREATE OR REPLACE TABLE t (id INT,\n\n  v VARCHAR)")
        cursor.execute("INSERT INTO t VALUES (?, ?)", (1, "a private value"))
        cursor.executemany("INSERT INTO t VALUES (?, ?)", [(2, "secret 2"), (3, "secret 3")])
        cursor.execute("SELECT * FROM t")
        for sql in ("SELECT * FROM missing", "CREATE USER u PASSWORD = 'it''s hidden'"):
            with pytest.raises(snowflake.connector.errors.ProgrammingError):
                cursor.execute(sql)
        session = f"{cursor.execute('SELECT current_session()').fetchone()[0]}"[:8]
    lines = [
        re.sub(r"[\d.]+ ms", "… ms", line.partition(" INFO ")[2])
        for line in guarded.log().splitlines()
        if f" {session} " in line
    ]
    assert lines[-7:-1] == [
        f"{session} SOMMELIER … ms 1 rows ok CREATE OR REPLACE TABLE t (id INT, v VARCHAR)",
        f"{session} SOMMELIER … ms 1 rows ok INSERT INTO t VALUES (?, ?)",
        f"{session} SOMMELIER … ms 2 rows ok INSERT INTO t VALUES (?, ?)",
        f"{session} SOMMELIER … ms 3 rows ok SELECT * FROM t",
        f"{session} SOMMELIER … ms - rows 002003 SELECT * FROM missing",
        f"{session} SOMMELIER … ms - rows 000002 CREATE USER u PASSWORD = '****'",
    ]
    for secret in ("a private value", "secret 2", "hidden", PASSWORD):
        assert secret not in guarded.log()


@pytest.mark.parametrize(
    ("sql", "line"),
    [
        ("select\n\t1 --\x1b[31m x", "select 1 --�[31m x"),
        ("alter x set api_token='a''b\\'c' y", "alter x set api_token='****' y"),
        ("x(secret_string => $$a\nb$$)", "x(secret_string => '****')"),
        ("set password = 'cut off", "set password = '****'"),
        ("s" * 600, "s" * 499 + "…"),
        (f"password = '{'p' * 3000}' tail", "password = '****'"),
    ],
)
def test_a_logged_statement_is_one_harmless_line(sql: str, line: str) -> None:
    assert statement_log.one_line(sql) == line


def test_a_fault_is_logged_with_its_statement_and_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.ERROR):
        try:
            raise KeyError("lost")
        except KeyError as error:
            statement_log.fault(error, "SELECT 1\nFROM t WHERE password = 'x'")
    assert caplog.messages == ["internal error in: SELECT 1 FROM t WHERE password = '****'"]
    assert "KeyError: 'lost'" in caplog.text
