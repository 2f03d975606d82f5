"""The real `snow` command builds, deploys, shows, runs and drops a project's procedures."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parent / "project"


@dataclass
class Project:
    """A copy of the sample project, deployed to a database of its own."""

    account: Any
    folder: Path
    database: str

    def snow(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        place = ("--database", self.database, "--schema", "PUBLIC", "--warehouse", "SNOW_WH")
        return self.account.snow(*arguments, *place, cwd=self.folder)

    def answer(self, *arguments: str) -> Any:
        """What a command that must succeed says as JSON."""
        answer = self.snow(*arguments, "--format", "json")
        assert answer.returncode == 0, answer.stdout + answer.stderr
        return json.loads(answer.stdout)

    def call(self, call: str) -> dict[str, Any]:
        """The one row of a procedure's answer."""
        return self.answer("snowpark", "execute", "procedure", call)

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.folder / file
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


@pytest.fixture(scope="module")
def project(account: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("snow") / "project"
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__"))
    database = "SNOW_PROJECT"
    with account.connect() as connection:
        connection.cursor().execute("CREATE WAREHOUSE IF NOT EXISTS SNOW_WH")
        connection.cursor().execute(f"CREATE OR REPLACE DATABASE {database}")
    project = Project(account, folder, database)
    built = project.snow("snowpark", "build")
    assert built.returncode == 0, built.stdout + built.stderr
    yield project
    with account.connect() as connection:
        connection.cursor().execute(f"DROP DATABASE {database}")


def statuses(rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(row["object"].partition("(")[0].rpartition(".")[2], row["status"]) for row in rows]


def test_a_projects_procedures_go_through_their_whole_life(project: Project) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowflake-cli/snowpark/overview"""
    # 1. A first deployment creates, a second one without changes replaces nothing.
    assert statuses(project.answer("snowpark", "deploy")) == [
        ("COUNT_ROWS", "created"),
        ("GREET", "created"),
        ("SHOUT", "created"),
    ]
    assert statuses(project.answer("snowpark", "deploy", "--replace")) == [
        ("COUNT_ROWS", "packages updated"),
        ("GREET", "packages updated"),
        ("SHOUT", "packages updated"),
    ]

    # 2. The deployed zip runs, its modules see one another.
    assert project.call("greet()") == {"GREET": 'Santé, "LOCAL"'}
    shouted = project.answer("snowpark", "execute", "function", "shout('été', 2)")
    assert shouted == {"SHOUT('ÉTÉ', 2)": "ÉTÉ!!"}
    counted = project.call("count_rows('information_schema.schemata', 1)")["COUNT_ROWS"]
    assert json.loads(counted)["table"] == "information_schema.schemata"
    assert json.loads(counted)["enough"] is True

    # 3. The command's lists show them.
    listed = project.answer("object", "list", "procedure", "--like", "%r%")
    assert [row["name"] for row in listed] == ["COUNT_ROWS", "GREET"]
    described = project.answer("object", "describe", "procedure", "count_rows(string, int)")
    properties = {row["property"]: row["value"] for row in described}
    assert properties["handler"] == "report.count_rows"
    assert project.answer("snowpark", "list", "procedure", "--like", "%r%") == listed
    of_type = ("snowpark", "describe", "procedure", "count_rows(string, int)")
    assert project.answer(*of_type) == described
    assert properties["signature"] == "(TABLE_NAME VARCHAR, AT_LEAST NUMBER DEFAULT 0)"

    functions = project.answer("snowpark", "list", "function")
    assert [row["name"] for row in functions] == ["SHOUT"]
    of_function = ("snowpark", "describe", "function", "shout(string, int)")
    properties = {row["property"]: row["value"] for row in project.answer(*of_function)}
    assert properties["signature"] == "(TEXT VARCHAR, TIMES NUMBER DEFAULT 1)"

    # 4. Changed code runs after a deployment that finds the definition unchanged.
    project.edit("src/texts.py", "Santé", "À la vôtre")
    assert project.snow("snowpark", "build").returncode == 0
    assert statuses(project.answer("snowpark", "deploy", "--replace"))[1] == (
        "GREET",
        "packages updated",
    )
    assert project.call("greet()") == {"GREET": 'À la vôtre, "LOCAL"'}

    # 5. What is dropped is gone.
    assert project.snow("object", "drop", "procedure", "greet()").returncode == 0
    with project.account.connect(database=project.database, schema="PUBLIC") as connection:
        left = connection.cursor().execute("SHOW PROCEDURES IN SCHEMA PUBLIC").fetchall()
    assert [row[1] for row in left] == ["COUNT_ROWS"]
    dropped = project.snow("snowpark", "drop", "procedure", "count_rows(string, int)")
    assert dropped.returncode == 0, dropped.stderr
    assert project.answer("snowpark", "list", "procedure") == []
    dropped = project.snow("snowpark", "drop", "function", "shout(string, int)")
    assert dropped.returncode == 0, dropped.stderr
    assert project.answer("snowpark", "list", "function") == []
