"""Ends what a killed parent has left behind: kill -9 gives `caves up` no chance to do it itself.

A process of its own reads from a pipe which programs there are; the pipe's end without a word
before it means that the parent is gone. It is started as a file, by a Python without site-packages,
and imports nothing of the project.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable

GRACE_SECONDS = 10.0
POLL_SECONDS = 0.05


class Watchdog:
    """Is given the leaders of process groups as they start and end."""

    def __init__(self) -> None:
        self._popen = subprocess.Popen(
            [sys.executable, "-I", "-S", __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def watch(self, pid: int) -> None:
        self._send(f"+{pid}")

    def forget(self, pid: int) -> None:
        self._send(f"-{pid}")

    def close(self) -> None:
        """Every program has ended: so does the watchdog."""
        with contextlib.suppress(BrokenPipeError):
            self._popen.communicate()

    def _send(self, line: str) -> None:
        assert self._popen.stdin
        with contextlib.suppress(BrokenPipeError, ValueError):
            self._popen.stdin.write(f"{line}\n".encode())
            self._popen.stdin.flush()


def main(lines: Iterable[str]) -> None:
    watched: list[int] = []
    for line in lines:
        pid = int(line[1:])
        if line[0] == "+":
            watched.append(pid)
        elif pid in watched:
            watched.remove(pid)
    end(watched)


def end(groups: list[int]) -> None:
    """Ask the last one first, as the parent would have, and end by force what goes on."""
    for group in reversed(groups):
        _signal(group, signal.SIGTERM)
        deadline = time.monotonic() + GRACE_SECONDS
        while _signal(group, 0) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        _signal(group, signal.SIGKILL)


def _signal(group: int, number: int) -> bool:
    """Whether a process of the group is left."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


if __name__ == "__main__":
    main(sys.stdin)
