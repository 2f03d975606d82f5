"""Dates, times and timestamps: the wall clock, the instant, the time zone."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from shared import one, one_database

database = pytest.fixture(scope="module")(one_database)
Run = Any


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'2026-01-01T10:00:00+02:00'::timestamp_ntz", datetime(2026, 1, 1, 10)),
        ("'2026-01-01T10:00:00Z'::timestamp_ntz", datetime(2026, 1, 1, 10)),
        ("'2026-01-01T10:00:00.123456'::timestamp_ntz", datetime(2026, 1, 1, 10, 0, 0, 123456)),
        ("'2026-01-01'::timestamp_ntz", datetime(2026, 1, 1)),
        ("try_to_timestamp_ntz('1700000000')", datetime(2023, 11, 14, 22, 13, 20)),
        ("try_to_timestamp_ntz('1700000000000')", datetime(2023, 11, 14, 22, 13, 20)),
        ("try_to_timestamp_ntz('epoch')", None),
        ("try_to_timestamp_ntz('infinity')", None),
        ("try_to_timestamp_ntz('2026-13-01')", None),
        ("try_to_timestamp_tz('2026-01-01T10:00:00+02:00')", datetime(2026, 1, 1, 8, tzinfo=UTC)),
        ("try_to_timestamp_tz('2026-01-01T10:00:00')", datetime(2026, 1, 1, 10, tzinfo=UTC)),
        ("try_to_timestamp_tz('abc')", None),
        ("to_timestamp_ntz(1700000000000, 3)", datetime(2023, 11, 14, 22, 13, 20)),
        (
            "convert_timezone('UTC', '2026-01-01T10:00:00+02:00'::timestamp_tz)::timestamp_ntz",
            datetime(2026, 1, 1, 8),
        ),
        (
            "convert_timezone('Europe/Paris', 'UTC', '2026-07-01 10:00:00'::timestamp_ntz)",
            datetime(2026, 7, 1, 8),
        ),
        ("'0001-01-01'::date", date(1, 1, 1)),
        ("'9999-12-31'::date", date(9999, 12, 31)),
        ("'0001-01-01 00:00:00'::timestamp_ntz", datetime(1, 1, 1)),
        (
            "'9999-12-31 23:59:59.999999'::timestamp_ntz",
            datetime(9999, 12, 31, 23, 59, 59, 999999),
        ),
        ("'1969-12-31 23:59:59.5'::timestamp_ntz", datetime(1969, 12, 31, 23, 59, 59, 500000)),
        ("null::timestamp_ntz", None),
        ("null::timestamp_tz", None),
        ("to_time('10:11:12')", time(10, 11, 12)),
        ("date_from_parts(2026, 2, 30)", date(2026, 3, 2)),
        ("to_date('01/02/2026', 'MM/DD/YYYY')", date(2026, 1, 2)),
        ("to_char('2026-01-31'::date, 'YYYY/MM/DD')", "2026/01/31"),
        ("'2026-01-01 10:00:00.5'::timestamp_ntz::varchar", "2026-01-01 10:00:00.500"),
        ("'2026-01-01T10:00:00Z'::timestamp_tz::varchar", "2026-01-01 10:00:00.000 +0000"),
        ("'at ' || '2026-01-01 10:00:00'::timestamp_ntz", "at 2026-01-01 10:00:00.000"),
        ("1.50::varchar", "1.50"),
        ("true::varchar", "true"),
    ],
)
def test_moments_keep_their_wall_clock_and_their_instant(
    run: Run, expression: str, expected: Any
) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-datetime"""
    assert one(run, f"select {expression}") == expected


def test_a_timestamp_without_offset_is_read_in_the_sessions_time_zone(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/parameters#timezone"""
    run("alter session set timezone = 'Europe/Paris'")
    moment = one(run, "select '2026-07-01 10:00:00'::timestamp_tz")
    assert moment.astimezone(UTC) == datetime(2026, 7, 1, 8, tzinfo=UTC)


def test_the_clock_stands_still_during_a_statement(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/current_timestamp"""
    ((moments,),) = run(
        "select count(distinct current_timestamp()) from table(generator(rowcount => 5000))"
    )
    assert moments == 1
    ((now, today, same),) = run("select sysdate(), current_date, current_date() = sysdate()::date")
    assert abs(datetime.now(UTC).replace(tzinfo=None) - now).total_seconds() < 60
    assert (today, same) == (now.date(), True)
