"""Producer and ingester as processes of their own that start at once: each is forked from a server
that has imported everything already.

What runs is the program's own `main`, with its own environment, standard output and error; a signal
or os._exit ends it like any other process.
"""

import contextlib
import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import connection, forkserver
from multiprocessing.context import ForkServerProcess
from pathlib import Path

INGESTER = "ingest.ingester"
PRODUCER = "ingest.producer"
SABOTAGED = "tests.ingest.sabotaged_ingester"

_CONTEXT = multiprocessing.get_context("forkserver")
# Starting a process asks all others whether they have ended, and an exit code can be read only
# once: of two threads that read it at once, one would be told 255.
_EXIT_CODES = threading.Lock()


def prepare(home: Path) -> None:
    """Start the server. The connector reads SNOWFLAKE_HOME while it is imported."""
    before = os.environ.get("SNOWFLAKE_HOME")
    os.environ["SNOWFLAKE_HOME"] = str(home)
    try:
        _CONTEXT.set_forkserver_preload([INGESTER, PRODUCER, SABOTAGED])
        forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ["SNOWFLAKE_HOME"]
        else:
            os.environ["SNOWFLAKE_HOME"] = before


@dataclass
class Program:
    """A running program, with the part of Popen's interface that tests use."""

    process: ForkServerProcess
    log_path: Path
    output_path: Path

    @classmethod
    def start(
        cls, module: str, flags: Sequence[str], environ: Mapping[str, str], folder: Path, name: str
    ) -> "Program":
        log, output = folder / f"{name}.log", folder / f"{name}.out"
        process = _CONTEXT.Process(
            target=_run, args=(module, list(flags), dict(environ), log, output), daemon=True
        )
        with _EXIT_CODES:
            process.start()
        return cls(process, log, output)

    @property
    def log(self) -> str:
        return self.log_path.read_text() if self.log_path.exists() else ""

    @property
    def output(self) -> str:
        return self.output_path.read_text()

    def poll(self) -> int | None:
        with _EXIT_CODES:
            return self.process.exitcode

    def wait(self, timeout: float) -> int:
        connection.wait([self.process.sentinel], timeout)
        exit_code = self.poll()
        if exit_code is None:
            raise subprocess.TimeoutExpired(str(self.log_path), timeout)
        return exit_code

    def send_signal(self, number: int) -> None:
        assert self.process.pid is not None
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    @property
    def resident_bytes(self) -> int:
        """Memory that the process holds now."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        [line] = [each for each in status.splitlines() if each.startswith("VmRSS:")]
        return int(line.split()[1]) * 1024


def _run(
    module: str, flags: Sequence[str], environ: Mapping[str, str], log: Path, output: Path
) -> None:
    """In the new process."""
    threading.Thread(target=_end_with_the_tests, daemon=True).start()
    for descriptor, path in ((1, output), (2, log)):
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    os.environ.clear()
    os.environ.update(environ)
    sys.argv = [module, *flags]
    sys.exit(importlib.import_module(module).main())


def _end_with_the_tests() -> None:
    """Who was killed has not ended what it had started."""
    parent = multiprocessing.parent_process()
    assert parent
    parent.join()
    os._exit(1)
