"""Dates, times and timestamps: the wall clock, the instant, the time zone."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from shared import one, one_database
from snowflake.connector.connection import SnowflakeConnection

from conformance.shared import error

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
        ("1.50::varchar", "1.5"),
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
    run("create or replace temporary table walls as select '2026-07-01 10:00:00'::timestamp_ntz w")
    for wall in ("w", "w::varchar", "'2026-07-01 10:00:00'", "to_timestamp_tz(w)"):
        there = one(run, f"select convert_timezone('UTC', {wall})::timestamp_ntz from walls")
        assert there == datetime(2026, 7, 1, 8), wall


def test_the_clock_stands_still_during_a_statement(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/current_timestamp"""
    ((moments,),) = run(
        "select count(distinct current_timestamp()) from table(generator(rowcount => 5000))"
    )
    assert moments == 1
    ((now, today, same),) = run("select sysdate(), current_date, current_date() = sysdate()::date")
    assert abs(datetime.now(UTC).replace(tzinfo=None) - now).total_seconds() < 60
    assert (today, same) == (now.date(), True)


_MOMENT = "'2024-01-05 15:03:04.123456'::timestamp_ntz"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (f"to_char({_MOMENT}, 'yyyy-mm-dd hh24:mi:ss.ff3')", "2024-01-05 15:03:04.123"),
        (f"to_varchar({_MOMENT}, 'DY, dd MON YY, MMMM HH12:MI am FF FF0')",
         "Fri, 05 Jan 24, January 03:03 PM 123456000 "),
        (f"to_char({_MOMENT}::timestamp_tz, 'FF6 TZHTZM TZH:TZM TZH')",
         "123456 +0000 +00:00 +00"),
        (f"to_char({_MOMENT}, '\"MI is \"MI %d')", "MI is 03 %d"),
        ("to_char('15:03:04'::time, 'HH12:MI PM')", "03:03 PM"),
        ("to_char('2024-01-05'::date, f)", "05 Jan"),
        ("to_timestamp('05-Jan-2024 10:11:12.5', 'DD-MON-YYYY HH24:MI:SS.FF')",
         datetime(2024, 1, 5, 10, 11, 12, 500000)),
        ("to_timestamp_tz('05.01.2024 10:11 +0200', 'DD.MM.YYYY HH24:MI TZHTZM')",
         datetime(2024, 1, 5, 8, 11, tzinfo=UTC)),
        ("to_timestamp_ntz('05.01.2024 10:11 +0200', 'DD.MM.YYYY HH24:MI TZHTZM')",
         datetime(2024, 1, 5, 10, 11)),
        ("to_date('20240105', 'YYYYMMDD')", date(2024, 1, 5)),
        ("to_date('5 January 69', 'DD MMMM YY')", date(2069, 1, 5)),
        ("to_time('12:15 am', 'HH12:MI AM')", time(0, 15)),
        ("try_to_date('2024-13-01', 'YYYY-MM-DD')", None),
        ("try_to_timestamp('13:00 PM', 'HH12:MI AM')", None),
    ],
)  # fmt: skip
def test_a_format_has_all_of_snowflakes_elements(run: Run, expression: str, expected: Any) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-conversion"""
    assert one(run, f"select {expression} from (select 'DD MON' as f)") == expected


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("05-Jan-2024", "date", date(2024, 1, 5)),
        ("03-April-2024", "date", date(2024, 4, 3)),
        ("12/31/2026", "date", date(2026, 12, 31)),
        ("10:11 PM", "time", time(22, 11)),
        ("10:11:12.5", "time", time(10, 11, 12, 500000)),
        ("Thu, 21 Dec 2000 04:01:07 PM", "timestamp_ntz", datetime(2000, 12, 21, 16, 1, 7)),
        ("2/18/2008 02:36:48", "timestamp_ntz", datetime(2008, 2, 18, 2, 36, 48)),
        ("2024-01-05T10", "timestamp_ntz", datetime(2024, 1, 5, 10)),
        ("Thu, 21 Dec 2000 16:01:07 +0200", "timestamp_tz",
         datetime(2000, 12, 21, 14, 1, 7, tzinfo=UTC)),
        ("Mon Jul 08 18:09:51 +0000 2013", "timestamp_tz",
         datetime(2013, 7, 8, 18, 9, 51, tzinfo=UTC)),
        ("2024-01-05 10:11:12 +0200", "timestamp_tz", datetime(2024, 1, 5, 8, 11, 12, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_a_text_is_read_in_the_forms_that_auto_recognizes(
    run: Run, text: str, kind: str, expected: Any
) -> None:
    """https://docs.snowflake.com/en/sql-reference/date-time-input-output"""
    run(f"create or replace temporary table texts as select '{text}' as v")
    short = "timestamp" if kind == "timestamp_ntz" else kind
    asked = f"'{text}'::{kind}, v::{kind}, to_{short}(v), try_to_{short}(v), try_cast(v as {kind})"
    assert run(f"select {asked} from texts") == [(expected,) * 5]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("12", datetime(1970, 1, 1, 0, 0, 12)),
        ("-12", datetime(1969, 12, 31, 23, 59, 48)),
        ("20240105", datetime(1970, 8, 23, 6, 15, 5)),
        ("1704067201", datetime(2024, 1, 1, 0, 0, 1)),
        ("1704067201500", datetime(2024, 1, 1, 0, 0, 1, 500000)),
        ("1704067201500000", datetime(2024, 1, 1, 0, 0, 1, 500000)),
        ("1704067201500000000", datetime(2024, 1, 1, 0, 0, 1, 500000)),
    ],
)
def test_a_text_of_digits_is_a_number_of_seconds_or_of_parts_of_them(
    run: Run, text: str, moment: datetime
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_date"""
    values = {
        "date": moment.date(),
        "time": moment.time(),
        "timestamp_ntz": moment,
        "timestamp_tz": moment.replace(tzinfo=UTC),
    }
    ways = ("'{0}'", "t.text", "(t.text || '')", "?::varchar", "left(coalesce(t.text, ''), 30)")
    for way in ways:
        given = way.format(text)
        asked = [
            expression
            for kind in values
            for expression in (
                f"{given}::{kind}", f"to_{kind}({given})", f"try_to_{kind}({given})",
                f"try_cast({given} as {kind})",
            )
        ]  # fmt: skip
        binds = [text] * (len(asked) if "?" in way else 0)
        [answers] = run(f"select {', '.join(asked)} from (select '{text}' as text) t", *binds)
        wanted = [value for value in values.values() for _ in range(4)]
        assert dict(zip(asked, answers, strict=True)) == dict(zip(asked, wanted, strict=True))
    assert run("select try_to_date(?), try_to_timestamp(?)", text, text) == [
        (moment.date(), moment)
    ]


def test_a_number_is_cast_as_seconds(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_timestamp"""
    moment = "2025-05-25 13:27:10.000"
    casts = "n::timestamp, n::timestamp_ntz(3), cast(n as timestamp_ltz), to_timestamp_tz(n)"
    of_column = f"select {casts} from (select 1748179630 as n)"
    for query in (
        of_column,
        f"select {casts.replace('n::', '1748179630::')} from (select 1748179630 n)",
    ):
        naive, same, *zoned = run(query)[0]
        assert (str(naive), str(same)) == (moment[:19], moment[:19])
        assert [str(each) for each in zoned] == [f"{moment[:19]}+00:00"] * 2


def test_a_number_of_seconds_keeps_its_fraction(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_timestamp"""
    assert run(
        "select to_timestamp(1.5), to_timestamp(n), to_timestamp(1500.25, 3), to_timestamp(1)"
        " from (select -0.25 as n)"
    ) == [
        (
            datetime(1970, 1, 1, 0, 0, 1, 500000),
            datetime(1969, 12, 31, 23, 59, 59, 750000),
            datetime(1970, 1, 1, 0, 0, 1, 500250),
            datetime(1970, 1, 1, 0, 0, 1),
        )
    ]


def test_a_text_that_is_no_date_or_time_is_refused(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/date-time-input-output"""
    run("create or replace temporary table texts as select 'epoch' as v")
    for value in ("v", "'epoch'", "'infinity'"):
        for kind, number in (("date", 100040), ("timestamp_ntz", 100035), ("time", 100108)):
            assert error(run, f"select {value}::{kind} from texts") == number, (value, kind)
            assert one(run, f"select try_cast({value} as {kind}) from texts") is None
    assert error(run, "select '0012.50'::time") == error(run, "select to_time('25:00')") == 100108
    assert one(run, "select try_cast('0012.50' as time)") is None
    assert error(run, "select to_date('2024-13-01', 'YYYY-MM-DD')") == 100096
    assert error(run, "select to_timestamp(v, 'YYYY') from texts") == 100096


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("date", "12", date(1970, 1, 1)),
        ("date", "05-Jan-2024", date(2024, 1, 5)),
        ("time", "10:11 PM", time(22, 11)),
        ("timestamp_ntz", "05-Jan-2024", datetime(2024, 1, 5)),
        ("timestamp_ntz", "1700000000", datetime(2023, 11, 14, 22, 13, 20)),
        ("timestamp_tz", "2023-03-15 13:17:29.207 +05:00",
         datetime(2023, 3, 15, 8, 17, 29, 207000, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_a_bind_is_read_as_a_text_is(
    connection: SnowflakeConnection, run: Run, kind: str, text: str, expected: Any
) -> None:
    """https://docs.snowflake.com/en/sql-reference/date-time-input-output"""
    run(f"create or replace temporary table bound (at {kind})")
    run("insert into bound values (?)", text)
    run("insert into bound select ?", text)
    run("insert into bound values (?)", expected)
    connection.cursor().executemany("insert into bound values (?)", [[text], [text], [None]])
    rows = run("select at from bound order by at nulls last")
    assert rows == [*[(expected,)] * 5, (None,)]
    short = kind.removesuffix("_ntz")
    assert run(f"select ?::{kind}, to_{short}(?)", text, text) == [(expected, expected)]
    assert error(run, f"select ?::{kind}", "never") in (100035, 100040, 100108)


def test_days_are_added_to_dates_whatever_number_they_are(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/operators-arithmetic"""
    run("create or replace temporary table late as select '2024-01-30'::date d, 3::number n, 2 i")
    assert run("select d + n, n + d, d - n, d + i, d + 1, d - d, d + (n - i), d + null from late") \
        == [(date(2024, 2, 2), date(2024, 2, 2), date(2024, 1, 27), date(2024, 2, 1),
             date(2024, 1, 31), 0, date(2024, 1, 31), None)]  # fmt: skip
    run("update late set d = d + n")
    assert run("select (d + i)::varchar from late") == [("2024-02-04",)]


def test_values_have_one_text_wherever_they_become_one(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/parameters#time-output-format"""
    moment = "'2024-01-05 10:11:12.5'"
    values = ["'10:11:12.5'::time", f"{moment}::timestamp", f"{moment}::timestamp_tz", "2::float"]
    texts = ["10:11:12", "2024-01-05 10:11:12.500", "2024-01-05 10:11:12.500 +0000", "2"]
    run("create or replace temporary table told (n int, v varchar, x variant)")
    for number, (value, text) in enumerate(zip(values, texts, strict=True)):
        assert one(run, f"select {value}::varchar") == text
        # In a VARIANT a time keeps its fraction, and one of a table holds no moment.
        held = "null" if value.endswith("time") else f"{value}::varchar::variant"
        run(f"insert into told (n, v, x) select {number}, {value}, {held}")
        run(f"insert into told (n, v) values ({number}, {value})")
        run(f"update told set v = {value} where n = {number}")
        found = run(f"select v, coalesce(x::varchar, v) from told where n = {number}")
        assert found == [(text, text)] * 2, value
    columns = ", ".join(f"{value} as c{place}" for place, value in enumerate(values))
    run(f"create or replace temporary table held as select {columns}")
    names = ", ".join(f"c{place} varchar" for place in range(len(values)))
    for query in ("select *", "select distinct *", "select * from held union all select *"):
        run(f"create or replace temporary table got ({names})")
        run(f"insert into got {query} from held")
        assert set(run("select * from got")) == {tuple(texts)}, query


@pytest.mark.parametrize(
    "choice",
    [
        "coalesce({text}, {moment})",
        "nvl(nullif({moment}, {moment}), {text})",
        "nvl2(1, {text}, {moment})",
        "iff(true, {text}, {moment})",
        "case when true then {text} else {moment} end",
        "case 1 when 2 then {moment} else {text} end",
        "nullif({moment}, {text})",
    ],
)
def test_a_constant_beside_a_moment_is_read_as_one(run: Run, choice: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""

    def asked(text: str, moment: str) -> str:
        return f"select ({choice.format(text=text, moment=moment)})::varchar"

    assert error(run, asked("'24:00:00'", "'10:00:00'::time")) == 100108
    assert error(run, asked("'2024-02-30'", "'2024-01-05'::date")) == 100040
    assert error(run, asked("'1/2'", "'2024-01-05'::timestamp_ntz")) == 100035
    [(found,)] = run(asked("'06-Jan-2024'", "'2024-01-05'::date"))
    assert found == ("2024-01-05" if choice.startswith("nullif") else "2024-01-06")


def test_a_timestamp_is_made_of_six_parts_or_of_a_date_and_a_time(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/timestamp_from_parts"""
    assert run(
        "select timestamp_from_parts(2024, 1, 2, 3, 4, 5)::varchar,"
        " timestamp_from_parts('2024-01-02'::date, '10:11:12'::time)::varchar"
    ) == [("2024-01-02 03:04:05.000", "2024-01-02 10:11:12.000")]
    assert error(run, "select timestamp_from_parts(2024, 1)") == 1044
    assert error(run, "select timestamp_ntz_from_parts(2024, 1, 2)") == 938
    assert error(run, "select timestamp_tz_from_parts(2024, 1, 2)") == 938
    assert error(run, "select timestamp_ltz_from_parts(2024, 1, 2, 3, 4, 5, 6, 7)") == 939


def test_a_text_may_end_before_the_fraction_of_its_format(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_time"""
    assert run(
        "select to_time('01:02:03', 'HH24:MI:SS.FF4'), to_time('22:33:44.5678', 'HH24:MI:SS.FF3'),"
        " to_timestamp('2024-01-02 01:02:03', 'YYYY-MM-DD HH24:MI:SS.FF'),"
        " try_to_timestamp('2024-01-02 01:02:03.', 'YYYY-MM-DD HH24:MI:SS.FF')"
    ) == [(time(1, 2, 3), time(22, 33, 44, 567800), datetime(2024, 1, 2, 1, 2, 3), None)]


def test_a_whole_number_in_a_variant_is_a_moment_in_the_sessions_zone(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_timestamp"""
    run("alter session set timezone = 'Etc/GMT+8'")
    number = "parse_json('{\"n\": 12345678900}')"
    assert run(
        f"select to_timestamp_ntz({number}:n), to_timestamp(parse_json('12345678900')),"
        " to_timestamp_ntz(parse_json('\"12345678900\"')), to_timestamp_ntz(12345678900),"
        " to_timestamp_ntz('12345678900')"
    ) == [(*[datetime(2361, 3, 21, 11, 15)] * 2, *[datetime(2361, 3, 21, 19, 15)] * 3)]
