"""Values through the real connector: numbers, texts, moments and VARIANT as Snowflake has them."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
import snowflake.connector

from tests.local.shared import one_database

database = pytest.fixture(scope="module")(one_database)
Run = Any
D = Decimal


def one(run: Run, sql: str, *binds: Any) -> Any:
    """The only value of the only row."""
    ((value,),) = run(sql, *binds)
    return value


def errno(run: Run, sql: str) -> int:
    with pytest.raises(snowflake.connector.errors.ProgrammingError) as caught:
        run(sql)
    return int(caught.value.errno)


EVENT = (
    'parse_json(\'{"a": {"b": [1, 2]}, "x.y": 5, "A": "up", "q r": 9, "s": "text", "n": 10,'
    ' "t": true, "z": null, "d": 12.50, "w": 7.0, "e": 1.5e2, "o": {}, "l": [], "c": "12",'
    ' "at": "2026-01-01T10:00:00+02:00"}\')'
)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("v:a.b[0]", "1"),
        ("v['a']['b']", "[1,2]"),
        ("v:a['b'][1]::int", 2),
        ("v:a.b[5]", None),
        ('v:"x.y"', "5"),
        ("v['x.y']", "5"),
        ('v:"q r"', "9"),
        ("v:A", '"up"'),
        ("v:A::varchar", "up"),
        ("V:missing", None),
        ("v:s", '"text"'),
        ("v:s || 'z'", "textz"),
        ("concat(v:s, 'z')", "textz"),
        ("upper(v:s)", "TEXT"),
        ("v:s = 'text'", True),
        ("v:s in ('a', 'text')", True),
        ("v:s like 'te%'", True),
        ("v:n > 9", True),
        ("v:n = 10", True),
        ("v:n + 1", 11.0),
        ("v:n::float", 10.0),
        ("v:t::boolean", True),
        ("v:d::varchar", "12.5"),
        ("v:w::varchar", "7"),
        ("v:e::varchar", "150"),
        ("v:d::number(10, 2)", D("12.50")),
        ("v:d::number", 13),
        ("v:z is null", False),
        ("v:missing is null", True),
        ("v:z::varchar is null", True),
        ("is_null_value(v:z)", True),
        ("is_null_value(v:missing)", None),
        ("strip_null_value(v:z)", None),
        ("coalesce(v:missing, v:s)::varchar", "text"),
        ("typeof(v:c)", "VARCHAR"),
        ("typeof(v:n)", "INTEGER"),
        ("typeof(v:w)", "INTEGER"),
        ("typeof(v:d)", "DECIMAL"),
        ("typeof(v:t)", "BOOLEAN"),
        ("typeof(v:o)", "OBJECT"),
        ("typeof(v:l)", "ARRAY"),
        ("typeof(v:z)", "NULL_VALUE"),
        ("typeof(v:missing)", None),
        ("v:at::timestamp_ntz", datetime(2026, 1, 1, 10)),
        ("to_timestamp_ntz(v:at::varchar)", datetime(2026, 1, 1, 10)),
    ],
)
def test_a_path_into_a_variant_finds_the_value(run: Run, path: str, expected: Any) -> None:
    """https://docs.snowflake.com/en/user-guide/querying-semistructured"""
    assert one(run, f"select {path} from (select {EVENT} v)") == expected


@pytest.mark.parametrize("path", ["max(v:n)", "min(v:n)"])
def test_a_variant_without_a_cast_is_not_ordered(run: Run, path: str) -> None:
    """As JSON's text, 9 would be greater than 10."""
    assert errno(run, f"select {path} from (select {EVENT} v)") == 2
    assert errno(run, f"select 1 from (select {EVENT} v) order by v:n") == 2


@pytest.mark.parametrize("call", ["try_cast(v:n as number)", "try_to_number(v:n)"])
def test_try_functions_take_texts_only(run: Run, call: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/try_cast"""
    assert errno(run, f"select {call} from (select {EVENT} v)") == 1065


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("98.76546::number", 99),
        ("98.76546::number(5, 2)", D("98.77")),
        ("2.5::int", 3),
        ("-2.5::int", -3),
        ("'98.5'::int", 99),
        ("to_number('345.567')", 346),
        ("to_number('12.345', 10, 2)", D("12.35")),
        ("try_to_number('345.123')", 345),
        ("try_to_decimal('345.127', 10, 2)", D("345.13")),
        ("try_cast('abc' as number)", None),
        ("try_cast('' as number)", None),
        ("try_cast(' 12 ' as number)", 12),
        ("try_cast('+5' as number)", 5),
        ("try_cast('1e3' as number)", 1000),
        ("try_cast('1.5e2' as number(10, 2))", D("150.00")),
        ("try_cast('.5' as number(3, 1))", D("0.5")),
        ("try_cast('1,000' as number)", None),
        ("try_cast('1_000' as number)", None),
        ("try_cast('0x10' as number)", None),
        ("try_cast('12345' as number(3, 0))", None),
        (f"try_cast('{'9' * 41}' as number)", None),
        ("try_cast(null as number)", None),
        ("try_cast('yes' as boolean)", True),
        ("try_cast('off' as boolean)", False),
        ("try_cast('2' as boolean)", None),
        ("1.1 + 2.2", D("3.3")),
        ("7 / 2", 3.5),
        ("div0(1, 0)", 0),
        ("12345678901234567890123456789012345678", 12345678901234567890123456789012345678),
    ],
)
def test_numbers_are_exact_and_rounded_as_snowflake_rounds(
    run: Run, expression: str, expected: Any
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_decimal"""
    assert one(run, f"select {expression}") == expected


def test_sums_of_money_are_exact(run: Run) -> None:
    run("create table sales (amount number(12, 2))")
    run("insert into sales select 0.10 from table(generator(rowcount => 1000))")
    assert one(run, "select sum(amount) from sales") == D("100.00")


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


@pytest.mark.parametrize(
    ("sql", "number"),
    [
        ("select 1 / 0", 100051),
        ("select 'abc'::number", 100038),
        ("select 'abc'::boolean", 100037),
        ("select 'abc'::date", 100040),
        ("select '2026-02-30'::date", 100040),
        ("select to_timestamp('garbage')", 100035),
        ("select 1234567::number(3, 0)", 100039),
        ("select parse_json('{bad')", 100069),
        ("select parse_json('\"x\"')::int", 100071),
        ("select to_char(12.3, '999.99')", 2),
    ],
)
def test_a_value_that_does_not_fit_is_an_error_with_snowflakes_number(
    run: Run, sql: str, number: int
) -> None:
    assert errno(run, sql) == number


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("parse_json('')", None),
        ("parse_json('  ')", None),
        ("parse_json('null')", "null"),
        ("try_parse_json('{bad')", None),
        ("object_construct('a', 1, 'b', null)", '{"a":1}'),
        ("object_construct_keep_null('a', 1, 'b', null)", '{"a":1,"b":null}'),
        ("object_construct()", "{}"),
        ("array_construct(1, null, 'a')", '[1,null,"a"]'),
        ("array_construct(1, 2)[0]", "1"),
        ("array_size(parse_json('[1, 2, 3]'))", 3),
    ],
)
def test_semi_structured_values_are_made(run: Run, expression: str, expected: Any) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-semistructured"""
    assert one(run, f"select {expression}") == expected


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("input => parse_json('[10, 20]')", [(0, None, "[0]", "10"), (1, None, "[1]", "20")]),
        ("parse_json('[10]')", [(0, None, "[0]", "10")]),
        (
            'input => parse_json(\'{"a": 1, "b": null}\')',
            [(None, "a", "a", "1"), (None, "b", "b", "null")],
        ),
        (
            "input => parse_json('{\"a\": {\"b\": [7]}}'), path => 'a.b'",
            [(0, None, "a.b[0]", "7")],
        ),
        ("input => parse_json('[]')", []),
        ("input => parse_json('[]'), outer => true", [(None, None, None, None)]),
        ("input => null::variant, outer => true", [(None, None, None, None)]),
    ],
)
def test_flatten_gives_a_row_per_element(run: Run, call: str, expected: Any) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/flatten"""
    sql = f"select index, key, path, value from table(flatten({call})) order by index, key"
    assert run(sql) == expected


def test_flatten_joins_each_row_to_its_own_elements(run: Run) -> None:
    run("create table baskets (id int, items variant)")
    run(
        "insert into baskets select column1, parse_json(column2)"
        " from values (1, '[5, 6]'), (2, '[]'), (3, '[7]')"
    )
    sql = (
        "select id, f.index, f.value::int from baskets,"
        " lateral flatten(input => items{}) f order by id, f.index"
    )
    assert run(sql.format("")) == [(1, 0, 5), (1, 1, 6), (3, 0, 7)]
    assert run(sql.format(", outer => true"))[2] == (2, None, None)


@pytest.mark.parametrize("option", ["recursive => true", "mode => 'ARRAY'"])
def test_an_option_of_flatten_that_is_missing_is_refused(run: Run, option: str) -> None:
    assert errno(run, f"select * from table(flatten(input => parse_json('[1]'), {option}))") == 2


@pytest.mark.parametrize(
    "value",
    [
        7, -(10**30), D("12345678.90"), 0.1, "l'été 🍷 – \"x\" \\n", "", True, False, None,
        date(2026, 2, 3), datetime(2026, 2, 3, 4, 5, 6, 789), time(4, 5, 6),
        b"\x00\xff", datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59),
    ],
    ids=repr,
)  # fmt: skip
def test_a_bind_comes_back_as_it_went(run: Run, value: Any) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example"""
    assert one(run, "select ?", value) == value


def test_columns_of_every_type_keep_their_values(run: Run) -> None:
    run(
        "create table every (n number, p number(10, 2), f float, s varchar, b boolean, d date,"
        " t time, ntz timestamp_ntz, tz timestamp_tz, bin binary, v variant, o object, a array)"
    )
    moment = datetime(2026, 2, 3, 4, 5, 6, 7)
    run(
        "insert into every select 1, 2.50, 0.5, 'é', true, '2026-02-03'::date, '04:05:06'::time,"
        " ?::timestamp_ntz, ?::timestamp_tz, to_binary('00ff', 'HEX'), parse_json('{\"k\":1}'),"
        " object_construct('k', 1), array_construct(1)",
        moment,
        moment.replace(tzinfo=UTC),
    )
    run("insert into every (n) values (2)")
    full, empty = run("select * from every order by n")
    assert full == (
        1, D("2.50"), 0.5, "é", True, date(2026, 2, 3), time(4, 5, 6), moment,
        moment.replace(tzinfo=UTC), b"\x00\xff", '{"k":1}', '{"k":1}', "[1]",
    )  # fmt: skip
    assert empty == (2, *[None] * 12)
