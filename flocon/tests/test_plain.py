"""Without what exists for speed alone (`flocon.engine.fast`) the conformance tests pass, too.

Here those that reach each shortcut; `make test-plain` runs all of them, as continuous integration
does.
"""

import os
import subprocess
import sys
from pathlib import Path

_CONFORMANCE = Path(__file__).parent / "conformance"
# Statements that repeat, arrays in binds, paths into a VARIANT, numbers in it, INSERT ALL.
_FILES = ("test_binds.py", "test_flatten.py", "test_variant.py", "test_numbers.py")


def test_answers_are_the_same_without_what_is_there_for_speed(tmp_path: Path) -> None:
    environment = {name: text for name, text in os.environ.items() if "PYTEST" not in name}
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--basetemp", tmp_path]
        + [_CONFORMANCE / name for name in _FILES],
        env={**environment, "FLOCON_PLAIN": "1"},
        cwd=_CONFORMANCE.parents[1],
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stdout[-3000:] + found.stderr[-1000:]
