"""An account in a process of its own, for programs that start, stop and kill one."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from flocon import connectable
from flocon.connectable import Commandable
from flocon.testing.forked_accounts import ForkedAccount

_READY_SECONDS = 60.0
_END_SECONDS = 20.0
_LISTENING = re.compile(r"^A Snowflake account is listening on http://\S+:(\d+),", re.MULTILINE)


class AccountProcess(Commandable):
    """Runs the `flocon` command in a process of its own, from `start` to `stop`, or for a `with`.
    The process also ends when this program does, even by kill -9.

    folder: is made, and gets `data`, the folder of all state; `home`, a SNOWFLAKE_HOME whose
        default connection `local` is this account; and `account.log`, what the process writes.
    options: further options of the command, such as `["--log-statements"]`.
    port: 0 takes a free one, and keeps it when the account is started again.
    user, password: what `connect` logs in with.
    forked: fork the process from one that has imported flocon, which saves a second from the
        second account on; for tests that start many.
    connect_defaults: what `connect` gives to the connector unless it is told otherwise.

    >>> with AccountProcess(folder) as account, account.connect() as connection:
    ...     connection.cursor().execute("SELECT 'hello'").fetchall()
    [('hello',)]
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        options: Sequence[str] = (),
        port: int = 0,
        user: str = "local",
        password: str = "local",
        forked: bool = False,
        connect_defaults: Mapping[str, Any] | None = None,
    ) -> None:
        self.folder = Path(folder)
        self.data = self.folder / "data"
        self.home = self.folder / "home"
        self.options = list(options)
        self.host = "127.0.0.1"
        self.port = port
        self.user = user
        self.password = password
        self.forked = forked
        self.connect_defaults = connect_defaults or {}
        self.name = "local"
        self.process: subprocess.Popen[bytes] | ForkedAccount | None = None
        self._input: int | None = None

    def start(self) -> AccountProcess:
        """Start the process, or start it again on the same data; returns when clients get answers.

        Raises RuntimeError where it runs already; and, with what it has written, where it ends
        instead or is not ready after 60 seconds.
        """
        if self._runs():
            raise RuntimeError("this account runs already")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._log_file.touch()
        before = self._log_file.stat().st_size
        self.process = process = self._launched()
        deadline = time.monotonic() + _READY_SECONDS
        while not (listening := _LISTENING.search(self.log(before))):
            if process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise RuntimeError(f"flocon did not start: {self.log(before)}")
            time.sleep(0.02)
        self.port = int(listening[1])
        self._write_home()
        return self

    def stop(self) -> int:
        """Send SIGTERM and wait for the end. Returns the exit code: 0 where all is written.

        Raises RuntimeError where it was never started, and subprocess.TimeoutExpired, after a
        kill -9, where it has not ended within 20 seconds.
        """
        self._end_snow()
        process = self._started()
        process.terminate()
        try:
            code = process.wait(timeout=_END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self._close_input()
        return code

    def kill(self) -> None:
        """Kill the process as kill -9 does: what was committed is there at the next start.

        Raises RuntimeError where it was never started.
        """
        process = self._started()
        process.kill()
        process.wait(timeout=_END_SECONDS)
        self._close_input()

    def __enter__(self) -> AccountProcess:
        return self if self._runs() else self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def log(self, start: int = 0) -> str:
        """What the process has written, of all its starts, from this byte on."""
        return self._log_file.read_bytes()[start:].decode(errors="replace")

    def connection_parameters(self) -> dict[str, Any]:
        return connectable.local_parameters(self.host, self.port, self.user, self.password)

    def environment(self, **more: str) -> dict[str, str]:
        """The environment variables of a program whose default connection is this account: those
        of this program, and `more`.

        >>> with AccountProcess(folder) as account:
        ...     sorted(set(account.environment()) - set(os.environ))
        ['SNOWFLAKE_HOME']
        """
        return {**os.environ, "SNOWFLAKE_HOME": str(self.home), **more}

    @property
    def _log_file(self) -> Path:
        return self.folder / "account.log"

    def _runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def _started(self) -> subprocess.Popen[bytes] | ForkedAccount:
        if self.process is None:
            raise RuntimeError("this account has not been started")
        return self.process

    def _launched(self) -> subprocess.Popen[bytes] | ForkedAccount:
        self._close_input()
        ends = "--end-with-input"
        arguments = [ends, "--port", str(self.port), "--data", str(self.data), *self.options]
        if self.forked:
            return ForkedAccount(arguments, self._log_file)
        # This program alone holds its input open, so that both end together.
        theirs, self._input = os.pipe()
        with self._log_file.open("ab") as log, os.fdopen(theirs) as stdin:
            # -P: what lies in the folder that we are in is not imported instead of a library.
            command = [sys.executable, "-P", "-m", "flocon", *arguments]
            return subprocess.Popen(command, stdin=stdin, stdout=log, stderr=log)

    def _close_input(self) -> None:
        if self._input is not None:
            os.close(self._input)
            self._input = None

    def _write_home(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        files = {
            "config.toml": f'default_connection_name = "{self.name}"\n',
            "connections.toml": connectable.connections_toml(
                self.connection_parameters(), self.name
            ),
        }
        for name, text in files.items():
            path = self.home / name
            path.write_text(text, encoding="utf-8")
            path.chmod(0o600)
