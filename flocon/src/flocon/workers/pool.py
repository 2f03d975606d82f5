"""The processes that run procedures: a bounded pool of them, some for each procedure version."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from flocon.core import errors
from flocon.workers.versions import Code, Version, Versions, contents
from flocon.workers.worker import pack, unpack
from flocon.workers.worker_process import ProcedureLog, WorkerProcess
from flocon.workers.worker_template import WorkerTemplate


class Caller(Protocol):
    """The session that calls."""

    @property
    def id(self) -> str: ...

    @property
    def user(self) -> str: ...


class Passes(Protocol):
    """The passwords with which a procedure logs in to its caller's session."""

    def issue_pass(self, session_id: str) -> str: ...

    def withdraw_pass(self, password: str) -> None: ...


class Logs(Protocol):
    """Takes what a handler logs, from a level of Python's on; None: nothing at all."""

    @property
    def number(self) -> int | None: ...

    def write(self, record: dict[str, Any]) -> None: ...


# For the ends of the processes, and half of it for what they leave behind.
_CLOSE_SECONDS = 2.0


@dataclass
class _Call:
    """nested: made inside another call. is_batch: a batch of a function's rows."""

    session: str
    is_batch: bool = False
    nested: bool = False
    worker: WorkerProcess | None = None
    cancelled: str = ""


# Makes the message to a process of the version, with the pass that it may log in with.
_Message = Callable[[Version, str], dict[str, Any]]


class Workers:
    """Runs handlers, each in a process of its procedure's version; thread-safe.

    Calls of one version run side by side in up to `per_version` processes, `total` in all; the
    others wait. A call made inside another one never waits for its own caller. A batch of a
    function's rows waits for other batches of the function alone: its statement may hold what calls
    wait for. Idle processes end
    after `idle_seconds`, those of a replaced version after their call, and any after `most_calls`:
    the clients inside keep some memory of each connection.
    """

    def __init__(
        self,
        passes: Passes,
        data: Path,
        host: str,
        port: int,
        *,
        per_version: int = 4,
        total: int = 12,
        idle_seconds: float = 300,
        most_calls: int = 500,
    ) -> None:
        self._passes = passes
        self._host = host
        self._port = port
        self._per_version = per_version
        self._total = total
        self._nested_total = 3 * total
        self._idle_seconds = idle_seconds
        self._most_calls = most_calls
        self._folder = data / "workers"
        self._log = ProcedureLog(data / "logs" / "procedures.log")
        self._changed = threading.Condition()
        self._versions = Versions(self._folder)
        self._template = WorkerTemplate(self._folder)
        self._idle: list[WorkerProcess] = []
        self._busy: list[WorkerProcess] = []
        self._calls: list[_Call] = []
        self._closed = threading.Event()
        self._reaper: threading.Thread | None = None

    def call(
        self,
        session: Caller,
        code: Code,
        arguments: Sequence[Any],
        timeout: float = 0,
        logs: Logs | None = None,
    ) -> Any:
        """Run the handler with a Snowpark session of the caller's session; returns its value.

        An exception of the handler, the end of its process, `cancel` and a timeout (seconds, 0 for
        none) are SnowflakeErrors.
        """
        packed = [pack(value) for value in arguments]

        def message(version: Version, password: str) -> dict[str, Any]:
            return {
                **_program(code, version),
                "returns": code.returns,
                "arguments": packed,
                "connection": self._connection(session, password),
            }

        with self._called(_Call(session.id), timeout) as call, self._held(code) as version:
            answer = self._answer(call, version, session, message, logs)
            return unpack(self._checked(call, code, answer)["value"])

    @contextmanager
    def batches(
        self, session: Caller, code: Code, shape: dict[str, Any], logs: Logs | None = None
    ) -> Iterator[Callable[[str], dict[str, Any]]]:
        """Inside, what runs a function's handler for a batch of rows, from any thread: it takes
        and gives what `workers.batches` does, and fails as `call` does. shape: the types of the
        arguments and of the values."""
        with self._held(code) as version:

            def run(rows: str) -> dict[str, Any]:
                message = {**_program(code, version), **shape, "rows": rows}
                with self._called(_Call(session.id, is_batch=True)) as call:
                    answer = self._answer(call, version, session, lambda *_: message, logs)
                    return self._checked(call, code, answer)

            yield run

    def cancel(self, session_id: str, *, batches: bool = False) -> None:
        """End the calls of a session, running or waiting. batches: of functions alone."""
        with self._changed:
            calls = [
                call
                for call in self._calls
                if call.session == session_id and (call.is_batch or not batches)
            ]
        for call in calls:
            self._cancel(call, "cancel")

    def warm_up(self) -> None:
        """Have ready what the first call of a procedure needs."""
        with self._changed:
            if not self._closed.is_set():
                self._template.start()

    def close(self) -> None:
        """End all processes, also those in a call, and those that are not there yet. Waits four
        seconds at most for their ends."""
        self._closed.set()
        deadline = time.monotonic() + _CLOSE_SECONDS
        with self._changed:
            workers = [*self._idle, *self._busy]
            self._idle = []
            self._changed.notify_all()
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.wait(max(0.0, deadline - time.monotonic()))
        # What it has not begun ends with it.
        self._template.close()
        deadline = time.monotonic() + _CLOSE_SECONDS / 2
        for ending in [self._finish(worker) for worker in workers]:
            ending.join(max(0.0, deadline - time.monotonic()))

    @contextmanager
    def _called(self, call: _Call, timeout: float = 0) -> Iterator[_Call]:
        """The call is known inside to those that cancel it."""
        with self._changed:
            call.nested = any(
                other.session == call.session and not other.is_batch for other in self._calls
            )
            self._calls.append(call)
        timer = threading.Timer(timeout, self._cancel, [call, "timeout"]) if timeout else None
        if timer:
            timer.start()
        try:
            yield call
        finally:
            if timer:
                timer.cancel()
            with self._changed:
                self._calls.remove(call)

    @contextmanager
    def _held(self, code: Code) -> Iterator[Version]:
        """The code's version, held; idle processes of those it replaces end."""
        files = contents(code)
        with self._changed:
            version, replaced = self._versions.hold(code, files)
            digests = {other.digest for other in replaced}
            for worker in [worker for worker in self._idle if worker.digest in digests]:
                self._idle.remove(worker)
                self._finish(worker)
        try:
            yield version
        finally:
            with self._changed:
                self._versions.release(version)

    def _acquired(self, call: _Call, version: Version) -> WorkerProcess:
        """A process for the call, as soon as there is one for it."""
        with self._changed:
            while True:
                self._check(call)
                if worker := self._free_worker(version, call):
                    call.worker = worker
                    self._busy.append(worker)
                    return worker
                self._changed.wait()

    def _free_worker(self, version: Version, call: _Call) -> WorkerProcess | None:
        """An idle process of the version, or a new one where the bounds allow it."""
        for worker in reversed(self._idle):
            if worker.digest == version.digest:
                self._idle.remove(worker)
                if worker.alive:
                    return worker
                self._finish(worker)
        own = sum(worker.digest == version.digest for worker in self._busy)
        if not (call.nested and not call.is_batch) and own >= self._per_version:
            return None
        everything = len(self._idle) + len(self._busy)
        if everything >= self._total and self._idle:
            self._finish(self._idle.pop(0))
        elif everything >= self._total and not (call.nested or call.is_batch):
            return None
        elif everything >= self._nested_total and not call.is_batch:
            raise errors.SnowflakeError(
                errors.INTERNAL, "Stored procedure execution error: calls are nested too deeply."
            )
        return self._started(version)

    def _started(self, version: Version) -> WorkerProcess:
        if self._reaper is None:
            self._reaper = threading.Thread(target=self._reap, daemon=True)
            self._reaper.start()
        return WorkerProcess(self._template, self._log, version.digest, version.procedure)

    def _answer(
        self,
        call: _Call,
        version: Version,
        session: Caller,
        message: _Message,
        logs: Logs | None,
    ) -> dict[str, Any] | None:
        """What the process that `call.worker` then is has answered; None if it ended.

        A process that ended before the call reached it is replaced, for the handler cannot have
        had an effect yet: every idle one, and one new one.
        """
        replaced_new = False
        while True:
            worker = self._acquired(call, version)
            answer = self._answer_of(worker, call, version, session, message, logs)
            if answer is not None or call.cancelled or worker.begun:
                return answer
            if worker.calls == 1:
                if replaced_new:
                    return None
                replaced_new = True
                self._template.discard(worker.template_pid)

    def _answer_of(
        self,
        worker: WorkerProcess,
        call: _Call,
        version: Version,
        session: Caller,
        message: _Message,
        logs: Logs | None,
    ) -> dict[str, Any] | None:
        if call.is_batch:
            return self._exchanged(worker, call, version, message(version, ""), logs)
        password = self._passes.issue_pass(session.id)
        try:
            return self._exchanged(worker, call, version, message(version, password), logs)
        finally:
            self._passes.withdraw_pass(password)

    def _exchanged(
        self,
        worker: WorkerProcess,
        call: _Call,
        version: Version,
        message: dict[str, Any],
        logs: Logs | None,
    ) -> dict[str, Any] | None:
        answer = None
        try:
            message["log_level"] = logs.number if logs else None
            if not call.cancelled:
                answer = worker.call(message, logs.write if logs else lambda record: None)
            return answer
        finally:
            self._release(worker, version, call, answered=answer is not None)

    def _checked(self, call: _Call, code: Code, answer: dict[str, Any] | None) -> dict[str, Any]:
        self._check(call)
        if answer is None:
            assert call.worker is not None
            raise _python_error(code, f"The handler's process ended: {call.worker.exit_text()}.")
        if "error" in answer:
            raise _python_error(code, answer["error"])
        return answer

    def _connection(self, session: Caller, password: str) -> dict[str, Any]:
        return {
            "account": "local",
            "user": session.user,
            "password": password,
            "host": self._host,
            "port": self._port,
            "protocol": "http",
        }

    def _release(
        self, worker: WorkerProcess, version: Version, call: _Call, *, answered: bool
    ) -> None:
        with self._changed:
            self._busy.remove(worker)
            worker.idle_since = time.monotonic()
            worker.calls += 1
            worn = worker.calls >= self._most_calls and not call.is_batch
            worn = worn or version.replaced
            # A process that has not answered has ended, even if its end is not known yet.
            if answered and worker.alive and not worn and not self._closed.is_set():
                self._idle.append(worker)
            else:
                self._finish(worker)
            self._changed.notify_all()

    def _finish(self, worker: WorkerProcess) -> threading.Thread:
        """End a process that no call has, in a thread of its own."""
        ending = threading.Thread(target=worker.end, daemon=True)
        ending.start()
        return ending

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


def _program(code: Code, version: Version) -> dict[str, Any]:
    return {
        "handler": code.handler,
        "body": code.body,
        "directory": str(version.folder),
        "paths": version.paths,
    }


def _python_error(code: Code, text: str) -> errors.SnowflakeError:
    name = code.procedure.partition("(")[0].rpartition(".")[2]
    return errors.SnowflakeError(
        errors.PYTHON,
        f"Python Interpreter Error:\n{text}\n in function {name} with handler {code.handler}",
    )
