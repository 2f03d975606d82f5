"""What the card asks of the files of requirements."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
NAMED = {
    "kafka-python",
    "pandas",
    "pytest",
    "snowflake-cli",
    "snowflake-connector-python",
    "snowflake-snowpark-python",
}


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
