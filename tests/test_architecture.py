"""What holds for the repository as a whole."""

import ast
import re
from pathlib import Path

import grimp
import pytest

from app.caves.objects import ALERTS, PROCEDURES, ROOT_TASKS, STREAMS, TABLES, TASKS

ROOT = Path(__file__).parents[1]
FOLDERS = ("ingest", "procedures", "app", "flocon/src")
OBJECTS = (ROOT / "docs/objects.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


# How Kafka is reached is the ingester's knowledge, and the `caves` command asks it.
ALLOWED = {"app": {"ingest.errors", "ingest.kafka.clients", "ingest.kafka.settings"}}


def imported(path: Path, allowed: set[str] | None = None) -> set[str]:
    """The first part of every module that the file imports, wherever in the file, other than the
    modules that it may."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            each = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= each if each <= (allowed or set()) else {node.module}
    return {name.split(".")[0] for name in found - (allowed or set())}


def modules_of(folder: str) -> set[str]:
    """The names by which others could import what is in the folder."""
    if folder == "procedures":
        return {"procedures", *(path.stem for path in (ROOT / folder).glob("*.py"))}
    return {folder.split("/")[0]}


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_four_folders_never_import_each_other(folder: str) -> None:
    foreign = set().union(*(modules_of(other) for other in FOLDERS if other != folder))
    files = list((ROOT / folder).rglob("*.py"))
    offences = {
        str(path.relative_to(ROOT)): imported(path, ALLOWED.get(folder)) & foreign for path in files
    }

    assert files
    assert {path: names for path, names in offences.items() if names} == {}


def test_the_tests_of_flocon_stand_alone() -> None:
    foreign = {"tests", "bench", "local", *set().union(*map(modules_of, FOLDERS))} - {"flocon"}
    files = list((ROOT / "flocon/tests").rglob("*.py"))

    assert files
    assert [path.name for path in files if imported(path) & foreign] == []


def test_connections_is_a_leaf() -> None:
    """app and ingest may both import it, for it imports none of the four."""
    foreign = set().union(*map(modules_of, FOLDERS))
    files = list((ROOT / "connections").rglob("*.py"))

    assert files
    assert [path.name for path in files if imported(path) & foreign] == []


def test_no_module_imports_itself_by_a_detour() -> None:
    """Types count: what stands under `if TYPE_CHECKING` is an import like any other."""
    graph = grimp.build_graph("flocon", "app", "ingest", "connections", cache_dir=None)
    left = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    while outermost := {module for module, known in left.items() if not known & left.keys()}:
        left = {module: known for module, known in left.items() if module not in outermost}

    assert "flocon.session.session" in graph.modules
    assert sorted(left) == []


def deployed_files() -> list[Path]:
    return [
        path
        for folder in ("procedures", "app/sql")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in {".py", ".sql", ".yml", ".toml"}
    ]


@pytest.mark.parametrize("path", deployed_files(), ids=lambda path: path.name)
def test_what_is_deployed_does_not_know_the_local_account(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert (
        re.findall(r"fakesnow|duckdb|local account|python -m flocon|127\.0\.0\.1", text, re.I) == []
    )


@pytest.mark.parametrize("name", [*PROCEDURES, *STREAMS, *TABLES, *TASKS, *ALERTS])
def test_the_page_of_objects_names_every_object_of_the_pipeline(name: str) -> None:
    assert re.search(rf"\b{name.split('.')[1]}\b", OBJECTS)


@pytest.mark.parametrize("target", re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.MULTILINE))
def test_a_page_names_every_make_target(target: str) -> None:
    assert f"`make {target}`" in CONTRIBUTING


def test_the_command_knows_the_objects_that_the_files_declare() -> None:
    assert TABLES[0] == "RAW_DATA.RAW_EVENTS_STREAM"
    assert (len(TABLES), len(STREAMS), len(PROCEDURES), len(ALERTS)) == (16, 5, 14, 1)
    assert TASKS == (
        "OPS.TASK_RAW_TO_STAGING_ORDERS",
        "OPS.TASK_RAW_TO_STAGING_INVENTORY",
        "OPS.TASK_STAGING_TO_PROD_ORDERS",
        "OPS.TASK_STAGING_TO_PROD_INVENTORY_HISTORY",
        "OPS.TASK_STAGING_TO_PROD_INVENTORY_CURRENT",
        "OPS.TASK_PURGE",
    )
    assert ROOT_TASKS == ("OPS.TASK_RAW_TO_STAGING_ORDERS", "OPS.TASK_RAW_TO_STAGING_INVENTORY")


# Documented, for all its underscore (https://docs.python.org/3/library/os.html#os._exit).
PUBLIC = {"_exit"}


@pytest.mark.parametrize("folder", ("ingest", "procedures", "app"))
def test_nothing_that_runs_against_snowflake_reaches_into_private_parts(folder: str) -> None:
    """They change without notice, and Snowflake chooses Snowpark's version as much as we do."""
    found = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and re.search(r"(^|\.)_[a-z]", node.module or ""):
                found.add(f"{path.name}: from {node.module}")
            if not isinstance(node, ast.Attribute) or not re.match(r"_[a-z]", node.attr):
                continue
            own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            inherited = isinstance(node.value, ast.Call) and ast.unparse(node.value) == "super()"
            if not own and not inherited and node.attr not in PUBLIC:
                found.add(f"{path.name}: {ast.unparse(node)}")

    assert found == set()
