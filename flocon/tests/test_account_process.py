"""`flocon.AccountProcess`: an account that programs start, stop and kill."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from shared import shown

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


@pytest.mark.parametrize("forked", [False, True])
def test_it_ends_with_the_program_that_has_started_it(tmp_path: Path, forked: bool) -> None:
    """A test run that was killed left its account behind, for ever."""
    program = (
        "import flocon, signal\n"
        f"account = flocon.AccountProcess({str(tmp_path)!r}, forked={forked}).start()\n"
        "print(account.process.pid, flush=True)\n"
        "signal.pause()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as starter:
        assert starter.stdout
        pid = int(starter.stdout.readline())
        assert is_alive(pid)
        starter.kill()
    deadline = time.monotonic() + 60
    while is_alive(pid):
        assert time.monotonic() < deadline, "the account is still there"
        time.sleep(0.02)
    # It has let go of its folder, and what it had was written.
    AccountProcess(tmp_path, forked=True).start().stop()


@pytest.mark.parametrize("forked", [False, True])
def test_a_program_that_ends_has_waited_for_all_that_its_accounts_needed(
    tmp_path: Path, forked: bool
) -> None:
    """What they are forked from was still there when the program was gone."""
    program = (
        f"import flocon\nwith flocon.AccountProcess({str(tmp_path)!r}, forked={forked}): pass\n"
    )
    command = [sys.executable, "-W", "always::ResourceWarning", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")
    assert "still running" not in done.stderr


def is_alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_start_that_fails_says_what_the_account_said(account: AccountProcess) -> None:
    account.options = ["--idle-minutes", "never"]
    with pytest.raises(RuntimeError, match="'never' is no positive number"):
        account.start()
    # It has been waited for: nothing but its exit code is left.
    assert account.process is not None
    assert account.process.returncode is not None
    assert account._input is None


def test_an_account_that_was_not_started_cannot_be_stopped(account: AccountProcess) -> None:
    with pytest.raises(RuntimeError, match="has not been started"):
        account.stop()


def test_a_new_account_has_compute_wh_and_one_where_it_was_dropped_has_not(
    tmp_path: Path,
) -> None:
    made = AccountProcess(tmp_path / "account", forked=True)
    with made.start().connect() as connection:
        (row,) = shown(connection, "show warehouses")
        assert (row["name"], row["state"], row["size"]) == ("COMPUTE_WH", "SUSPENDED", "X-Small")
        connection.cursor().execute("drop warehouse compute_wh")
    made.kill()
    with made.start().connect() as connection:
        assert shown(connection, "show warehouses") == []
    made.kill()
