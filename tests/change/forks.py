"""Runs modules of a copy of the project, each in a fork of its own: Snowpark, which takes seconds
to import, is imported once, and what the copy holds each time again.

A line of standard input is a JSON list: the copy's folder, the module's name, its arguments. What
the module prints is in the folder's output.txt; for each line the exit code is printed.
"""

import json
import os
import runpy
import sys

import pytest
import snowflake.connector
import snowflake.snowpark  # noqa: F401 - for the forks


def run(folder: str, module: str, *arguments: str) -> int:
    """The exit code of `python -m module arguments` in the folder."""
    os.chdir(folder)
    sys.path[0] = folder
    for name in [name for name in sys.modules if name.partition(".")[0] == "tests"]:
        del sys.modules[name]
    target = os.open("output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(target, 1)
    os.dup2(target, 2)
    if module == "pytest":
        return int(pytest.main(list(arguments)))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
    return 0


def main() -> None:
    # Of a file changed twice in a second, Python would read the first change's bytecode.
    sys.dont_write_bytecode = True
    for line in sys.stdin:
        if child := os.fork():
            _, status = os.waitpid(child, 0)
            sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
            sys.stdout.flush()
            continue
        code = 1
        try:
            code = run(*json.loads(line))
        finally:
            sys.stdout.flush()
            os._exit(code)


if __name__ == "__main__":
    main()
