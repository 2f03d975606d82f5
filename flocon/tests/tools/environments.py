"""An environment of its own for each tool, kept in .tools/ until its requirements change."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
KEPT = Path(__file__).parents[3] / ".tools"


class Environment:
    """name: of the file in requirements/ that pins what is in it."""

    def __init__(self, name: str) -> None:
        pinned = HERE / "requirements" / f"{name}.txt"
        digest = hashlib.sha256(pinned.read_bytes()).hexdigest()[:12]
        folder = KEPT / f"{name}-{digest}"
        self.bin = folder / "bin"
        if not (folder / "whole").exists():
            _run(sys.executable, "-m", "venv", "--clear", str(folder))
            python = str(self.bin / "python")
            _run(python, "-m", "pip", "install", "--quiet", "-r", str(pinned))
            (folder / "whole").touch()

    def run(self, program: str, *arguments: str, cwd: Path, **more: str) -> str:
        """Run one of its programs to its end; what it printed. It must end well."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        done = subprocess.run(
            [str(self.bin / program), *arguments],
            cwd=cwd,
            env={**kept, "SNOWFLAKE_DISABLE_PLATFORM_DETECTION": "true", **more},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
        return done.stdout


def _run(*command: str) -> None:
    subprocess.run(command, check=True, timeout=900)
