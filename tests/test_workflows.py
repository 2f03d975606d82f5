"""The workflows of .github: what they call is there, and nobody can put other code in its place."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.caves import cli

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / ".github").rglob("*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def steps(document: dict[str, Any]) -> list[dict[str, Any]]:
    jobs = [document["runs"]] if "runs" in document else document["jobs"].values()
    return [step for job in jobs for step in job.get("steps", [])]


COMMANDS = [
    (f"{path.name}: {line.strip()}", line.strip())
    for path in FILES
    for step in steps(yaml.safe_load(path.read_text("utf-8")))
    for line in step.get("run", "").splitlines()
    if line.strip().startswith(("make ", "caves "))
]


def test_the_workflows_pass_the_linter() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("jactionlint"), *FILES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_make_check_lints_them() -> None:
    assert "\n\t$(BIN)/jactionlint\n" in (ROOT / "Makefile").read_text("utf-8")


@pytest.mark.parametrize("line", [line for _, line in COMMANDS], ids=[name for name, _ in COMMANDS])
def test_every_command_of_a_workflow_is_there(line: str) -> None:
    [program, *arguments] = shlex.split(line.split(" | ")[0])
    if program == "make":
        assert set(arguments) <= TARGETS
    else:
        cli.parser().parse_args(arguments)


def test_the_workflows_check_test_plan_deploy_and_verify() -> None:
    assert [line.split(" --env")[0] for _, line in COMMANDS] == [
        "make venv",
        "caves deploy --plan",
        "caves deploy",
        "caves verify",
        "make venv",
        "make check",
        "make test",
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_actions_of_others_are_pinned_to_a_commit_and_name_its_version(path: Path) -> None:
    used = re.findall(r"uses: (\S+)(.*)", path.read_text("utf-8"))
    for name, comment in used:
        if not name.startswith("./"):
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", name), name
            assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), name


@pytest.mark.parametrize("name", ["tests.yml", "deploy.yml"])
def test_a_workflow_may_read_the_repository_and_nothing_else(name: str) -> None:
    document = yaml.safe_load((ROOT / ".github/workflows" / name).read_text("utf-8"))

    assert document["permissions"] == {"contents": "read"}
    assert "concurrency" in document
    for job in document["jobs"].values():
        assert "permissions" not in job


def test_production_waits_for_the_tests_the_plan_and_an_approval() -> None:
    document = yaml.safe_load((ROOT / ".github/workflows/deploy.yml").read_text("utf-8"))
    jobs = document["jobs"]

    assert (jobs["plan"]["needs"], jobs["deploy"]["needs"]) == ("tests", "plan")
    assert jobs["deploy"]["environment"] == "production"
    assert jobs["plan"]["environment"] != "production"


def test_the_versions_of_python_and_of_the_cli_are_the_projects_own() -> None:
    text = (ROOT / ".github/actions/snowflake/action.yml").read_text("utf-8")
    lock = (ROOT / "requirements.lock").read_text("utf-8")

    [version] = re.findall(r'cli-version: "(.+)"', text)
    assert f"\nsnowflake-cli=={version}\n" in lock
    assert 'python-version: "3.11"' in text
