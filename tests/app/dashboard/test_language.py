"""What the shop's page says, and how it writes numbers and dates, in both languages."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

from tests.app.dashboard import conftest  # noqa: F401  # the path of the pages' modules

from filters import PERIODS  # isort: skip
from language import ENGLISH, FRENCH, Language  # isort: skip
from shop_page import SEGMENTS  # isort: skip

PAGES = Path(__file__).parents[3] / "app" / "dashboard"
FRENCH_OF = Language("fr")


def test_numbers_are_written_as_the_language_does() -> None:
    assert ENGLISH.euros(5_196_859) == "€5,196,859"
    assert FRENCH_OF.euros(5_196_859) == "5\u202f196\u202f859\u00a0€"
    assert ENGLISH.euros(-1234.5, 2) == "−€1,234.50"
    assert FRENCH_OF.euros(-1234.5, 2) == "−1\u202f234,50\u00a0€"
    assert ENGLISH.number(-0.2) == FRENCH_OF.number(-0.2) == "0"
    assert ENGLISH.number(5_198_174.5) == "5,198,175"
    assert FRENCH_OF.number(3.65, 1) == "3,7"
    assert ENGLISH.percent(-12) == "−12%"
    assert FRENCH_OF.percent(12) == "12\u00a0%"


def test_a_small_share_is_not_nothing() -> None:
    assert ENGLISH.share(1, 1000) == "<\u00a01%"
    assert FRENCH_OF.share(1, 1000) == "<\u00a01\u00a0%"
    assert ENGLISH.share(0, 1000) == ENGLISH.share(0, 0) == "0%"
    assert ENGLISH.share(5, 1000) == "1%"


def test_dates_are_written_as_the_language_does() -> None:
    moment = datetime(2026, 11, 28, 18, 3)
    assert ENGLISH.moment(moment) == "28\u00a0Nov.\u00a02026, 18:03"
    assert FRENCH_OF.moment(moment) == "28\u00a0nov.\u00a02026, 18:03"
    first = date(2026, 5, 1)
    assert ENGLISH.day(first, year=False) == "1\u00a0May"
    assert FRENCH_OF.day(first) == "1er\u00a0mai\u00a02026"
    assert (ENGLISH.weekday(first), FRENCH_OF.weekday(first)) == ("Friday", "vendredi")
    assert (ENGLISH.hour(9), FRENCH_OF.hour(9)) == ("09:00", "9\u00a0h")
    assert ENGLISH.days(first, first, date(2026, 6, 1)) == "1\u00a0May"
    assert FRENCH_OF.days(date(2025, 12, 31), first, date(2026, 6, 1)) == (
        "du 31\u00a0déc.\u00a02025 au 1er\u00a0mai\u00a02026"
    )


def said() -> Iterator[str]:
    """Every text that the pages say, and those that tables of theirs have."""
    for path in PAGES.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".say"):
                yield from constants(node.args[0])
    yield from (title for title, _ in PERIODS.values())
    yield from (text for texts in SEGMENTS.values() for text in texts)


def constants(text: ast.expr) -> Iterator[str]:
    """The texts that an expression may have."""
    if isinstance(text, ast.IfExp):
        yield from constants(text.body)
        yield from constants(text.orelse)
    elif isinstance(text, ast.Constant):
        yield text.value


def fields(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_everything_that_is_said_is_said_in_french_too() -> None:
    found = set(said())
    assert len(found) > 50
    assert found - FRENCH.keys() == set()


@pytest.mark.parametrize("text", FRENCH)
def test_both_languages_say_the_same_values(text: str) -> None:
    assert fields(FRENCH[text]) == fields(text)
