"""Run a module without the package crc32c, which kafka-python computes checksums by if it is there.

python -m bench.without_crc32c MODULE ARGUMENT…
"""

import runpy
import sys


def main() -> None:
    sys.argv = sys.argv[1:]
    # What stands for a module that cannot be imported, to Python's import system.
    sys.modules["crc32c"] = None  # type: ignore[assignment]  # as its documentation has it
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
