"""Charts without a browser: round axes, labels that have room, texts that are texts."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest

from tests.app.dashboard import conftest  # noqa: F401  # the path of the pages' modules

from charts import Bar, Point, line, places, scale, upright  # isort: skip


@pytest.mark.parametrize(
    ("most", "ticks", "expected"),
    [
        (0, 5, (1, 1)),
        (0.4, 5, (1, 1)),
        (1, 2, (1, 1)),
        (3, 2, (2, 2)),
        (5, 5, (1, 5)),
        (6, 5, (2, 3)),
        (49.99, 5, (10, 5)),
        (50.01, 5, (20, 3)),
        (1397, 5, (500, 3)),
        (5_196_859, 5, (2_000_000, 3)),
    ],
)
def test_an_axis_has_whole_round_steps_that_reach_the_greatest_value(
    most: float, ticks: int, expected: tuple[float, int]
) -> None:
    assert scale(most, ticks) == expected


def test_labels_that_have_no_room_are_left_out_and_those_that_have_stay_within_the_chart() -> None:
    week = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    assert list(places(week, 700)) == [(number, 1) for number in range(7)]
    days = [f"{day} Nov." for day in range(1, 29)]
    found = list(places(days, 280))
    assert found == [(0, 7), (7, 7), (14, 7), (21, 7)]
    assert [days[first + width // 2] for first, width in found] == [
        "4 Nov.",
        "11 Nov.",
        "18 Nov.",
        "25 Nov.",
    ]
    # Only some have a label.
    minutes = ["18:00" if minute % 10 == 0 else "" for minute in range(61)]
    assert list(places(minutes, 610)) == [(at - 2, 5) for at in range(10, 60, 10)]
    assert list(places([], 600)) == []


def test_a_bar_is_as_high_as_its_value_and_says_it() -> None:
    html = upright([Bar("Monday: €75", 75, "Mon"), Bar("Tuesday: €0", 0, "Tue")], "Revenue", str)
    assert re.findall(r'aria-label="(.*?)"', html) == ["Revenue", "Monday: €75", "Tuesday: €0"]
    # The axis ends at 80.
    assert re.findall(r'class="bar" style="height: (.*?);', html) == ["93.75%"]
    assert re.findall(r"<span>(.*?)</span>", html) == ["0.0", "20.0", "40.0", "60.0", "80.0"]


def test_what_is_negative_has_no_bar_and_says_so() -> None:
    html = upright([Bar("-€5", -5), Bar("€5", 5)], "Revenue", str)
    assert re.findall(r'class="bar" style="height: (.*?);', html) == ["0.00%", "100.00%"]


def test_a_line_has_gaps_where_nothing_was_measured() -> None:
    html = line([Point("a", 1), Point("b", 2), Point("", None), Point("c", 1)], "Lag", promise=4)
    assert re.findall(r'aria-label="(.*?)"', html) == ["Lag", "a", "b", "c"]
    [image] = re.findall(r'src="data:image/svg\+xml,(.*?)"', html)
    assert re.findall(r'points="(.*?)"', unquote(image)) == ["0.5,76.19 1.5,52.38"]
    assert 'class="promise" style="bottom: 95.24%"' in html
    assert line([Point("a", 0), Point("b", 0)], "Lag").count("promise") == 0


def test_a_text_is_never_more_than_a_text() -> None:
    hostile = '"><img src=x onerror=alert(1)>'
    html = upright([Bar(hostile, 1, hostile)], hostile, lambda _: hostile)
    html += line([Point(hostile, 1), Point(hostile, 2)], hostile)
    assert "<img src=x" not in html
    assert re.findall(r"<img [^>]*>", html) == re.findall(r'<img class="curve"[^>]*>', html)
