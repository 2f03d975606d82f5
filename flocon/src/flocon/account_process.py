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
    """The `flocon` command in a process, with all that it needs in one folder. It ends when the
    program that has started it does, also by kill -9.

    folder: gets `data`, the account's; `home`, a SNOWFLAKE_HOME whose default connection `local` is
        the account; and `account.log`, what it writes.
    options: further ones of the command, such as `["--log-statements"]`.
    port: 0 takes a free one, and keeps it when the account is started again.
    user, password: what `connect` logs in with.
    forked: not started but forked from a process that has imported it, which saves a second
        from the second one on; for tests that start many.

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
        """Start it, or start it again on the same data; returns when clients get answers.

        Raises RuntimeError, with what it has written, where it ends instead.
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
        """SIGTERM; returns the exit code, 0 where all went well."""
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
        """kill -9: what was committed is there when it is started again."""
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
        """What it has written so far, from this byte on."""
        return self._log_file.read_bytes()[start:].decode(errors="replace")

    def connection_parameters(self) -> dict[str, Any]:
        return connectable.local_parameters(self.host, self.port, self.user, self.password)

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a program whose default connection is this account.

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
