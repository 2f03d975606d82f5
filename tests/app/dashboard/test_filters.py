"""Periods, and what each is fairly compared with."""

from __future__ import annotations

from datetime import date, datetime

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
