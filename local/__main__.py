"""`python -m local`, the old name of `python -m flocon`: it starts the same account."""

import sys

from flocon.__main__ import main

if __name__ == "__main__":
    sys.stderr.write("python -m local is now python -m flocon; the old name goes with 0.2.\n")
    sys.exit(main())
