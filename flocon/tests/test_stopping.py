"""An account that is told to stop has ended in its time, whatever its statements do then."""

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from accounts import CONNECT_DEFAULTS, new_account
from conformance.procedure_shared import PYTHON
from conformance.test_cancellation import ENDLESS
from test_server import _running_queries, post, token
from test_workers import gone, until

from flocon import AccountProcess

# `python -m flocon` with a fault in it. Its statements and the steps of its stop have less time.
_FAULTY = """
import sys, threading
import flocon.account, flocon.service
from flocon import __main__
from flocon.engine import Connection, Engine
from flocon.workers.pool import Workers

flocon.service._GRACE_SECONDS = 0.5
flocon.account._END_SECONDS = 1.0
never = threading.Event()
{fault}
sys.exit(__main__.main(sys.argv[1:]))
"""
# Stands for what no interruption reaches: a SELECT that never answers.
_DEAF = "Connection.query = lambda *_: never.wait()"


class _Faulty(AccountProcess):
    def __init__(self, folder: Path, fault: str) -> None:
        super().__init__(folder, connect_defaults=CONNECT_DEFAULTS)
        self._program = _FAULTY.format(fault=fault)

    def _launched(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-P", "-c", self._program, "--port", "0", "--data", self.data]
        with self._log_file.open("ab") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


@contextmanager
def _killed_in_the_end(account: AccountProcess) -> Iterator[AccountProcess]:
    try:
        yield account.start()
    finally:
        account.kill()


def _begin(account: AccountProcess, *statements: str) -> None:
    """Have one session begin all of these, and wait for none."""
    own = token(account)
    for sql in statements:
        body = json.dumps({"sqlText": sql, "asyncExec": True}).encode()
        path = f"/queries/v1/query-request?requestId={uuid.uuid4()}"
        assert post(account, path, body, Authorization=own)[1]["success"]


def _ended(account: AccountProcess, number: int = signal.SIGTERM) -> int:
    """The exit code after a signal."""
    assert account.process is not None
    account.process.send_signal(number)
    return account.process.wait(20)


def test_a_statement_that_begins_because_another_was_cancelled_is_cancelled_too(
    tmp_path: Path,
) -> None:
    """When each session was cancelled once, the second of these ran on, and was left."""
    with _killed_in_the_end(new_account(tmp_path, forked=True)) as account:
        with account.connect() as connection:
            connection.cursor().execute("CREATE DATABASE d")
            connection.cursor().execute("CREATE TABLE t (a INT)")
        _begin(account, *[ENDLESS] * 3, "INSERT INTO d.public.t VALUES (1)", ENDLESS)
        assert account.stop() == 0
        assert "left behind" not in account.log()
        account.start()
        with account.connect() as connection:
            assert connection.cursor().execute("SELECT a FROM d.public.t").fetchall() == []


def test_a_procedure_whose_process_has_not_come_yet_is_not_waited_for(tmp_path: Path) -> None:
    """It was, for as long as it took to start one: on a busy machine half a minute."""
    with _killed_in_the_end(new_account(tmp_path, forked=True)) as account:
        with account.connect() as connection:
            cursor = connection.cursor()
            cursor.execute("CREATE DATABASE d")
            for name in ("p", "q"):
                cursor.execute(
                    f"CREATE PROCEDURE {name}() RETURNS INT {PYTHON} EXECUTE AS CALLER AS $$\n"
                    f"import os\ndef run(session): # {name}\n    return os.getppid()\n$$"
                )
            template = cursor.execute("CALL p()").fetchall()[0][0]
        os.kill(template, signal.SIGSTOP)
        _begin(account, "CALL d.public.q()")
        workers = account.data / "workers"
        until(lambda: len([each for each in workers.iterdir() if each.is_dir()]) == 2)
        assert account.stop() == 0
        assert gone(template)
        assert "left behind" not in account.log()
        assert "Traceback" not in account.log()


@pytest.mark.parametrize(
    ("number", "fault", "said"),
    [
        (signal.SIGTERM, "", "a statement did not end; it is left behind"),
        (signal.SIGINT, "", "a statement did not end; it is left behind"),
        # The stop ended there, and the statement kept the process alive for ever.
        (signal.SIGTERM, "Workers.close = lambda *_: 1 / 0", "ZeroDivisionError"),
    ],
    ids=["SIGTERM", "SIGINT", "a step that fails"],
)
def test_a_statement_that_cannot_be_ended_is_left_and_what_was_committed_stays(
    tmp_path: Path, number: int, fault: str, said: str
) -> None:
    with _killed_in_the_end(_Faulty(tmp_path, f"{_DEAF}; {fault}")) as account:
        with account.connect() as connection:
            connection.cursor().execute("CREATE DATABASE d")
            connection.cursor().execute("CREATE TABLE t (a INT)")
            connection.cursor().execute("INSERT INTO t VALUES (1)")
        _begin(account, "SELECT 1")
        assert _ended(account, number) == 0
        assert said in account.log()
    with new_account(tmp_path) as account, account.connect() as connection:
        assert connection.cursor().execute("SELECT a FROM d.public.t").fetchall() == [(1,)]


def test_a_stop_that_gets_stuck_is_cut_off_and_says_where(tmp_path: Path) -> None:
    fault = "Engine.close = lambda *_: never.wait(); __main__.STOP_SECONDS = 1"
    with _killed_in_the_end(_Faulty(tmp_path, fault)) as account:
        with account.connect() as connection:
            connection.cursor().execute("CREATE DATABASE d")
        assert _ended(account) == 1
        assert "account.py" in account.log().partition("Timeout (0:00:01)!")[2]
    with new_account(tmp_path) as account, account.connect() as connection:
        assert len(connection.cursor().execute("SHOW DATABASES LIKE 'D'").fetchall()) == 1


def test_a_second_ctrl_c_waits_for_nothing(tmp_path: Path) -> None:
    """It left the statement's thread behind, and the process never ended."""
    fault = f"{_DEAF}; flocon.service._GRACE_SECONDS = 600"
    with (
        ThreadPoolExecutor(1) as pool,
        _killed_in_the_end(_Faulty(tmp_path, fault)) as account,
    ):
        own = token(account)
        path = f"/queries/v1/query-request?requestId={uuid.uuid4()}"
        asked = pool.submit(post, account, path, b'{"sqlText": "SELECT 1"}', 200, Authorization=own)
        until(lambda: _running_queries(account, own) == 1)
        assert account.process is not None
        account.process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            account.process.wait(1)
        assert not asked.done()
        assert _ended(account, signal.SIGINT) == 0
        with pytest.raises(ConnectionError):
            asked.result(20)


_PROGRAM = f"""
import sys, threading
import flocon, flocon.account, flocon.in_process, flocon.service
from flocon.engine import Connection, Engine

flocon.service._GRACE_SECONDS = 0.5
flocon.account._END_SECONDS = 1.0
never = threading.Event()
account = flocon.Account().start()
connection = account.connect()
connection.cursor().execute("SELECT 1")
if sys.argv[1] == "statement":
    {_DEAF}
    connection.cursor().execute_async("SELECT 2")
else:
    flocon.in_process.STOP_SECONDS = 1
    Engine.close = lambda *_: never.wait()
account.stop()
print("stopped")
"""


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("statement", "a statement did not end; it is left behind"),
        ("step", "the account has not ended in time, at"),
    ],
)
def test_a_program_goes_on_and_ends_without_what_cannot_be_ended(fault: str, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", _PROGRAM, fault], capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.returncode) == ("stopped\n", 0), done.stderr
    assert said in done.stderr


def test_nothing_is_left_where_temporary_files_are(tmp_path: Path) -> None:
    """Each process that had imported flocon left a folder of fakesnow's there."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    program = "import flocon\nwith flocon.Account() as account:\n    account.connect().close()"
    environment: dict[str, Any] = {**os.environ, "TMPDIR": str(temporary)}
    subprocess.run([sys.executable, "-P", "-c", program], env=environment, check=True)
    assert list(temporary.iterdir()) == []
