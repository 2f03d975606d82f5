"""One procedure process as the account sees it, and the log of what handlers print."""

import contextlib
import datetime
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from flocon.workers import worker
from flocon.workers.worker_template import WorkerTemplate

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
    """A process that runs `worker`. One call at a time; `kill` may come from any thread.

    digest: the procedure version it belongs to.
    """

    def __init__(self, template: WorkerTemplate, log: ProcedureLog, digest: str, name: str) -> None:
        self.digest = digest
        self.idle_since = time.monotonic()
        self.calls = 0
        self._log = log
        self._name = name
        self._lock = threading.Lock()
        self._pid: int | None = None
        self._killed = False
        self._begun = False
        self._calling = False
        self._orphan = False
        self._code: int | None = None
        self._ended = threading.Event()
        stdin, self._stdin = _pipe("wb")
        self._stdout, stdout = _pipe("rb")
        output, stderr = _pipe("rb")
        status, theirs = _pipe("rb")
        try:
            self.template_pid = template.fork((stdin, stdout, stderr, theirs))
        finally:
            for descriptor in (stdin, stdout, stderr, theirs):
                os.close(descriptor)
        self._reader = threading.Thread(target=self._collect_output, args=(output,), daemon=True)
        self._reader.start()
        threading.Thread(target=self._watch, args=(status,), daemon=True).start()

    @property
    def alive(self) -> bool:
        """Whether it can take another call, as far as is known."""
        return not self._ended.is_set() and not self._orphan

    @property
    def begun(self) -> bool:
        """Whether the last call reached the process: its handler may have had effects."""
        return self._begun

    def call(
        self, message: dict[str, Any], log: Callable[[dict[str, Any]], None] = lambda record: None
    ) -> dict[str, Any] | None:
        """Send a call and wait for its answer; None when the process ended instead. log: takes what
        the handler logs, as it comes."""
        with self._lock:
            self._calling, self._begun = True, False
        try:
            worker.send(self._stdin, message)
            self._begun = self._received(log) is not None
            return self._received(log) if self._begun else None
        except (BrokenPipeError, ValueError):
            return None
        finally:
            with self._lock:
                self._calling = False
                orphan = self._orphan
            if orphan:
                self._end_orphan()

    def _received(self, log: Callable[[dict[str, Any]], None]) -> dict[str, Any] | None:
        """The next message that is no log record."""
        while (message := worker.receive(self._stdout)) is not None and "log" in message:
            log(message["log"])
        return message

    def kill(self) -> None:
        """End the process and those it has started, at once, or as soon as it is there."""
        with self._lock:
            self._killed = True
            if self._pid is not None and not self._ended.is_set():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._pid, signal.SIGKILL)

    def wait(self, seconds: float) -> bool:
        """Has it ended? Waits so long for it."""
        return self._ended.wait(seconds)

    def exit_text(self) -> str:
        """How the process ended, for people; kills it if it has only closed its answers."""
        if not self.wait(_PATIENCE):
            self.kill()
            self.wait(_PATIENCE)
        if self._code is None:
            return "it could not be started, or nothing is known of its end"
        return f"signal {-self._code}" if self._code < 0 else f"exit code {self._code}"

    def end(self) -> None:
        """End the process: by closing its input, then by force. Returns when it is gone."""
        try:
            self._stdin.close()
        except BrokenPipeError:
            self.kill()
        self.exit_text()
        self._stdout.close()
        self._reader.join(_PATIENCE)

    def _watch(self, status: IO[bytes]) -> None:
        """Learn the process id when the process is there, and its exit code when it has ended."""
        with status:
            self._learn(_number(status))
            self._code = _number(status)
        if self._code is not None:
            self._ended.set()
            return
        # The template is gone, which alone reports ends: a call that runs is the last.
        with self._lock:
            self._orphan = True
            calling = self._calling
        if not calling:
            self._end_orphan()

    def _end_orphan(self) -> None:
        self.kill()
        self._ended.set()

    def _learn(self, pid: int | None) -> None:
        with self._lock:
            self._pid = pid
            killed = self._killed
        if killed:
            self.kill()

    def _collect_output(self, output: IO[bytes]) -> None:
        with output:
            while line := output.readline(_LINE_LIMIT):
                self._log.write(self._name, line.decode("utf-8", "replace").rstrip("\n"))


def _pipe(mode: str) -> tuple[Any, Any]:
    """A pipe whose reading ("rb") or writing ("wb") end is a file; the other is a descriptor."""
    reading, writing = os.pipe()
    if mode == "rb":
        return os.fdopen(reading, mode), writing
    return reading, os.fdopen(writing, mode)


def _number(status: IO[bytes]) -> int | None:
    data = status.read(worker.STATUS.size)
    return worker.STATUS.unpack(data)[0] if len(data) == worker.STATUS.size else None
