"""`python -m local`, the old name of `flocon`: it starts the same account, on its old folder."""

import os
import sys

from flocon.__main__ import main as flocon

_OLD_PASSWORD, _PASSWORD = "LOCAL_ACCOUNT_PASSWORD", "FLOCON_PASSWORD"


def main() -> int:
    sys.stderr.write("python -m local is now called flocon: it goes with version 0.2.\n")
    if _OLD_PASSWORD in os.environ:
        os.environ.setdefault(_PASSWORD, os.environ.pop(_OLD_PASSWORD))
    return flocon(["--data", ".local", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
