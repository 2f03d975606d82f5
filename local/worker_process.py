"""One procedure process as the account sees it, and the log of what handlers print."""

import datetime
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from local import worker

_PROGRAM = Path(worker.__file__).resolve()
_REPOSITORY = _PROGRAM.parent.parent
_LINE_LIMIT = 4_096
_PATIENCE = 2.0


class ProcedureLog:
    """`logs/procedures.log`: a line per printed line, with time and procedure. Bounded: past its
    limit the file becomes `procedures.log.1`, and the one before that is gone. Thread-safe."""

    def __init__(self, path: Path, limit: int = 5_000_000) -> None:
        self._path = path
        self._limit = limit
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)

    def write(self, procedure: str, line: str) -> None:
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        with self._lock:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"{now} {procedure} {line}\n")
                size = file.tell()
            if size > self._limit:
                self._path.replace(self._path.with_name(f"{self._path.name}.1"))


class WorkerProcess:
    """A process that runs `local.worker`. One call at a time; `kill` may come from any thread.

    digest: the procedure version it belongs to, empty while it is only warm.
    """

    def __init__(self, folder: Path, log: ProcedureLog) -> None:
        self.digest = ""
        self.procedure = "-"
        self.idle_since = 0.0
        self._log = log
        self._process = subprocess.Popen(
            # -I: no PYTHON* variables, no user packages, no script folder on the module path.
            [sys.executable, "-I", str(_PROGRAM), str(_REPOSITORY)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=_environment(folder),
            start_new_session=True,  # Ctrl-C in the terminal is for the account alone
        )
        self._reader = threading.Thread(target=self._collect_output, daemon=True)
        self._reader.start()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def call(self, message: dict[str, Any]) -> dict[str, Any] | None:
        """Send a call and wait for its answer; None when the process ended instead."""
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            worker.send(self._process.stdin, message)
            return worker.receive(self._process.stdout)
        except (BrokenPipeError, ValueError):
            return None

    def kill(self) -> None:
        """End the process and those it has started, at once."""
        if self.alive:
            os.killpg(self.pid, signal.SIGKILL)

    def exit_text(self) -> str:
        """How the process ended, for people; kills it if it has only closed its answers."""
        try:
            code = self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            code = self._process.wait()
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def end(self) -> None:
        """End the process: by closing its input, then by force. Returns when it is gone."""
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            self.kill()
        self.exit_text()
        self._process.stdout.close()
        self._reader.join(_PATIENCE)

    def _collect_output(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as output:
            while line := output.readline(_LINE_LIMIT):
                self._log.write(self.procedure, line.decode("utf-8", "replace").rstrip("\n"))


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
    }
