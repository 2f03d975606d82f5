"""Periods, and what each is fairly compared with."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from tests.app.dashboard import conftest  # noqa: F401  # the path of the pages' modules

from filters import NEVER, Filter, day, period  # isort: skip

NOW = datetime(2026, 11, 28, 18, 3)
TODAY = NOW.date()


def test_today_is_compared_with_the_same_weekday_up_to_the_same_time() -> None:
    before = Filter(TODAY, TODAY, ("Blanc",)).before(NOW)
    assert before == Filter(
        date(2026, 11, 21), date(2026, 11, 21), ("Blanc",), datetime(2026, 11, 21, 18, 3)
    )


def test_a_period_is_compared_with_whole_weeks_earlier() -> None:
    week = Filter(date(2026, 11, 22), TODAY).before(NOW)
    assert (week.first, week.last, week.until) == (
        date(2026, 11, 15),
        date(2026, 11, 21),
        datetime(2026, 11, 21, 18, 3),
    )
    ten_days = Filter(date(2026, 11, 1), date(2026, 11, 10)).before(NOW)
    assert (ten_days.first, ten_days.last) == (date(2026, 10, 18), date(2026, 10, 27))
    assert ten_days.until == NEVER


def test_days_that_are_over_are_those_before_today() -> None:
    assert Filter(date(2026, 11, 22), TODAY).over(TODAY) == Filter(
        date(2026, 11, 22), date(2026, 11, 27)
    )
    assert Filter(TODAY, TODAY).over(TODAY) is None


def test_periods_end_today() -> None:
    beginning = date(2026, 1, 5)
    assert period("7d", TODAY, beginning) == (date(2026, 11, 22), TODAY)
    assert period("13w", TODAY, beginning) == (date(2026, 8, 30), TODAY)
    assert period("all", TODAY, beginning) == (beginning, TODAY)
    # An order from the near future is no beginning after the end.
    assert period("all", TODAY, date(2026, 11, 29)) == (TODAY, TODAY)


def test_an_address_with_nonsense_has_no_day() -> None:
    assert day("2026-11-28") == TODAY
    assert [day(text) for text in (None, "", "yesterday", "2026-13-01", "28/11/2026")] == [None] * 5


@pytest.mark.parametrize(
    ("zone", "day", "begin", "end"),
    [
        ("Europe/Paris", date(2026, 3, 29), "2026-03-28 23:00", "2026-03-29 22:00"),
        ("Europe/Paris", date(2026, 10, 25), "2026-10-24 22:00", "2026-10-25 23:00"),
        ("UTC", date(2026, 10, 25), "2026-10-25 00:00", "2026-10-26 00:00"),
        ("Asia/Tokyo", date(2026, 3, 29), "2026-03-28 15:00", "2026-03-29 15:00"),
        ("Pacific/Auckland", date(2026, 4, 5), "2026-04-04 11:00", "2026-04-05 12:00"),
        ("America/New_York", date(2026, 11, 1), "2026-11-01 04:00", "2026-11-02 05:00"),
        # Clocks went from midnight to one: the day began then.
        ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04 03:00", "2018-11-05 02:00"),
    ],
)
def test_a_day_is_as_long_as_the_shops_clock_makes_it(
    zone: str, day: date, begin: str, end: str
) -> None:
    found = Filter(day, day, zone=zone)
    assert found.values[:2] == (f"{begin}:00.000000", f"{end}:00.000000")
    assert found.in_days[-1] == zone


def test_what_is_compared_ends_at_the_same_time_on_the_clock() -> None:
    now = datetime(2026, 10, 25, 18, 3)
    today = Filter(now.date(), now.date(), zone="Europe/Paris")
    # Summer time a week earlier.
    assert today.before(now).values[:2] == (
        "2026-10-17 22:00:00.000000",
        "2026-10-18 16:03:00.000000",
    )
