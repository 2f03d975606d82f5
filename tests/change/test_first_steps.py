"""The first change that README and the tutorial lead to, typed into a copy of the project."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
COPIED = ("docs", "procedures", "tests", "app", "pyproject.toml")
KINDS = "procedures/event_kinds.py"
TESTS = "tests/procedures/test_orders_transforms.py"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__", "*.png")
    for name in COPIED:
        if (PROJECT / name).is_dir():
            shutil.copytree(PROJECT / name, tmp_path / name, ignore=ignored)
        else:
            shutil.copy(PROJECT / name, tmp_path / name)
    return tmp_path


def page(name: str) -> str:
    return (PROJECT / name).read_text("utf-8")


def code(text: str, language: str, words: str) -> str:
    """The one block of code with these words."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    [found] = [block for block in blocks if words in block]
    return found


def command(text: str, words: str) -> list[str]:
    """The one command with these words, on a line of its own."""
    [found] = re.findall(rf"^    (.*{words}.*)$", text, re.MULTILINE)
    return shlex.split(found)


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert text.count(old) == 1, f"{path.name} has {old!r} {text.count(old)} times"
    path.write_text(text.replace(old, new), "utf-8")


def run(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """pytest as the page calls it."""
    assert words[0] == "pytest"
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-m", *words, "-p", "no:xdist", "-p", "no:cacheprovider"],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
    )


def test_the_change_in_readme_makes_its_failing_test_pass(copy: Path) -> None:
    readme = page("README.md")
    with (copy / TESTS).open("a", encoding="utf-8") as tests:
        tests.write("\n\n" + code(readme, "python", "test_a_wine_is"))
    the_test = command(readme, "-k wine")
    failed = run(the_test, copy)
    assert "assert None == 'Chablis'" in failed.stdout, failed.stdout + failed.stderr

    removed, added = re.findall(r"^[-+](.*)$", code(readme, "diff", "wine"), re.MULTILINE)
    replace(copy / KINDS, removed + "\n", added + "\n")
    passed = run(the_test, copy)
    assert "1 passed" in passed.stdout, passed.stdout + passed.stderr


def test_the_tutorials_rule_makes_its_test_pass_and_its_limit_can_be_lowered(copy: Path) -> None:
    tutorial = page("docs/tutorial.md")
    neighbour = code(tutorial, "text", '"-2"').strip()
    added = code(tutorial, "text", "1001").strip()
    replace(copy / TESTS, neighbour + "\n", f"{neighbour}\n        {added}\n")
    rule = code(tutorial, "python", "def too_many")
    replace(copy / KINDS, "def negative(", f"{rule}\n\ndef negative(")
    kinds = copy / KINDS
    [today] = re.findall(r"^QUANTITY = .*\n", kinds.read_text("utf-8"), re.MULTILINE)
    replace(kinds, today, code(tutorial, "python", "QUANTITY ="))
    the_test = command(tutorial, "-k 1001")
    passed = run(the_test, copy)
    assert "1 passed" in passed.stdout, passed.stdout + passed.stderr

    events = [sys.executable, "-m", "tests.procedures.derived"]  # make events
    subprocess.run(events, cwd=copy, check=True)
    assert "above 0, at most 1000" in (copy / "docs/events.md").read_text("utf-8")

    replace(kinds, "MOST_BOTTLES = 1000\n", "MOST_BOTTLES = 1\n")
    lowered = run(the_test, copy)
    assert "'quantity is above 1: 1001'" in lowered.stdout, lowered.stdout + lowered.stderr
