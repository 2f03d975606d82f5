"""Start programs, wait until they are ready, and end them again in any case.

A program gets its own process group (a Ctrl-C at the terminal reaches only us, and we decide the
order of the end) and a log file. `ProcessStack` ends everything that was started through it, in
reverse order; a signal that comes while a program is being started waits until it is registered,
so that nothing is left behind. Where it is killed itself, a watchdog ends them in its place.
"""

import contextlib
import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from app.caves.errors import CommandError
from app.caves.interrupts import Interrupts
from app.caves.machine.watchdog import Watchdog

POLL_SECONDS = 0.05
TAIL_LINES = 15
# Below those that systems hand out to clients and to who asks for any port: in the seconds until a
# program binds its port, nobody else is given it.
QUIET_PORTS = range(20_000, 32_000)


class ProcessError(CommandError):
    """A program did not do what it was started for; the text holds the end of its log."""


@dataclass(frozen=True)
class Process:
    """A running program, leader of its own process group."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    @classmethod
    def start(
        cls,
        name: str,
        command: Sequence[str],
        log: Path,
        *,
        cwd: Path | None = None,
        environ: Mapping[str, str] | None = None,
        stdout: Path | None = None,
    ) -> "Process":
        """Start `command`; what it prints goes to the end of `log`, or its stdout to `stdout`."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as err, (stdout or log).open("ab") as out:
            popen = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=cwd,
                env=dict(environ) if environ is not None else None,
                start_new_session=True,
            )
        return cls(name, popen, log)

    @property
    def pid(self) -> int:
        return self.popen.pid

    @property
    def running(self) -> bool:
        return self.popen.poll() is None

    def wait_until(self, ready: Callable[[], bool], timeout: float, what: str = "ready") -> None:
        """Return once `ready()` holds; raise if the program ends before it, or on the deadline."""
        deadline = time.monotonic() + timeout
        while not ready():
            if not self.running:
                raise self.error(f"ended with code {self.popen.returncode} before it was {what}")
            if time.monotonic() > deadline:
                raise self.error(f"was not {what} after {timeout:g} s")
            time.sleep(POLL_SECONDS)

    def wait(self, timeout: float) -> int:
        """The exit code of a program that ends by itself; raise on the deadline."""
        try:
            return self.popen.wait(timeout)
        except subprocess.TimeoutExpired:
            raise self.error(f"still ran after {timeout:g} s") from None

    def stop(self, timeout: float = 10.0) -> int:
        """Ask the program to end, and end its whole group by force after `timeout` seconds."""
        if self.running:
            self.popen.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(timeout)
        # Also after a clean end: what the program started itself must not outlive it.
        self.kill()
        return self.popen.wait()

    def kill(self) -> None:
        """End the program and its group at once, as a power cut would (kill -9)."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self.popen.wait()

    def error(self, text: str) -> ProcessError:
        """An error about this program, with the end of its log."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:]
        tail = "".join(f"\n  | {line}" for line in [*lines, f"(log: {self.log})"])
        return ProcessError(f"{self.name} {text}{tail}")


class ProcessStack:
    """Context manager around programs: on leaving it, the last one started is the first ended."""

    def __init__(self, on_stop: Callable[[Process], None] | None = None) -> None:
        self.processes: list[Process] = []
        self._on_stop = on_stop
        self._interrupts = Interrupts()
        self._watchdog: Watchdog | None = None

    def __enter__(self) -> "ProcessStack":
        self._interrupts.__enter__()
        self._watchdog = Watchdog()
        return self

    def start(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        *,
        cwd: Path | None = None,
        environ: Mapping[str, str] | None = None,
        stdout: Path | None = None,
    ) -> Process:
        """As `Process.start`, and the stack answers for its end."""
        with self._interrupts.deferred():
            process = Process.start(name, command, log, cwd=cwd, environ=environ, stdout=stdout)
            self.processes.append(process)
            if self._watchdog:
                self._watchdog.watch(process.pid)
        return process

    def check(self) -> None:
        """Raise if one of the programs has ended by itself."""
        for process in self.processes:
            if not process.running:
                raise process.error(f"ended with code {process.popen.returncode}")

    def release(self, process: Process) -> None:
        """The program has ended, as it should: `check` asks for it no longer."""
        self.processes.remove(process)
        self._forget(process)

    def _forget(self, process: Process) -> None:
        if self._watchdog:
            self._watchdog.forget(process.pid)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._interrupts.ignore()
            while self.processes:
                process = self.processes.pop()
                if self._on_stop and process.running:
                    self._on_stop(process)
                process.stop()
                self._forget(process)
            if self._watchdog:
                self._watchdog.close()
        finally:
            self._interrupts.__exit__(kind, error, trace)


def free_port(host: str = "127.0.0.1") -> int:
    """A port on which nothing listens at this moment, of QUIET_PORTS."""
    for port in random.SystemRandom().sample(QUIET_PORTS, 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((host, port))
            return port
    raise OSError(f"of 100 ports of {host} from {QUIET_PORTS.start} on, none is free")


def listens(host: str, port: int, timeout: float = 0.5) -> bool:
    """Whether something accepts connections there."""
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout):
        return True
    return False
