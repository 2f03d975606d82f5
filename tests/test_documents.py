"""What the pages name is there: links, files, modules, targets of make, commands of caves."""

import argparse
import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.caves import cli
from flocon import __main__ as account
from ingest import config as ingester
from ingest import producer

ROOT = Path(__file__).parents[1]
# Folders that programs make, and that a clean clone has not.
MADE_BY_RUNS = (".caves", ".flocon", ".kafka", ".local", ".venv")
CHECKED_ENDINGS = "json|md|png|py|sql|svg|toml|txt|yaml|yml"

LINK = re.compile(r"\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)|(?:href|src|srcset)=\"([^\"\s]+)")
NAMED_FILE = re.compile(rf"(?<![\w./@:~-])((?:[\w.-]+/)+[\w.-]+\.(?:{CHECKED_ENDINGS}))\b")
NAMED_FOLDER = re.compile(r"`((?:[\w.-]+/)+)`")
MODULE = re.compile(r"\bpython3? -m ([\w.]*\w)")
CODE_BLOCK = re.compile(r"^ *(```+|~~~+) *(\w*)[^\n]*\n(.*?)^ *\1", re.DOTALL | re.MULTILINE)
SHELLS = ("", "bash", "console", "sh", "shell", "text")
INDENTED_CODE = re.compile(r"(?<=\n\n)(?: {4}.*\n)+")
CODE_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
# Settings before a command: NAME=value make test.
COMMAND = re.compile(
    r"(?:\$ )?(?:\w+=\S+ +)*(?:\.venv/bin/)?(?:python3? -m )?"
    r"(make|caves|ingest\.ingester|ingest\.producer|flocon)(?= |$)(.*)"
)
PARSERS: dict[str, Callable[[], argparse.ArgumentParser]] = {
    "caves": cli.parser,
    "ingest.ingester": lambda: ingester.parser({}),
    "ingest.producer": lambda: producer.parser({}),
    "flocon": account.parser,
}


def pages() -> list[Path]:
    """Every page of the repository, and none of what is installed or generated."""
    folders = [each for each in ROOT.iterdir() if each.is_dir() and each.name[0] != "."]
    found = [*ROOT.glob("*.md"), *(ROOT / ".github").rglob("*.md")]
    return sorted(found + [page for folder in folders for page in folder.rglob("*.md")])


def text_of(page: Path) -> str:
    """A page's text; of the changelog only the newest version, for the others are history."""
    text = page.read_text("utf-8")
    return text if page.name != "CHANGELOG.md" else "## ".join(text.split("\n## ")[:2])


def without_code(text: str) -> str:
    return CODE_SPAN.sub("", CODE_BLOCK.sub("", text))


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to a page's headings."""
    headings = re.findall(r"^#+ +(.+)$", CODE_BLOCK.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.strip().lower()).replace(" ", "-") for each in headings}


def broken_links(text: str, page: Path) -> Iterator[str]:
    for link in (match[1] or match[2] for match in LINK.finditer(without_code(text))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        outside = not target.is_relative_to(ROOT)
        if outside or not target.exists() or (anchor and anchor not in anchors(target)):
            yield link


def missing_files(text: str, page: Path) -> Iterator[str]:
    ours = {each.name for each in ROOT.iterdir() if each.is_dir()} - set(MADE_BY_RUNS)
    for name in {*NAMED_FILE.findall(text), *NAMED_FOLDER.findall(text)}:
        checked = name.endswith((".py", ".sql")) or name.split("/")[0] in ours
        # The package's pages name its modules as they are below its source folder.
        places = (ROOT, page.parent, page.parent / "src" / page.parent.name)
        if checked and not any((place / name).exists() for place in places):
            yield name


def missing_modules(text: str) -> Iterator[str]:
    for name in set(MODULE.findall(text)):
        try:
            found = importlib.util.find_spec(name)
        except ModuleNotFoundError:
            found = None
        if found is None:
            yield name


def commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """The calls of our programs in a page's code: program and words, comments left out."""
    blocks = [match[3] for match in CODE_BLOCK.finditer(text) if match[2] in SHELLS]
    rest = CODE_BLOCK.sub("", text)
    spans = [" ".join(each.split()) for each in CODE_SPAN.findall(rest)]
    for line in "\n".join([*blocks, *INDENTED_CODE.findall(rest), *spans]).splitlines():
        if match := COMMAND.match(line.strip()):
            yield match[1], re.split(r"(?:^| )[#&|;>]", match[2])[0].split()


def missing_targets(text: str) -> Iterator[str]:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    known = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    for program, words in commands(text):
        if program == "make":
            yield from (
                word for word in words if re.fullmatch("[a-z][a-z-]*", word) and word not in known
            )


def missing_commands(text: str) -> Iterator[str]:
    """Commands that a program's parser does not know, and flags that they do not have."""
    for program, words in commands(text):
        if program not in PARSERS:
            continue
        parser, call = PARSERS[program](), " ".join([program, *words])
        for word in words:
            nested = subcommands(parser)
            if word.startswith("-"):
                if word.split("=")[0] not in parser._option_string_actions:
                    yield f"{call}: {word}"
            elif word in nested:
                parser = nested[word]
            elif nested and re.fullmatch("[a-z][a-z-]*", word):
                yield f"{call}: {word}"
                break


def subcommands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    found: dict[str, argparse.ArgumentParser] = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found |= action.choices
    return found


each_page = pytest.mark.parametrize(
    "page", pages(), ids=lambda page: page.relative_to(ROOT).as_posix()
)


@each_page
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    assert sorted(broken_links(text_of(page), page)) == []


@each_page
def test_every_file_and_module_that_a_page_names_exists(page: Path) -> None:
    text = text_of(page)

    assert sorted(missing_files(text, page)) == []
    assert sorted(missing_modules(text)) == []


@each_page
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    text = text_of(page)

    assert sorted(missing_targets(text)) == []
    assert sorted(missing_commands(text)) == []


def test_what_does_not_exist_is_found() -> None:
    page = ROOT / "docs" / "roles.md"
    text = """
[gone](gone.md), [no heading](roles.md#nowhere), [there](../README.md), `[code](x.md)`,
<img src="gone.png">, `ingest/gone.py`, tests/test_gone.py, `app/gone/`, `app/sql/`,
https://example.org/a/b.py, `ingest/ingester.py`, ~/.snowflake/connections.toml,
`python -m ingest.gone`, `python -m pytest`, `make nothing`, `NAME=1 make check gone NAME=2`,
`caves vanish`, `caves rejected list`, `caves rejected vanish`, `caves deploy --gone`,
`python -m flocon --gone 1`, `python -m ingest.ingester -c prod --gone x --topic=y`.

    caves verify --since 2h   # not a word: make nothing
    make help && true

```bash
.venv/bin/caves disappear
```

```mermaid
caves --> account
```
"""

    assert set(broken_links(text, page)) == {"gone.md", "roles.md#nowhere", "gone.png"}
    assert set(missing_files(text, page)) == {"ingest/gone.py", "tests/test_gone.py", "app/gone/"}
    assert set(missing_modules(text)) == {"ingest.gone"}
    assert set(missing_targets(text)) == {"nothing", "gone"}
    assert set(missing_commands(text)) == {
        "caves vanish: vanish",
        "caves rejected vanish: vanish",
        "caves deploy --gone: --gone",
        "caves disappear: disappear",
        "flocon --gone 1: --gone",
        "ingest.ingester -c prod --gone x --topic=y: --gone",
    }


def test_the_architecture_page_names_every_folder_of_code() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    folders = {path.parent.name for path in ROOT.glob("[!.]*/*.py")}

    assert {"app", "ingest", "procedures"} <= folders
    assert {each for each in folders if f"`{each}/`" not in text} == set()


def test_the_pages_make_a_site_without_a_broken_link(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path / "site")],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    home = (tmp_path / "site" / "index.html").read_text("utf-8")
    assert 'href="project/"' in home  # README's page
    assert (tmp_path / "site" / "project" / "ARCHITECTURE" / "index.html").exists()


OBJECT = re.compile(
    r"^CREATE (?:OR REPLACE |OR ALTER )?(?:TABLE|STAGE|STREAM|TASK|VIEW|ALERT) (?:IF NOT EXISTS )?"
    r"\w+\.(\w+)",
    re.MULTILINE,
)


def test_the_page_of_objects_names_every_object_and_no_other() -> None:
    page = (ROOT / "docs" / "objects.md").read_text("utf-8")
    sql = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "app/sql").glob("*.sql")))
    manifest = yaml.safe_load((ROOT / "snowflake.yml").read_text("utf-8"))
    procedures = {each["identifier"]["name"] for each in manifest["entities"].values()}
    objects = {*OBJECT.findall(sql), *procedures}
    columns = set(re.findall(r"^    (\w+) [A-Z]", sql, re.MULTILINE))

    assert len(objects) > 50
    assert sorted(name for name in objects if not re.search(rf"\b{name}\b", page)) == []
    named = re.findall(r"`(?:[A-Z_]+\.)?([A-Z][A-Z_]{4,})`", page)
    assert sorted(set(named) - objects - columns) == []


def test_the_page_of_objects_counts_the_metrics() -> None:
    page = (ROOT / "docs" / "objects.md").read_text("utf-8")
    health = (
        (ROOT / "app/sql/07_operations.sql").read_text("utf-8").partition("OPS.PIPELINE_HEALTH")
    )
    alerts = (ROOT / "app/sql/08_alerts.sql").read_text("utf-8")
    metrics = set(re.findall(r"'([A-Z_]+)' AS METRIC", health[2]))
    more = set(re.findall(r"'([A-Z_]+)' AS METRIC", alerts)) - metrics

    assert (len(metrics), len(more)) == (6, 2)
    assert "| `PIPELINE_HEALTH` | six metrics " in page
    assert "the same and two more" in page


def test_readme_is_short_shows_two_pictures_and_its_badges_are_true() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    badges = dict(re.findall(r"badge/(\w+)-([\w.-]+)-blue", text))
    version = ".".join(str(part) for part in sys.version_info[:2])

    assert len(text.splitlines()) <= 150
    assert "no Snowflake account" in " ".join(text.split())
    assert text.count("```mermaid") == 1
    assert len(set(re.findall(r"docs/[\w-]+\.png", text))) >= 1
    assert badges == {
        "licence": project["license"].replace("-", "--"),
        "python": "3.11",
    }
    assert badges["python"] == version
    assert f"python{version}" in (ROOT / "Makefile").read_text("utf-8")


def test_the_page_of_commands_names_every_command() -> None:
    page = (ROOT / "docs" / "commands.md").read_text("utf-8")

    assert [name for name in cli.COMMANDS if f"`caves {name}" not in page] == []


def test_the_credits_of_the_page_on_cost_are_those_of_the_model(
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = (ROOT / "docs" / "cost.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)`.*?\| ([\d.]+) \| ([\d.]+) \|$", page, re.MULTILINE)
    assert cli.main(["cost", "--offline", "--json"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert cli.main(["cost", "--offline", "--json", "--env", "warehouse_generation=2"]) == 0
    second = json.loads(capsys.readouterr().out)

    def credits_a_day(answer: Any) -> dict[str, str]:
        found = {each["PROFILE"]: each["CREDITS_A_DAY"] for each in answer["profiles"]}
        return {name: f"{round(credits, 1):g}" for name, credits in found.items()}

    assert {name: one for name, one, _ in rows} == credits_a_day(first)
    assert {name: two for name, _, two in rows} == credits_a_day(second)


# Said aloud, an engineer would choose another word.
TRANSLATED = re.compile(
    r"\b(mends?|mended|anew|whoever|of which is known|are none|only informs?|thereof|whence)\b",
    re.IGNORECASE,
)


@each_page
def test_a_page_reads_as_it_would_be_said(page: Path) -> None:
    assert TRANSLATED.findall(without_code(text_of(page))) == []


def test_the_index_of_decisions_lists_every_page() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text("utf-8"))

    assert listed == sorted(path.name for path in folder.glob("[0-9]*.md"))


def glossary() -> list[tuple[str, str]]:
    """Each term with the page that it sends the reader to."""
    text = (ROOT / "docs" / "glossary.md").read_text("utf-8")
    rows = re.findall(r"^\| ([^|]+) \|.*\| \[[^]]+\]\(([^)#]+)[^)]*\) \|$", text, re.MULTILINE)
    return [(term, page) for term, page in rows if term != "term"]


def test_the_glossary_is_in_alphabetical_order() -> None:
    terms = [term for term, _ in glossary()]

    assert len(terms) == text_of(ROOT / "docs" / "glossary.md").count("\n| ") - 1
    assert terms == sorted(set(terms), key=str.lower)


@pytest.mark.parametrize(("term", "page"), glossary())
def test_a_term_is_used_on_the_page_that_the_glossary_names(term: str, page: str) -> None:
    text = (ROOT / "docs" / page).read_text("utf-8")

    assert re.search(rf"\b{term}", " ".join(text.split()), re.IGNORECASE)
