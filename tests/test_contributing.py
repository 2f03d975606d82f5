"""What the tools of contributors are told: hooks, forms, the licence."""

import re
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"))


def test_the_hooks_run_the_projects_own_tools_and_all_that_make_check_runs() -> None:
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    recipe = re.search(r"^check:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    hooks = [hook for repo in config["repos"] for hook in repo["hooks"]]
    tools = {re.sub(r"^\.venv/bin/", "", hook["entry"].split()[0]) for hook in hooks}

    assert recipe is not None
    assert [repo["repo"] for repo in config["repos"]] == ["local"]
    assert {hook["language"] for hook in hooks} == {"system"}
    assert all(hook["entry"].startswith(".venv/bin/") for hook in hooks)
    assert tools == set(re.findall(r"\$\(BIN\)/([\w-]+)", recipe[1]))


def test_an_issue_form_has_what_github_asks_for() -> None:
    assert len(FORMS) == 2
    for form in (yaml.safe_load(path.read_text("utf-8")) for path in FORMS):
        fields = [each for each in form["body"] if each["type"] != "markdown"]
        ids = [each["id"] for each in fields]

        assert {"name", "description", "body"} <= form.keys()
        assert {each["type"] for each in form["body"]} <= {"dropdown", "markdown", "textarea"}
        assert len(ids) == len(set(ids))
        assert all(each["attributes"]["label"] for each in fields)


def test_the_package_names_the_licence_whose_text_is_here() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    assert project["license"] == "Apache-2.0"
    assert all((ROOT / name).is_file() for name in project["license-files"])
    assert "Apache License\n                           Version 2.0" in (ROOT / "LICENSE").read_text(
        "utf-8"
    )
