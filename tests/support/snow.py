"""The real `snow` command without its start: a process that has imported it forks one per command.

Importing the CLI takes seconds of CPU, a command a fraction of one. Each command is a process of
its own with its own arguments, folder and output, as from a shell.
"""

import atexit
import contextlib
import functools
import gc
import json
import os
import select
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

_TIMEOUT_SECONDS = 120.0


class Snow:
    """Runs `snow` commands one after another in one environment."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._parent = subprocess.Popen(
            [sys.executable, "-m", "tests.support.snow"],
            cwd=Path(__file__).resolve().parent.parent.parent,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """One command; its exit code and what it wrote."""
        with tempfile.TemporaryDirectory() as folder:
            out, err = Path(folder, "out"), Path(folder, "err")
            order = {"arguments": arguments, "cwd": str(cwd), "out": str(out), "err": str(err)}
            assert self._parent.stdin
            assert self._parent.stdout
            self._parent.stdin.write(json.dumps(order) + "\n")
            self._parent.stdin.flush()
            ready, _, _ = select.select([self._parent.stdout], [], [], _TIMEOUT_SECONDS)
            if not ready:
                self.close()
                raise TimeoutError(f"snow {' '.join(arguments)}: {out.read_text()}")
            code = int(self._parent.stdout.readline())
            return subprocess.CompletedProcess(
                ["snow", *arguments], code, out.read_text(), err.read_text()
            )

    def close(self) -> None:
        self._parent.kill()
        self._parent.communicate()


def _become(order: dict[str, Any]) -> NoReturn:
    """Turn this process into `snow` with these arguments."""
    from snowflake.cli._app.__main__ import main as snow

    os.chdir(order["cwd"])
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    for number, name in ((1, "out"), (2, "err")):
        file = os.open(order[name], os.O_WRONLY | os.O_CREAT)
        os.dup2(file, number)
    sys.argv = ["snow", *order["arguments"]]
    _leave(snow)


def _leave(program: Callable[[], Any]) -> NoReturn:
    """Run a program and end as its interpreter would, but for taking down what was imported: that
    takes most of a command's time, and changes nothing outside of the process."""
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
        with contextlib.suppress(BaseException):
            threading._shutdown()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _prepare() -> None:
    """What `snow` does before it looks at its arguments: import everything, build its commands."""
    import_module("snowflake.cli._app.__main__")
    plugins = import_module("snowflake.cli._app.commands_registration.builtin_plugins")
    for plugin in plugins.get_builtin_plugin_name_to_plugin_spec().values():
        built = plugin.command_spec()
        assert built.command
        plugin.command_spec = functools.wraps(plugin.command_spec)(lambda built=built: built)


def main() -> None:
    _prepare()
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        if (child := os.fork()) == 0:
            _become(json.loads(line))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
