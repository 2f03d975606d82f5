"""`flocon.AccountProcess`: an account that programs start, stop and kill."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from flocon import AccountProcess


@pytest.fixture(params=["started", "forked"])
def account(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[AccountProcess]:
    made = AccountProcess(tmp_path / "account", forked=request.param == "forked")
    yield made
    if made.process is not None and made.process.poll() is None:
        made.kill()


def test_what_was_committed_is_there_after_kill_9_and_on_the_same_port(
    account: AccountProcess,
) -> None:
    with account.start().connect() as connection:
        connection.cursor().execute("CREATE DATABASE d")
        connection.cursor().execute("CREATE TABLE t AS SELECT 1 AS n")
    with pytest.raises(RuntimeError, match="runs already"):
        account.start()
    port = account.port
    account.kill()
    account.start()
    assert account.port == port
    with account.connect(database="D", schema="PUBLIC") as connection:
        assert connection.cursor().execute("SELECT n FROM t").fetchall() == [(1,)]
    assert account.stop() == 0


def test_a_start_that_fails_says_what_the_account_said(account: AccountProcess) -> None:
    account.options = ["--idle-minutes", "never"]
    with pytest.raises(RuntimeError, match="'never' is no positive number"):
        account.start()


def test_an_account_that_was_not_started_cannot_be_stopped(account: AccountProcess) -> None:
    with pytest.raises(RuntimeError, match="has not been started"):
        account.stop()
