"""README's habits in fresh virtual environments.

What they need is read from the files in a moment; `make test-card` installs it, which takes pip
some minutes.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAMED = {
    "kafka-python",
    "pandas",
    "pytest",
    "snowflake-cli",
    "snowflake-connector-python",
    "snowflake-snowpark-python",
}
slow = pytest.mark.skipif("CARD" not in os.environ, reason="pip downloads: make test-card")


def test_what_development_installs_has_what_the_card_names() -> None:
    lines = (ROOT / "requirements-dev.txt").read_text("utf-8").splitlines()
    [extras] = [re.findall(r"\w+", line) for line in lines if line.startswith("-e .[")]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = list(project["dependencies"])
    for extra in extras[1:]:
        wanted += project["optional-dependencies"][extra]
    names = {re.split(r"[\[<>=! ]", each)[0] for each in wanted}

    assert extras[0] == "e"
    assert names >= NAMED
    assert "-c requirements.lock" in lines


def test_the_requirements_say_in_their_first_line_what_they_are_for() -> None:
    first = (ROOT / "requirements.txt").read_text("utf-8").splitlines()[0]
    development = (ROOT / "requirements-dev.txt").read_text("utf-8").splitlines()[0]

    assert first.startswith("# What runs inside Snowflake")
    assert development.startswith("# Everything for development and the tests")


def made(folder: Path, *requirements: str) -> Path:
    """A fresh environment's folder of programs, with these requirements."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    programs = folder / "bin"
    pip = [programs / "python", "-m", "pip", "install", "--quiet", *requirements]
    subprocess.run(pip, cwd=ROOT, check=True)
    return programs


@slow
@pytest.mark.timeout(1200)
def test_the_card_works_in_a_fresh_environment(tmp_path: Path) -> None:
    programs = made(tmp_path / "dev", "-r", "requirements-dev.txt")
    listed = subprocess.run(
        [programs / "python", "-m", "pip", "freeze"], capture_output=True, text=True, check=True
    )
    names = {line.partition("==")[0] for line in listed.stdout.splitlines()}
    assert {each.lower() for each in names} >= NAMED

    one = ["-m", "pytest", "-q", "tests/procedures/test_orders_transforms.py"]
    done = subprocess.run(
        [programs / "python", *one, "-k", "an_order_becomes", "-p", "no:cacheprovider"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert "1 passed" in done.stdout, done.stdout + done.stderr


@slow
@pytest.mark.timeout(1200)
def test_the_ingester_starts_with_its_two_packages_alone(tmp_path: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = [
        each
        for each in project["optional-dependencies"]["ingest"]
        if each.startswith(("kafka-python==", "snowflake-connector-python=="))
    ]
    programs = made(tmp_path / "ingest", *needed)
    done = subprocess.run(
        [programs / "python", "ingest/ingester.py", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )

    assert len(needed) == 2
    assert (done.returncode, done.stdout[:6]) == (0, "usage:"), done.stderr
