"""Accounts for tests that start and kill many, each forked from a process that has imported it.

`python -m flocon` takes more than a second of CPU to import what it needs, half of one to leave.
"""

from __future__ import annotations

import atexit
import functools
import gc
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from flocon.testing import forks

_END_SECONDS = 20.0


class ForkedAccount:
    """A running account, with the part of Popen's interface that tests use."""

    def __init__(self, arguments: Sequence[str], log: Path) -> None:
        self.returncode: int | None = None
        self.pid = int(_asked({"start": list(arguments), "log": str(log)}))

    def poll(self) -> int | None:
        return self._ended(0)

    def wait(self, timeout: float) -> int:
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("flocon", timeout)
        return code

    def _ended(self, seconds: float) -> int | None:
        if self.returncode is None:
            self.returncode = _asked({"wait": self.pid, "seconds": seconds})
        return self.returncode

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


@functools.cache
def _parent() -> subprocess.Popen[str]:
    """It leaves when this process does, which closes its input and sees it leave."""
    parent = subprocess.Popen(
        [sys.executable, "-P", "-m", "flocon.testing.forked_accounts"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(_end, parent)
    return parent


def _end(parent: subprocess.Popen[str]) -> None:
    assert parent.stdin
    assert parent.stdout
    parent.stdin.close()
    parent.wait(_END_SECONDS)
    parent.stdout.close()


def _asked(order: dict[str, Any]) -> Any:
    parent = _parent()
    assert parent.stdin
    assert parent.stdout
    parent.stdin.write(json.dumps(order) + "\n")
    parent.stdin.flush()
    return json.loads(parent.stdout.readline())


def _exit_code(pid: int, seconds: float) -> int | None:
    """Of a child; None while it runs."""
    deadline = time.monotonic() + seconds
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= deadline:
            return None
        time.sleep(0.005)


def main() -> None:
    account = import_module("flocon.__main__").main
    gc.collect()
    gc.freeze()
    # Nothing is ever written to it: its end tells the accounts that this process has ended.
    stdin, alive = os.pipe()
    for order in forks.orders():
        if pid := order.get("wait"):
            forks.answer(_exit_code(pid, order["seconds"]))
        elif (child := os.fork()) == 0:
            os.close(alive)
            log = order["log"]
            forks.become(account, ["flocon", *order["start"]], log, log, stdin=stdin)
        else:
            forks.answer(child)
    # To take down what was imported takes half a second, and changes nothing outside.
    os._exit(0)


if __name__ == "__main__":
    main()
