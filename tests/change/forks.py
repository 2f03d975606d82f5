"""Runs modules of its folder, each in a fork of its own: Snowpark, which takes seconds to
import, is imported once, and what the folder holds each time again.

A line of standard input is a JSON list: the file for what the module prints, the module's name, its
arguments. For each line the exit code is printed.
"""

import json
import os
import runpy
import sys

import pytest
import snowflake.connector
import snowflake.snowpark  # noqa: F401 - for the forks


def run(output: str, module: str, *arguments: str) -> int:
    """The exit code of `python -m module arguments`, which prints into the file."""
    target = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(target, 1)
    os.dup2(target, 2)
    if module == "pytest":
        return int(pytest.main(list(arguments)))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
    return 0


def main() -> None:
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
