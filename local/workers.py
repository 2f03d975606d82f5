"""The processes that run procedures: a bounded pool of them, some for each procedure version."""

import hashlib
import shutil
import threading
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from local import errors
from local.worker import pack, unpack
from local.worker_process import ProcedureLog, WorkerProcess

_UPLOAD_PATIENCE = 2.0


class Session(Protocol):
    """What a call needs of the caller's session."""

    id: str
    user: str


class Account(Protocol):
    """What the pool needs of the account."""

    data: Path
    host: str
    port: int

    def issue_pass(self, session: Any) -> str: ...

    def withdraw_pass(self, password: str) -> None: ...


@dataclass(frozen=True)
class Code:
    """What runs: a procedure's definition and its files, as they are at the moment of the call.

    procedure: its full name with argument types, for the log and to tell versions from others.
    """

    procedure: str
    handler: str
    returns: str
    body: str | None = None
    files: tuple[Path, ...] = ()


@dataclass
class _Call:
    session: str
    worker: WorkerProcess | None = None
    cancelled: str = ""


@dataclass
class _Version:
    """The copied files of a version, and whether a newer one has taken its place."""

    digest: str
    procedure: str
    folder: Path
    paths: list[str] = field(default_factory=list)
    calls: int = 0
    replaced: bool = False


class Workers:
    """Runs handlers, each in a process of its procedure's version; thread-safe.

    Calls of one version run side by side in up to `per_version` processes, `total` in all; the
    others wait. A call made inside another one never waits for its own caller. Idle processes end
    after `idle_seconds`, those of a replaced version after their call.
    """

    def __init__(
        self, account: Account, *, per_version: int = 4, total: int = 12, idle_seconds: float = 300
    ) -> None:
        self._account = account
        self._per_version = per_version
        self._total = total
        self._nested_total = 3 * total
        self._idle_seconds = idle_seconds
        self._folder = account.data / "workers"
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        self._log = ProcedureLog(account.data / "logs" / "procedures.log")
        self._changed = threading.Condition()
        self._versions: dict[str, _Version] = {}
        self._idle: list[WorkerProcess] = []
        self._busy: list[WorkerProcess] = []
        self._warm: WorkerProcess | None = None
        self._calls: list[_Call] = []
        self._closed = threading.Event()
        self._reaper: threading.Thread | None = None

    def call(
        self, session: Session, code: Code, arguments: Sequence[Any], timeout: float = 0
    ) -> Any:
        """Run the handler with a Snowpark session of the caller's session; returns its value.

        An exception of the handler, the end of its process, `cancel` and a timeout (seconds, 0 for
        none) are SnowflakeErrors.
        """
        call = _Call(session.id)
        with self._changed:
            nested = any(other.session == session.id for other in self._calls)
            self._calls.append(call)
        version: _Version | None = None
        timer = threading.Timer(timeout, self._cancel, [call, "timeout"]) if timeout else None
        if timer:
            timer.start()
        try:
            version = self._version(code)
            self._acquire(call, version, nested)
            return self._run(call, version, session, code, arguments)
        finally:
            if timer:
                timer.cancel()
            with self._changed:
                self._calls.remove(call)
                if version:
                    version.calls -= 1
                    self._forget_if_unused(version)

    def cancel(self, session_id: str) -> None:
        """End the calls of a session, running or waiting."""
        with self._changed:
            calls = [call for call in self._calls if call.session == session_id]
        for call in calls:
            self._cancel(call, "cancel")

    def warm_up(self) -> None:
        """Have a process ready for the next new version."""
        with self._changed:
            if self._warm is None and not self._closed.is_set():
                self._warm = self._started()

    def close(self) -> None:
        """End all processes, also those in a call."""
        self._closed.set()
        with self._changed:
            workers = [*self._idle, *self._busy, *([self._warm] if self._warm else [])]
            self._idle, self._warm = [], None
            for worker in self._busy:
                worker.kill()
            self._changed.notify_all()
        for worker in workers:
            worker.end()

    def _version(self, code: Code) -> _Version:
        """The version of this code, held for one call. Its files are copied at its first call, so
        that a process that imports late finds what it started with."""
        contents = {path.name: _stable_bytes(path) for path in code.files}
        digest = _digest(code, contents)
        with self._changed:
            version = self._versions.get(digest)
            if version is None:
                version = _Version(digest, code.procedure, self._folder / digest)
                version.paths = _copied(contents, version.folder)
                self._versions[digest] = version
            version.calls += 1
            version.replaced = False
            self._replace_others(version)
            return version

    def _replace_others(self, current: _Version) -> None:
        for version in list(self._versions.values()):
            if version.procedure == current.procedure and version is not current:
                version.replaced = True
                for worker in [w for w in self._idle if w.digest == version.digest]:
                    self._idle.remove(worker)
                    self._finish(worker)
                self._forget_if_unused(version)

    def _acquire(self, call: _Call, version: _Version, nested: bool) -> None:
        with self._changed:
            while call.worker is None:
                self._check(call)
                call.worker = self._free_worker(version, nested)
                if call.worker is None:
                    self._changed.wait()
            self._busy.append(call.worker)

    def _free_worker(self, version: _Version, nested: bool) -> WorkerProcess | None:
        """An idle process of the version, or a new one where the bounds allow it."""
        for worker in reversed(self._idle):
            if worker.digest == version.digest:
                self._idle.remove(worker)
                if worker.alive:
                    return worker
                self._finish(worker)
        everything = len(self._idle) + len(self._busy)
        if nested and everything >= self._nested_total:
            raise errors.SnowflakeError(
                errors.INTERNAL, "Stored procedure execution error: calls are nested too deeply."
            )
        own = sum(worker.digest == version.digest for worker in self._busy)
        if not nested and own >= self._per_version:
            return None
        if not nested and everything >= self._total:
            if not self._idle:
                return None
            self._finish(self._idle.pop(0))
        return self._assigned(version)

    def _assigned(self, version: _Version) -> WorkerProcess:
        worker = self._warm if self._warm and self._warm.alive else self._started()
        worker.digest, worker.procedure = version.digest, version.procedure
        self._warm = self._started()
        return worker

    def _started(self) -> WorkerProcess:
        if self._reaper is None:
            self._reaper = threading.Thread(target=self._reap, daemon=True)
            self._reaper.start()
        worker = WorkerProcess(self._folder, self._log)
        worker.idle_since = time.monotonic()
        return worker

    def _run(
        self, call: _Call, version: _Version, session: Session, code: Code, arguments: Sequence[Any]
    ) -> Any:
        worker = call.worker
        assert worker is not None
        password = self._account.issue_pass(session)
        try:
            message = self._message(code, version, session, password, arguments)
            answer = None if call.cancelled else worker.call(message)
        finally:
            self._account.withdraw_pass(password)
            self._release(worker, version)
        self._check(call)
        if answer is None:
            raise _python_error(code, f"The handler's process ended: {worker.exit_text()}.")
        if "error" in answer:
            raise _python_error(code, answer["error"])
        return unpack(answer["value"])

    def _message(
        self,
        code: Code,
        version: _Version,
        session: Session,
        password: str,
        arguments: Sequence[Any],
    ) -> dict[str, Any]:
        return {
            "handler": code.handler,
            "body": code.body,
            "returns": code.returns,
            "directory": str(version.folder),
            "paths": version.paths,
            "arguments": [pack(value) for value in arguments],
            "connection": {
                "account": "local",
                "user": session.user,
                "password": password,
                "host": self._account.host,
                "port": self._account.port,
                "protocol": "http",
            },
        }

    def _release(self, worker: WorkerProcess, version: _Version) -> None:
        with self._changed:
            self._busy.remove(worker)
            worker.idle_since = time.monotonic()
            if worker.alive and not version.replaced and not self._closed.is_set():
                self._idle.append(worker)
            else:
                self._finish(worker)
            self._changed.notify_all()

    def _finish(self, worker: WorkerProcess) -> None:
        """End a process that no call has, without waiting for it."""
        threading.Thread(target=worker.end, daemon=True).start()

    def _forget_if_unused(self, version: _Version) -> None:
        if version.replaced and not version.calls:
            self._versions.pop(version.digest, None)
            shutil.rmtree(version.folder, ignore_errors=True)

    def _cancel(self, call: _Call, reason: str) -> None:
        with self._changed:
            call.cancelled = call.cancelled or reason
            if call.worker in self._busy and call in self._calls:
                call.worker.kill()
            self._changed.notify_all()

    def _check(self, call: _Call) -> None:
        if self._closed.is_set():
            raise errors.SnowflakeError(errors.CANCELLED, "The account is shutting down.")
        if call.cancelled == "timeout":
            raise errors.SnowflakeError(
                errors.Code(630, "57014"),
                "Statement reached its statement or warehouse timeout and was canceled.",
            )
        if call.cancelled:
            raise errors.SnowflakeError(errors.CANCELLED, "SQL execution canceled")

    def _reap(self) -> None:
        """End processes that have been idle for too long."""
        while not self._closed.wait(max(self._idle_seconds / 4, 0.05)):
            limit = time.monotonic() - self._idle_seconds
            with self._changed:
                for worker in [w for w in self._idle if w.idle_since < limit]:
                    self._idle.remove(worker)
                    self._finish(worker)
                if self._warm and self._warm.idle_since < limit:
                    self._finish(self._warm)
                    self._warm = None


def _digest(code: Code, contents: dict[str, bytes]) -> str:
    files = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    parts = (code.procedure, code.handler, code.returns, code.body, files)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _copied(contents: dict[str, bytes], folder: Path) -> list[str]:
    """Write the files into the folder; returns those that are module paths themselves."""
    folder.mkdir(exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return [str(folder / name) for name in contents if name.endswith((".zip", ".whl", ".egg"))]


def _stable_bytes(path: Path) -> bytes:
    """A staged file's content; of a zip in the middle of its upload the whole, a moment later."""
    deadline = time.monotonic() + _UPLOAD_PATIENCE
    while path.suffix == ".zip" and not zipfile.is_zipfile(path) and time.monotonic() < deadline:
        time.sleep(0.05)
    return path.read_bytes()


def _python_error(code: Code, text: str) -> errors.SnowflakeError:
    name = code.procedure.partition("(")[0].rpartition(".")[2]
    return errors.SnowflakeError(
        errors.PYTHON,
        f"Python Interpreter Error:\n{text}\n in function {name} with handler {code.handler}",
    )
