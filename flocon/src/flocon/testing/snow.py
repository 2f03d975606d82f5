"""The real `snow` command without its start: a process that has imported it forks one per command.

Importing the CLI takes seconds of CPU, a command a fraction of one. Each command is a process of
its own with its own arguments, folder and output, as from a shell.
"""

import functools
import gc
import json
import os
import select
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path

from flocon.testing import forks

_TIMEOUT_SECONDS = 120.0


class Snow:
    """Runs `snow` commands one after another in one environment."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._parent = subprocess.Popen(
            [sys.executable, "-P", "-m", "flocon.testing.snow"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run one command: its exit code and the texts that it wrote. Raises TimeoutError."""
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
    snow = import_module("snowflake.cli._app.__main__").main
    for order in forks.orders():
        if (child := os.fork()) == 0:
            arguments = ["snow", *order["arguments"]]
            forks.become(snow, arguments, order["out"], order["err"], cwd=order["cwd"])
        _, status = os.waitpid(child, 0)
        forks.answer(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
