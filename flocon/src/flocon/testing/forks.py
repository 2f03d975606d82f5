"""Programs forked from a process that has imported them: real processes, sooner started and ended.

Each has its own arguments, folder and output, as if started from a shell; signals end it, its exit
code is its own.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn


def become(
    program: Callable[[], Any],
    arguments: Sequence[str],
    out: Path,
    err: Path,
    *,
    cwd: Path | None = None,
    stdin: int | None = None,
) -> NoReturn:
    """To be called in a fork: be this program from here on. stdin: an open file for its input."""
    if cwd:
        os.chdir(cwd)
    os.dup2(os.open(os.devnull, os.O_RDONLY) if stdin is None else stdin, 0)
    for number, path in ((1, out), (2, err)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(file, number)
    sys.argv = list(arguments)
    _leave(program)


def _leave(program: Callable[[], Any]) -> NoReturn:
    """Run a program and end as its interpreter would, but for taking down what was imported: that
    takes most of a short command's time, and changes nothing outside of the process."""
    code = 1
    try:
        sys.exit(program())
    except SystemExit as end:
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
        else:
            code = end.code or 0
    except BaseException:
        traceback.print_exc()
    finally:
        # The child leaves by os._exit, so what the interpreter does at its end is done here: it
        # waits for threads, whatever becomes of them.
        with contextlib.suppress(BaseException):
            threading._shutdown()  # type: ignore[attr-defined]  # not in the stubs
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def orders() -> Iterator[dict[str, Any]]:
    """What the process at the other end of standard input asks for."""
    for line in sys.stdin:
        yield json.loads(line)


def answer(value: Any) -> None:
    sys.stdout.write(f"{json.dumps(value)}\n")
    sys.stdout.flush()
