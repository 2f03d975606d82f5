"""A real broker for a test: `with running_broker() as bootstrap_servers:`."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from app.caves.machine import broker
from app.caves.machine.supervision import Process, ProcessError, free_port
from tests.support.left_behind import watchdog

HOST = "127.0.0.1"
ATTEMPTS = 3


@contextlib.contextmanager
def running_broker(port: int | None = None) -> Iterator[str]:
    """Run a broker with empty memory, ready to be used; yield its bootstrap servers."""
    with tempfile.TemporaryDirectory(prefix="caves-broker-") as folder:
        process, bootstrap_servers = _start(Path(folder) / "broker.log", port)
        try:
            yield bootstrap_servers
        finally:
            process.stop()
            watchdog().forget(process.pid)


def _start(log: Path, port: int | None) -> tuple[Process, str]:
    """Another test may take a free port between finding and binding it: then try the next one."""
    for attempt in range(1, ATTEMPTS + 1):
        chosen = port or free_port(HOST)
        process = Process.start("broker", broker.command(chosen, HOST), log)
        watchdog().watch(process.pid)
        try:
            process.wait_until(lambda: broker.is_ready(chosen, HOST), timeout=20)  # noqa: B023 - used at once
        except ProcessError:
            process.stop()
            watchdog().forget(process.pid)
            if port or attempt == ATTEMPTS:
                raise
        except BaseException:
            process.stop()
            raise
        else:
            return process, f"{HOST}:{chosen}"
    raise AssertionError("unreachable")
