"""VARIANTs that become dates, times and timestamps: numbers are seconds since 1970, and texts are
read as others are."""

from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from shared import errno, one_database

database = pytest.fixture(scope="module")(one_database)
Run = Any


@pytest.fixture
def pacific(run: Run) -> Any:
    run("alter session set timezone = 'America/Los_Angeles'")
    yield run
    run("alter session unset timezone")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("to_timestamp_ntz(parse_json('1579046400'))", "2020-01-14 16:00:00.000"),
        ("to_timestamp(parse_json('1579046400'))", "2020-01-14 16:00:00.000"),
        ("parse_json('{\"n\": 1579046400}'):n::timestamp", "2020-01-14 16:00:00.000"),
        ("parse_json('1579046400')::timestamp_ntz(3)", "2020-01-14 16:00:00.000"),
        ("parse_json('1579046400')::timestamp_ltz", "2020-01-14 16:00:00.000 -0800"),
        ("parse_json('{\"n\": 1579046400}'):n::timestamp_ltz", "2020-01-14 16:00:00.000 -0800"),
        ("parse_json('1579046400')::timestamp_tz", "2020-01-14 16:00:00.000 -0800"),
        ("to_timestamp_tz(parse_json('{\"n\": 1579046400}'):n)", "2020-01-14 16:00:00.000 -0800"),
        ("to_timestamp_ltz(parse_json('1579046400.5'))", "2020-01-14 16:00:00.500 -0800"),
        ("parse_json('1579046400.5')::timestamp", "2020-01-14 16:00:00.500"),
        ("to_timestamp_ntz(to_variant(1579046400.123))", "2020-01-14 16:00:00.123"),
        ("parse_json('1.5e9')::timestamp", "2017-07-13 19:40:00.000"),
        ("parse_json('-86400')::timestamp", "1969-12-30 16:00:00.000"),
        # Seconds, however many.
        ("to_timestamp_ntz(parse_json('1579046400000'))", "52007-12-27 16:00:00.000"),
        ("to_timestamp_ntz(parse_json('31535999999'))", "2969-05-02 16:59:59.000"),
        ("parse_json('null')::timestamp", None),
    ],
)
def test_a_number_in_a_variant_is_an_instant_that_the_sessions_zone_shows(
    pacific: Run, value: str, expected: str | None
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_timestamp"""
    assert pacific(f"select ({value})::varchar") == [(expected,)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("to_timestamp_tz(parse_json('\"1579046400\"'))", "2020-01-15 00:00:00.000 +0000"),
        ('parse_json(\'{"a": "1579046400"}\'):a::timestamp_tz', "2020-01-15 00:00:00.000 +0000"),
        ("to_timestamp_tz('1579046400')", "2020-01-15 00:00:00.000 +0000"),
        ("to_timestamp_tz(' 1579046400000 ')", "2020-01-15 00:00:00.000 +0000"),
        ("'1579046400'::timestamp_tz", "2020-01-15 00:00:00.000 +0000"),
        ("try_to_timestamp_tz('1579046400')", "2020-01-15 00:00:00.000 +0000"),
        ("s::timestamp_tz", "2020-01-15 00:00:00.000 +0000"),
        ("parse_json('\"1579046400\"')::timestamp_ltz", "2020-01-14 16:00:00.000 -0800"),
        ("parse_json('\"1579046400\"')::timestamp", "2020-01-15 00:00:00.000"),
        ("to_timestamp_tz(1579046400)", "2020-01-14 16:00:00.000 -0800"),
        ("1579046400.5::timestamp_tz", "2020-01-14 16:00:00.500 -0800"),
    ],
)
def test_a_text_of_digits_stays_in_utc(pacific: Run, value: str, expected: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_timestamp"""
    source = "(select '1579046400' as s)"
    assert pacific(f"select ({value})::varchar from {source}") == [(expected,)]


def test_a_text_of_digits_that_is_stored_stays_in_utc(pacific: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_timestamp"""
    pacific("create or replace table moments (n timestamp_ntz, l timestamp_ltz, z timestamp_tz)")
    pacific("insert into moments values ('1579046400', '1579046400', '1579046400')")
    pacific("insert into moments select v, v, v from (select parse_json('1579046400') as v)")
    assert pacific(
        "select n::varchar, l::varchar, z::varchar from moments order by z::varchar"
    ) == [
        ("2020-01-14 16:00:00.000", *["2020-01-14 16:00:00.000 -0800"] * 2),
        (
            "2020-01-15 00:00:00.000",
            "2020-01-14 16:00:00.000 -0800",
            "2020-01-15 00:00:00.000 +0000",
        ),
    ]


def test_a_text_in_a_variant_is_read_in_the_forms_of_others(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_date"""
    texts = (
        '{"day": "05-Jan-2024", "us": "1/5/2024", "at": "2024-01-05 10:11", "n": "1704412800000"}'
    )
    source = f"from (select parse_json('{texts}') as v)"
    day = date(2024, 1, 5)
    assert run(
        f"select v:day::date, to_date(v:us), v:at::date, v:n::date, date(v:day) {source}"
    ) == [(day, day, day, day, day)]
    assert run(f"select v:day::timestamp, to_timestamp(v:at), v:n::timestamp {source}") == [
        (datetime(2024, 1, 5), datetime(2024, 1, 5, 10, 11), datetime(2024, 1, 5))
    ]
    assert run("select parse_json('\"10:11:12\"')::time, to_time(parse_json('\"10:11\"'))") == [
        (time(10, 11, 12), time(10, 11))
    ]


@pytest.mark.parametrize(
    "value",
    [
        "parse_json('1579046400')::date",
        "to_date(parse_json('1579046400'))",
        "parse_json('{\"n\": 1579046400}'):n::date",
        "parse_json('1579046400')::time",
        "time(parse_json('1579046400'))",
        "parse_json('true')::timestamp",
        "parse_json('[1]')::timestamp_ltz",
        "to_timestamp_tz(parse_json('{\"a\": 1}'))",
        "parse_json('\"abc\"')::date",
        "to_timestamp(parse_json('\"abc\"'))",
        "to_time(parse_json('\"abc\"'))",
        "parse_json('\"10:00:00\"')::date",
        "parse_json('\"2024-01-15 10:00:00\"')::time",
        "parse_json('\"1579046400.5\"')::timestamp",
    ],
)
def test_what_is_no_date_or_time_in_a_variant_is_no_cast(run: Run, value: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_timestamp"""
    assert errno(run, f"select {value}") == 100071
    assert errno(run, f"select {value.replace('parse_json', 'try_parse_json')}") == 100071


@pytest.mark.parametrize("value", ["v", "parse_json('\"1\"')"])
@pytest.mark.parametrize(
    "call",
    [
        "try_to_date({})", "try_to_time({})", "try_to_timestamp({})", "try_to_timestamp_tz({})",
        "try_cast({} as timestamp_tz)", "try_cast({} as int)", "try_to_number({})",
        "try_to_double({})", "try_to_boolean({})",
    ],
)  # fmt: skip
def test_try_functions_read_no_variant(run: Run, call: str, value: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/try_cast"""
    assert errno(run, f"select {call.format(value)} from (select parse_json('\"1\"') as v)") == 1065


@pytest.mark.parametrize(
    "call",
    [
        "to_timestamp(parse_json('1579046400'), 3)",
        "to_timestamp_tz(parse_json('1579046400'), 3)",
        "to_timestamp_ltz(parse_json('\"2020-01-15\"'), 'YYYY-MM-DD')",
        "to_date(parse_json('\"2020-01-15\"'), 'YYYY-MM-DD')",
        "to_time(parse_json('\"10:00\"'), 'HH24:MI')",
    ],
)
def test_a_variant_is_read_in_no_given_format(run: Run, call: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_timestamp"""
    assert errno(run, f"select {call}") == 939


def test_dateadd_moves_a_variant_as_a_timestamp(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/dateadd"""
    source = """from (select parse_json('{"a": "2024-01-15", "n": 1705312800, "z": null}') as v)"""
    moved = (
        "dateadd(day, 1, v:a), dateadd(day, 1, v:n), timeadd(hour, 1, v:a), dateadd(day, 1, v:z)"
    )
    assert run(f"select {moved} {source}") == [
        (datetime(2024, 1, 16), datetime(2024, 1, 16, 10), datetime(2024, 1, 15, 1), None)
    ]
    assert run(
        f"select dateadd(day, 1, v:a)::date, dateadd(day, 1, v:a) > '2024-01-15' {source}"
    ) == [(date(2024, 1, 16), True)]
    assert errno(run, "select dateadd(day, 1, parse_json('true'))") == 100071


def test_datediff_reads_a_variant_as_what_is_beside_it(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/datediff"""
    source = """from (select parse_json('{"a": "2024-01-15", "n": 1705399200}') as v)"""
    days = "datediff(day, v:a, v:n), datediff(day, v:a, '2024-01-20'::date)"
    days += ", datediff(day, '2024-01-20', v:a), datediff(day, v:n, '2024-01-20 10:00'::timestamp)"
    assert run(f"select {days} {source}") == [(1, 5, -5, 4)]
    assert errno(run, f"select datediff(day, v:n, '2024-01-20'::date) {source}") == 100071
    hours = "datediff(hour, parse_json('\"10:00:00\"'), '12:00:00'::time)"
    assert run(f"select {hours}") == [(2,)]


def test_blanks_around_a_number_in_a_variant_are_none_of_it(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    blank = "parse_json('\" 12.5 \"')"
    assert run(f"select {blank}::float, to_double({blank}), {blank}::number(5, 1)::varchar") == [
        (12.5, 12.5, "12.5")
    ]
    assert errno(run, "select parse_json('\" 12 5 \"')::float") == 100071


@pytest.mark.parametrize("count", ["2147483648", "-2147483649", "n"])
def test_dateadd_moves_by_no_more_hours_than_an_integer_has(run: Run, count: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/dateadd"""
    for moved in ("dateadd(hour, {}, '2024-01-01'::timestamp)", "timeadd(hour, {}, '10:00'::time)"):
        assert errno(run, f"select {moved.format(count)} from (select 3000000000 as n)") == 100039
    assert run("select dateadd(hour, 1.5, '2024-01-01'::timestamp)") == [(datetime(2024, 1, 1, 2),)]


def test_numbers_of_a_file_are_seconds_for_columns_of_their_names(
    pacific: Run, tmp_path: Path
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    (tmp_path / "a.json").write_text('{"N": 1579046400, "L": 1579046400, "Z": 1579046400}')
    (tmp_path / "b.json").write_text('{"D": 1579046400}')
    pacific("create or replace stage files file_format = (type = json)")
    pacific(f"put file://{tmp_path}/*.json @files auto_compress = false")
    pacific("create or replace table named (n timestamp, l timestamp_ltz, z timestamp_tz, d date)")
    pacific("copy into named from @files/a.json match_by_column_name = case_sensitive")
    assert pacific("select n::varchar, l::varchar, z::varchar from named") == [
        ("2020-01-14 16:00:00.000", *["2020-01-14 16:00:00.000 -0800"] * 2)
    ]
    named = "copy into named from @files/b.json match_by_column_name = case_sensitive"
    assert errno(pacific, named) == 100040
