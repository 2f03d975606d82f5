"""ARCHITECTURE.md says where things are: its file names must be there."""

import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1]
TEXT = (PACKAGE / "ARCHITECTURE.md").read_text(encoding="utf-8")
SOURCE = PACKAGE / "src/flocon"
NAMES = sorted(
    set(re.findall(r"\b((?:[a-z_]+/)+(?:[a-z_]+\.py)?|[a-z_]+\.py)", TEXT)) - {"src/flocon/"}
)


@pytest.mark.parametrize("name", NAMES)
def test_what_the_page_names_is_there(name: str) -> None:
    assert (SOURCE / name).exists() or (PACKAGE / name).exists()


def test_every_package_has_its_layer_on_the_page() -> None:
    packages = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    layers = TEXT.partition("```\n")[2].partition("```")[0]
    assert packages - set(re.findall(r"(\w+)/", layers)) == set()


def way_of(statement: str) -> set[str]:
    """The files that the page names on a statement's way. Every statement's begins alike."""
    way = re.search(rf"^### {statement}\b.*?(?=^##)", TEXT, re.S | re.M)
    assert way
    return set(re.findall(r"[\w/]+\.py", way[0]))
