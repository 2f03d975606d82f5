"""flocon as strangers have it: installed in a fresh virtual environment, with what it declares."""

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_PACKAGE = Path(__file__).parents[1]


class FreshEnvironment:
    """A virtual environment with flocon's wheel in it, and the packages that the wheel declares:
    those of the environment that runs this, by links, so that nothing has to be fetched."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "venv" / "bin"
        venv.create(folder / "venv", with_pip=False)
        self.site = next((folder / "venv" / "lib").glob("python3.*")) / "site-packages"
        self.wheel = _wheel(folder)
        _pip("--python", str(self.bin / "python"), "install", "--no-deps", str(self.wheel))
        (declared,) = metadata.distributions(name="flocon", path=[str(self.site)])
        self.install(declared.requires or [])

    def install(self, requirements: Iterable[str]) -> None:
        """Link these packages and what they need."""
        for distribution in _closure(requirements):
            for file in distribution.files or []:
                target = self.site / file
                if ".." not in file.parts and not target.exists():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.symlink_to(Path(str(distribution.locate_file(file))).resolve())

    def run(self, *command: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a program of it; what it writes."""
        return subprocess.run(
            [str(self.bin / command[0]), *command[1:]],
            cwd=cwd,
            env=self.environment(**environment),
            capture_output=True,
            text=True,
            timeout=120,
        )

    def environment(self, **more: str) -> dict[str, str]:
        """Nothing of the surrounding environment leads to other packages or to other options."""
        others = ("PYTHON", "PYTEST_")
        kept = {key: text for key, text in os.environ.items() if not key.startswith(others)}
        return {**kept, "PATH": f"{self.bin}:{os.environ['PATH']}", **more}


def _wheel(folder: Path) -> Path:
    """Built of a copy: setuptools writes into the folder."""
    source = folder / "source"
    shutil.copytree(_PACKAGE, source, ignore=shutil.ignore_patterns("tests", "*.egg-info", ".*"))
    _pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source))
    return next(folder.glob("flocon-*.whl"))


def _pip(*arguments: str) -> None:
    offline = {**os.environ, "PIP_NO_INDEX": "1"}
    subprocess.run([sys.executable, "-m", "pip", "-q", *arguments], env=offline, check=True)


def _closure(requirements: Iterable[str]) -> list[metadata.Distribution]:
    found: dict[str, metadata.Distribution] = {}
    seen = set()
    waiting = [(Requirement(text), "") for text in requirements]
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        for wanted in {"", *requirement.extras}:
            if (name, wanted) not in seen:
                seen.add((name, wanted))
                found[name] = metadata.distribution(name)
                waiting += [(Requirement(text), wanted) for text in found[name].requires or []]
    return list(found.values())
