"""The process that all procedure processes are copies of: Snowpark is imported once, in it."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from flocon.workers import worker

_PROGRAM = Path(worker.__file__).resolve()
_REPOSITORY = _PROGRAM.parent.parent
_PATIENCE = 1.0


class WorkerTemplate:
    """Starts the template where none is running, and asks it for copies. Thread-safe.

    folder: where the processes run.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def start(self) -> None:
        """Have one running; does not wait until it can fork."""
        with self._lock:
            self._running()

    def fork(self, descriptors: Sequence[int]) -> int:
        """Ask for a copy, which gets these descriptors: standard input, output, error, status.

        Returns at once, with the template's process id. That no copy comes shows in the status
        pipe, which then closes.
        """
        with self._lock:
            try:
                socket.send_fds(self._running(), [b"+"], descriptors)
            except OSError:
                # It has ended a moment ago.
                self._close()
                socket.send_fds(self._running(), [b"+"], descriptors)
            assert self._process is not None
            return self._process.pid

    def discard(self, pid: int) -> None:
        """This template gives no copies any more, dead or not: the next one will be another."""
        with self._lock:
            if self._process is not None and self._process.pid == pid:
                self._close()

    def close(self) -> None:
        with self._lock:
            self._close()

    def _running(self) -> socket.socket:
        if self._process is not None and self._process.poll() is not None:
            self._close()
        if self._control is None:
            self._control, theirs = socket.socketpair()
            with theirs:
                self._process = self._started(theirs.fileno())
        return self._control

    def _started(self, control: int) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(
            # -I: no PYTHON* variables, no user packages, no script folder on the module path.
            [sys.executable, "-I", str(_PROGRAM), str(_REPOSITORY), str(control)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            cwd=self._folder,
            env=_environment(self._folder),
            pass_fds=[control],
            start_new_session=True,  # Ctrl-C in the terminal is for the account alone
        )

    def _close(self) -> None:
        if self._control is None or self._process is None:
            return
        self._control.close()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._control = self._process = None


def _environment(folder: Path) -> dict[str, str]:
    """The account's environment without its Snowflake settings; the clock shows UTC."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("SNOWFLAKE_", "PYTHON")) and not name.lower().endswith("_proxy")
    }
    return kept | {
        "SNOWFLAKE_DISABLE_PLATFORM_DETECTION": "true",
        "SNOWFLAKE_HOME": str(folder),
        "TZ": "UTC",
        # The account is on this machine; macOS would ask its system library, which a fork breaks.
        "no_proxy": "*",
    }
