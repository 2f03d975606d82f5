"""When schedules are due."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flocon.core.errors import SnowflakeError
from flocon.sql import schedule
from hypothesis import given, settings
from hypothesis import strategies as st


def utc(*parts: int) -> datetime:
    return datetime(*(list(parts) + [0] * 6)[:6], tzinfo=UTC)


def occurrences(text: str, after: datetime, count: int) -> list[str]:
    cron = schedule.parse(text)
    moments = []
    for _ in range(count):
        after = cron.next_after(after, utc(2000, 1, 1))
        moments.append(after.strftime("%m-%d %H:%M"))
    return moments


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("10 SECONDS", 10),
        ("1 MINUTE", 60),
        ("5 minutes", 300),
        ("1 HOUR", 3600),
        ("2 HOURS", 7200),
        ("30 S", 30),
        ("11520 MINUTES", 691200),
    ],
)
def test_intervals_are_read_in_seconds_minutes_and_hours(text: str, seconds: int) -> None:
    assert schedule.parse(text) == schedule.Interval(seconds)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "9 SECONDS",
        "0 MINUTES",
        "11521 MINUTES",
        "1 DAY",
        "MINUTE",
        "-1 MINUTE",
        "1.5 MINUTES",
        "USING CRON * * * * *",
        "USING CRON * * * * * Mars/Olympus",
        "USING CRON 60 * * * * UTC",
        "USING CRON * 24 * * * UTC",
        "USING CRON * * 0 * * UTC",
        "USING CRON * * * 13 * UTC",
        "USING CRON * * * * 7 UTC",
        "USING CRON 5-1 * * * * UTC",
        "USING CRON */0 * * * * UTC",
        "USING CRON 1- * * * * UTC",
        "USING CRON , * * * * UTC",
        "USING CRON 0 0 31 2 * UTC",
        "USING CRON 0 0 * FOO * UTC",
        "USING CRON 0 0 * * L UTC",
        "USING CRON L 0 * * * UTC",
        "USING CRON 0 0 5L * * UTC",
    ],
)
def test_what_is_no_schedule_is_refused_as_an_invalid_value(text: str) -> None:
    with pytest.raises(SnowflakeError) as caught:
        schedule.parse(text)
    assert caught.value.errno == 1008


def test_the_nth_weekday_is_refused_as_unsupported_not_as_wrong() -> None:
    with pytest.raises(SnowflakeError) as caught:
        schedule.parse("USING CRON 0 0 * * 5#2 UTC")
    assert caught.value.errno == 2


def test_l_is_the_months_last_day_or_its_last_weekday_of_a_name() -> None:
    assert occurrences("USING CRON 0 0 L * * UTC", utc(2024, 1, 31, 12), 3) == [
        "02-29 00:00",
        "03-31 00:00",
        "04-30 00:00",
    ]
    assert occurrences("USING CRON 0 0 15,L * * UTC", utc(2026, 2, 1), 2) == [
        "02-15 00:00",
        "02-28 00:00",
    ]
    for friday in ("5L", "FRIL"):
        assert occurrences(f"USING CRON 0 0 * * {friday} UTC", utc(2026, 3, 1), 2) == [
            "03-27 00:00",
            "04-24 00:00",
        ]


def test_an_interval_counts_from_its_base() -> None:
    base = utc(2026, 1, 1, 12, 0, 7)
    ten = schedule.parse("10 SECONDS")
    assert ten.next_after(base, base) == utc(2026, 1, 1, 12, 0, 17)
    assert ten.next_after(utc(2026, 1, 1, 12, 0, 16), base) == utc(2026, 1, 1, 12, 0, 17)
    assert ten.next_after(utc(2026, 1, 1, 12, 0, 17), base) == utc(2026, 1, 1, 12, 0, 27)
    assert ten.next_after(utc(2026, 1, 1, 13, 0, 0), base) == utc(2026, 1, 1, 13, 0, 7)


def test_an_interval_does_not_begin_before_its_base() -> None:
    base = utc(2026, 1, 1, 12)
    assert schedule.parse("1 HOUR").next_after(utc(2026, 1, 1), base) == utc(2026, 1, 1, 13)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("* * * * *", ["03-01 00:01", "03-01 00:02", "03-01 00:03"]),
        ("*/20 * * * *", ["03-01 00:20", "03-01 00:40", "03-01 01:00"]),
        ("50/5 1 * * *", ["03-01 01:50", "03-01 01:55", "03-02 01:50"]),
        ("0 9-17/4 * * *", ["03-01 09:00", "03-01 13:00", "03-01 17:00"]),
        ("5,10 0 1 * *", ["03-01 00:05", "03-01 00:10", "04-01 00:05"]),
        ("0 0 * * MON-WED", ["03-02 00:00", "03-03 00:00", "03-04 00:00"]),
        ("0 0 * * sun", ["03-08 00:00", "03-15 00:00", "03-22 00:00"]),
        ("0 0 1 JAN,JUL *", ["07-01 00:00", "01-01 00:00", "07-01 00:00"]),
        ("59 23 31 * *", ["03-31 23:59", "05-31 23:59", "07-31 23:59"]),
    ],
)
def test_cron_fields_take_lists_ranges_steps_and_names(text: str, expected: list[str]) -> None:
    # 2026-03-01 is a Sunday.
    assert occurrences(f"USING CRON {text} UTC", utc(2026, 3, 1), 3) == expected


def test_either_day_field_is_enough_where_both_are_restricted() -> None:
    assert occurrences("USING CRON 0 0 13 * FRI UTC", utc(2026, 3, 1), 4) == [
        "03-06 00:00",
        "03-13 00:00",
        "03-20 00:00",
        "03-27 00:00",
    ]
    assert occurrences("USING CRON 0 0 10 * FRI UTC", utc(2026, 3, 7), 2) == [
        "03-10 00:00",
        "03-13 00:00",
    ]


def test_a_leap_day_is_found_across_a_century_without_one() -> None:
    cron = schedule.parse("USING CRON 0 0 29 2 * UTC")
    assert cron.next_after(utc(2096, 3, 1), utc(2000, 1, 1)) == utc(2104, 2, 29)


def test_cron_fields_are_read_in_their_time_zone() -> None:
    assert occurrences("USING CRON 0 9 * * * Asia/Tokyo", utc(2026, 3, 1), 1) == ["03-02 00:00"]
    assert occurrences("USING CRON 0 9 * * * Asia/Tokyo", utc(2026, 2, 28, 23), 1) == [
        "03-01 00:00"
    ]


def test_a_time_that_the_clocks_skip_has_no_run_that_day() -> None:
    # In Paris, 2026-03-29 has no 02:30.
    assert occurrences("USING CRON 30 2 * * * Europe/Paris", utc(2026, 3, 28), 2) == [
        "03-28 01:30",
        "03-30 00:30",
    ]


def test_a_time_that_the_clocks_repeat_has_two_runs_that_day() -> None:
    # In Paris, 2026-10-25 has 02:30 twice.
    assert occurrences("USING CRON 30 2 * * * Europe/Paris", utc(2026, 10, 24, 12), 3) == [
        "10-25 00:30",
        "10-25 01:30",
        "10-26 01:30",
    ]


def test_an_hourly_run_stays_hourly_over_a_change_of_the_clocks() -> None:
    assert occurrences("USING CRON 0 * * * * Europe/Paris", utc(2026, 3, 28, 23, 30), 4) == [
        "03-29 00:00",
        "03-29 01:00",
        "03-29 02:00",
        "03-29 03:00",
    ]


def test_the_minute_that_is_asked_about_does_not_count() -> None:
    assert occurrences("USING CRON 30 12 * * * UTC", utc(2026, 3, 1, 12, 30), 1) == ["03-02 12:30"]
    assert occurrences("USING CRON 30 12 * * * UTC", utc(2026, 3, 1, 12, 29, 59), 1) == [
        "03-01 12:30"
    ]


# Zones that change their clocks by an hour, by half an hour, at midnight, and not at all; and one
# whose offset is odd.
ZONES = [
    "UTC",
    "Europe/Paris",
    "America/New_York",
    "Australia/Lord_Howe",
    "Africa/Cairo",
    "Asia/Kathmandu",
    "America/St_Johns",
]
# Moments around the changes of 2026, and any others.
MOMENTS = st.sampled_from(
    [utc(2026, 3, 7), utc(2026, 3, 28), utc(2026, 4, 4), utc(2026, 4, 23), utc(2026, 10, 24)]
) | st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)).map(lambda d: d.replace(tzinfo=UTC))


def field(low: int, high: int) -> st.SearchStrategy[set[int]]:
    return st.sets(st.integers(low, high), min_size=1, max_size=4)


def text(numbers: set[int]) -> str:
    return ",".join(map(str, sorted(numbers)))


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    after=MOMENTS,
    minutes=field(0, 59),
    hours=field(0, 23),
    weekdays=st.none() | field(0, 6),
)
def test_cron_finds_what_a_look_at_every_minute_finds(
    zone: str, after: datetime, minutes: set[int], hours: set[int], weekdays: set[int] | None
) -> None:
    days = text(weekdays) if weekdays else "*"
    cron = schedule.parse(f"USING CRON {text(minutes)} {text(hours)} * * {days} {zone}")
    found = cron.next_after(after, after)

    def matches(moment: datetime) -> bool:
        local = moment.astimezone(ZoneInfo(zone))
        weekday = (local.weekday() + 1) % 7
        return (
            local.minute in minutes and local.hour in hours and weekday in (weekdays or {weekday})
        )

    minute = after.replace(second=0, microsecond=0) + timedelta(minutes=1)
    while not matches(minute):
        minute += timedelta(minutes=1)
    assert found == minute
