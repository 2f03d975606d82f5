"""Answers in which the engine differs from Snowflake, and would say nothing."""

from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import md5

import pytest
from shared import one_database
from snowflake.snowpark import Session
from snowflake.snowpark.functions import contains

from conformance.shared import Run, error, wrong_answers

database = pytest.fixture(scope="module")(one_database)


def test_the_columns_of_using_come_first_also_in_parentheses(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/join"""
    run("create or replace table l as select 1 as id, 2 as a, 3 as b")
    run("create or replace table r as select 3 as b, 4 as c, 1 as id")
    assert run("select * from l join r using (b)") == [(3, 1, 2, 4, 1)]
    assert run("select * from (l join r using (b))") == [(3, 1, 2, 4, 1)]
    assert run(
        "select * from ((select a, b from l) x left join (select c, b from r) y using (b))"
    ) == [(3, 2, 4)]


def test_snowparks_join_by_a_column_has_it_first(session: Session) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest/snowpark/api/snowflake.snowpark.DataFrame.join"""
    left = session.create_dataframe([[1, 2]], schema=["a", "b"])
    right = session.create_dataframe([[2, 5]], schema=["b", "c"])
    joined = left.join(right, "b")
    assert joined.columns == ["B", "A", "C"]
    assert [tuple(row) for row in joined.collect()] == [(2, 1, 5)]


@pytest.mark.parametrize(
    ("json", "shown"),
    [
        (r'"caf\\u00e9 \\ud83c\\udf77 \\/"', '"café 🍷 /"'),
        (r'{"caf\\u00e9": ["\\u0041", 1.50]}', '{\n  "café": [\n    "A",\n    1.5\n  ]\n}'),
        (r'"a \\"quote\\", a \\\\, a\\ttab, \\u0001"', r'"a \"quote\", a \\, a\ttab, \u0001"'),
        (r'"plain"', '"plain"'),
    ],
)
def test_a_text_of_a_variant_is_shown_without_escapes_that_it_does_not_need(
    run: Run, json: str, shown: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/parse_json"""
    assert run(f"select parse_json('{json}')") == [(shown,)]


def test_a_frame_that_would_be_passed_over_is_refused(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-window-syntax"""
    rows = "from values (1), (1), (2)"
    ranks = f"select rank() over (order by column1 {{}}) {rows} order by 1"
    whole = "rows between unbounded preceding and unbounded following"
    grows = "rows between unbounded preceding and current row"
    for frame in ("", whole, grows):
        assert run(ranks.format(frame)) == [(1,), (1,), (3,)], frame
    assert error(run, ranks.format("rows between 1 preceding and current row")) == 2
    for function in ("row_number()", "lag(column1)", "lead(column1)", "ntile(2)"):
        statement = f"select {function} over (order by column1 {{}}) {rows}"
        assert error(run, statement.format(grows)) == 2, function
        assert len(run(statement.format(whole))) == 3


_ZONED = "'2024-01-07 23:30:15.5 +00:00'::timestamp_tz"


def test_parts_of_moments(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/date_part"""
    expected = {
        "date_part(epoch, '2024-01-01 00:00:00.5'::timestamp_ntz)": 1704067200,
        "extract(epoch_second from '2024-01-01 00:00:00.5'::timestamp_ntz)": 1704067200,
        "date_part('epoch', '2024-01-01'::date)": 1704067200,
        "date_part(epoch, '1969-12-31 23:59:59.5'::timestamp_ntz)": -1,
        f"hour({_ZONED})": 23,
        f"date_part(minute, {_ZONED})": 30,
        f"second({_ZONED})": 15,
        f"dayofweekiso({_ZONED})": 7,
        f"weekiso({_ZONED})": 1,
        f"dayname({_ZONED})": "Sun",
        f"year({_ZONED})": 2024,
        f"date_part(epoch, {_ZONED})": 1704670215,
        "hour(current_timestamp()) between 0 and 23": True,
    }
    assert wrong_answers(run, expected) == {}
    run("alter session set timezone = 'Asia/Tokyo'")
    expected = {
        f"hour({_ZONED})": 23,
        f"hour({_ZONED}::timestamp_ltz)": 8,
        f"day({_ZONED})": 7,
        f"day({_ZONED}::timestamp_ltz)": 8,
        f"date_part(epoch, {_ZONED})": 1704670215,
    }
    assert wrong_answers(run, expected) == {}


def test_variances_have_six_decimals_more_than_the_squares_of_their_numbers(run: Run) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest/snowpark/api/snowflake.snowpark.functions.variance"""
    of = "from values (1), (-1), (1), (-1), (-1) v (n)"
    assert run(f"select variance(n), var_samp(n) {of}") == [(Decimal("1.200000"),) * 2]
    of = "from values (1), (null), (2), (3), (null), (5), (6) v (n)"
    assert run(f"select variance(n), variance(distinct n) {of}") == [(Decimal("4.300000"),) * 2]
    assert run("select variance(n), var_pop(n) from values (42) v (n)") == [(None, Decimal(0))]
    of = "from values (1.00), (2.00), (3.00), (5.25) v (n)"
    cast = (
        "select variance(n::number(10, 2)), var_pop(n::number(10, 2)), variance(n::number(20, 5)),"
    )
    assert [str(each) for each in run(f"{cast} variance(n::float) {of}")[0]] == [
        "3.3072916667", "2.4804687500", "3.307291666667", "3.3072916666666665",
    ]  # fmt: skip


def test_a_percentile_lies_between_two_values(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/approx_percentile"""
    ten = "from values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9) v (n)"
    assert run(f"select approx_percentile(n, 0.5) {ten}") == [(4.5,)]
    assert run("select approx_percentile(n, 0.5) from values (null::int) v (n)") == [(None,)]


def test_random_numbers_of_a_seed_repeat(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/uniform"""
    numbers = "select uniform(1, 1000000, random(42)), random(7) from values (1), (2), (3)"
    found = run(numbers)
    assert found == run(numbers) and len(set(found)) == 3
    assert all(1 <= number <= 1000000 for number, _ in found)
    assert run("select random(1) = random(1), random(1) = random(2)") == [(True, False)]
    assert error(run, "select normal(0, 1, random(3))") == 2
    assert error(run, "select sum(uniform(1, 6, random(1)))") == 2


def test_uniform_between_whole_numbers_is_one(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/uniform"""
    run("create or replace table bounds as select 1 as low, 9 as high, 1.5::float as f")
    for bounds in ("low, high", "1, high", "low, 9", "-3, high", "1, high::number(5, 0)"):
        found = run(
            f"select uniform({bounds}, random()) from bounds, table(generator(rowcount=>9))"
        )
        assert all(type(number) is int and -3 <= number <= 9 for (number,) in found)
    [(number,)] = run("select uniform(low, f, random()) from bounds")
    assert type(number) is float and 1 <= number <= 1.5
    assert error(run, "select uniform(1, n, random()) from values (5) v (n)") == 2


def test_random_has_64_bits_and_is_another_number_wherever_it_stands(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/random"""
    rows = "from table(generator(rowcount => 1000))"
    run(f"create or replace table drawn as select random() a, random() b, hash(random()) h {rows}")
    for column in ("a", "b", "h"):
        found = f"count(distinct {column}), min({column}) < -pow(2, 62), max({column}) > pow(2, 62)"
        assert run(f"select {found} from drawn") == [(1000, True, True)]
    assert run("select count_if(a = b) from drawn") == [(0,)]


def test_numbers_that_json_has_not_are_texts_in_a_variant(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-numeric"""
    expected = {
        "object_construct('d', 'inf'::float)::varchar": '{"d":"inf"}',
        "object_construct('d', 'inf'::float):d::float = 'inf'::float": True,
        "array_construct('-inf'::float, 'nan'::float, 1.5::float)": ["-inf", "NaN", 1.5],
        "to_variant('inf'::float)::float": float("inf"),
        "'nan'::float::varchar": "NaN",
        "'-inf'::float::varchar": "-inf",
    }
    assert wrong_answers(run, expected) == {}


def test_flatten_takes_a_column_that_has_the_name_of_its_own(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/flatten"""
    source = """(select 'x' as key, parse_json('[1, 2]') as "VALUE") s"""
    for value in ('"VALUE"', "value", "s.value"):
        rows = f"from {source}, lateral flatten(input => {value}) f"
        assert run(f"select s.key, f.value::int {rows} order by 2") == [("x", 1), ("x", 2)]


def test_a_view_of_all_columns_is_read_while_they_are_those_that_it_was_made_with(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-view"""
    run("create or replace table seen as select 1 as a")
    run("create or replace view sight as select * from seen")
    run("create or replace view glance as select a from seen")
    assert run("select * from sight") == [(1,)]
    run("alter table seen add column b int")
    assert error(run, "select * from sight") == error(run, "select a from sight") == 2057
    assert [row[:2] for row in run("describe view sight")] == [("A", "NUMBER(1,0)")]
    assert [row[2] for row in run("show columns in sight")] == ["A"]
    listed = "select column_name from information_schema.columns where table_name"
    assert run(f"{listed} = 'SIGHT'") == [("A",)]
    assert run(f"{listed} = 'SEEN' order by 1") == [("A",), ("B",)]
    assert run("select * from glance") == [(1,)]
    run("create or replace view sight as select * from seen")
    assert run("select * from sight") == [(1, None)]
    run("alter table seen drop column b")
    assert error(run, "create table copied as select * from sight") == 2057
    assert [row[0] for row in run("describe view sight")] == ["A", "B"]


def test_a_text_that_is_not_hexadecimal_is_no_binary(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_binary"""
    for text in ("a", "zz", "0x"):
        assert error(run, f"select '{text}'::binary") == 100115
        assert error(run, f"select to_binary('{text}')") == 100115
        assert run(f"select try_to_binary('{text}')") == [(None,)]
    assert run("select '6162'::binary, to_binary(null)") == [(bytearray(b"ab"), None)]


def test_an_objects_keys_are_sorted(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured"""
    run(
        "create or replace table orders as select parse_json(column1) as v"
        """ from values ('{"b": {"d": 1, "c": [{"y": 1, "x": 2.50}]}, "a": "{"}')"""
    )
    assert run("select v, v:b from orders") == [
        (
            '{\n  "a": "{",\n  "b": {\n    "c": [\n      {\n        "x": 2.5,\n'
            '        "y": 1\n      }\n    ],\n    "d": 1\n  }\n}',
            '{\n  "c": [\n    {\n      "x": 2.5,\n      "y": 1\n    }\n  ],\n  "d": 1\n}',
        )
    ]
    inner = '{"c":[{"x":2.5,"y":1}],"d":1}'
    assert run("select v::varchar, v:b::varchar, to_json(v), v:b || '' from orders") == [
        (f'{{"a":"{{","b":{inner}}}', inner, f'{{"a":"{{","b":{inner}}}', inner)
    ]
    assert run("select v:b:c::varchar, v:a::varchar from orders") == [('[{"x":2.5,"y":1}]', "{")]
    assert run("select object_keys(v)[0]::varchar, key from orders, lateral flatten(v) f") == [
        ("a", "a"),
        ("a", "b"),
    ]
    assert run("select object_construct('b', 1, 'a', 2)::varchar") == [('{"a":2,"b":1}',)]


def test_a_natural_join_has_what_both_sides_have_first(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/join"""
    run("create or replace table l as select 1 as a, 2 as b")
    run("create or replace table r as select 3 as c, 2 as b")
    assert run("select * from l natural join r") == [(2, 1, 3)]
    assert run("select * from l natural left join (select 4 as c, 5 as b) x") == [(2, 1, None)]
    assert run("select r.*, l.a from l natural join r") == [(3, 2, 1)]


def test_what_lies_between_numbers_has_three_decimals_more(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/median"""
    run("create or replace table numbers as select column1 as n from values (1), (2), (10)")
    assert run(
        "select median(n), median(n::number(10, 2)), median(n::float),"
        " percentile_cont(0.25) within group (order by n) from numbers"
    ) == [(Decimal("2.000"), Decimal("2.00000"), 2.0, Decimal("1.500"))]
    assert run(
        "select percentile_cont(0.95) within group (order by n),"
        " percentile_cont(0.3) within group (order by n::number(10, 2)),"
        " percentile_cont(0.95) within group (order by n) over (partition by n > 5)"
        " from numbers group by n order by n"
    )[2:] == [(Decimal("10.000"), Decimal("10.00000"), Decimal("10.000"))]
    assert run(
        "select percentile_cont(0.95) within group (order by n),"
        " percentile_cont(0.3) within group (order by n::number(10, 2)) from numbers"
    ) == [(Decimal("9.200"), Decimal("1.60000"))]
    assert run("select median(n) over (partition by n < 5) from numbers order by n") == [
        (Decimal("1.500"),),
        (Decimal("1.500"),),
        (Decimal("10.000"),),
    ]
    assert run("select kurtosis(column1) from values (1), (3), (10), (1), (3)") == [
        (Decimal("3.613736609956"),)
    ]


@pytest.mark.parametrize(
    ("page", "expression", "expected"),
    [
        ("months_between", "months_between('2020-05-01 13:11:20'::timestamp,"
         " '2020-08-21 01:30:05'::timestamp)", Decimal("-3.629452")),
        ("months_between", "months_between('2019-02-28'::date, '2019-01-31'::date)", Decimal(1)),
        ("radians", "radians(3)", 0.05235987755982988),
        ("regr_slope", "regr_slope(column1, 1)", None),
        ("bitmap_bucket_number", "bitmap_bucket_number(max(column1) + 32768.0)", 2),
        ("bitnot", "bitnot(max(column1))", -3),
        ("octet_length", "octet_length(max('é'))", 2),
        ("base64_encode", "base64_encode(lower(max('X')))", "eA=="),
        ("array_except", "array_except([1], null)", None),
        ("array_remove", "array_remove([1], null)", None),
        ("timestamp_from_parts", "timestamp_ntz_from_parts(2022, 13, 2, 3, max(column1), 65, 6000)",
         datetime(2023, 1, 2, 3, 3, 5, 6)),
        ("timestamp_from_parts", "timestamp_tz_from_parts(2022, 1, 2, 3, 4, 5, 0, 'Europe/Paris')",
         datetime(2022, 1, 2, 2, 4, 5, tzinfo=UTC)),
        ("sum", "sum(column1::varchar) + avg(column1::varchar)", 4.5),
    ],
)  # fmt: skip
def test_functions_answer_as_their_pages_say(
    run: Run, page: str, expression: str, expected: object
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-all"""
    assert run(f"select any_value(v) from (select {expression} as v from values (1), (2)) t") == [
        (expected,)
    ], page


def test_snowparks_values_have_the_types_of_their_casts(session: Session) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest/snowpark/api/snowflake.snowpark.functions.contains"""
    frame = session.create_dataframe([[123, 2], [4, 5]], schema=["a", "b"])
    assert frame.select(contains("a", "b").alias("has")).collect() == [(True,), (False,)]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("log(3, 4)", "1.261859507"),
        ("0.8999999761581421::float", "0.8999999762"),
        ("0.08072205302271099::float", "0.08072205302"),
        ("-sqrt(2)", "-1.414213562"),
        ("sqrt(2) * 10", "14.142135624"),
        ("sqrt(2) * 10000", "14142.135623731"),
        ("exp(30)", "10686474581524.5"),
        ("2.5::float * 1e14", "250000000000000"),
        ("1e15::float", "1e+15"),
        ("1e-7::float", "1e-07"),
        ("170141183460469231731687303715884105729::float", "1.70141183460469e+38"),
        ("3::float", "3"),
    ],
)
def test_a_float_as_a_text_has_nine_decimals_or_ten_digits_and_fifteen_at_most(
    run: Run, value: str, text: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_char"""
    run(
        f"create or replace table floats as select {value} f, to_variant({value}) v, 'x'::varchar s"
    )
    assert run(
        "select to_varchar(f), f::varchar, f || '', concat('', f), array_to_string([f], ','),"
        " v::varchar, length(f), md5(f) from floats"
    ) == [(*(text,) * 6, len(text), md5(text.encode()).hexdigest())]
    run("update floats set s = f")
    assert run("select s from floats") == [(text,)]


def test_slices_of_time_begin_at_1970(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/time_slice"""
    expected = {
        "time_slice('2024-01-05'::date, 7, 'DAY')": date(2024, 1, 4),
        "time_slice('2024-01-05'::date, 7, 'DAY', 'END')": date(2024, 1, 11),
        "time_slice('2024-01-05 10:00:00'::timestamp, 7, 'DAY')": datetime(2024, 1, 4),
        "time_slice('1999-01-05'::date, 15, 'YEAR')": date(1985, 1, 1),
        "time_slice('1999-01-05'::date, 7, 'YEAR', 'END')": date(2005, 1, 1),
        "time_slice('1955-03-01'::date, 15, 'YEAR')": date(1955, 1, 1),
        # Weeks begin with that of 1970-01-01.
        "time_slice('1970-01-20'::date, 2, 'WEEK')": date(1970, 1, 12),
        "time_slice('2024-01-05'::date, 4, 'WEEK')": date(2023, 12, 18),
        "time_slice('1970-01-01 06:00:00'::timestamp, 5, 'HOUR')": datetime(1970, 1, 1, 5),
        "time_slice(null::date, 5, 'DAY')": None,
    }
    assert wrong_answers(run, expected) == {}
    assert error(run, "select time_slice('2024-01-05'::date, 1, 'HOUR')") == 2


def test_an_exponent_makes_a_double_of_a_number_in_json(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/typeof"""
    asked = "select typeof(v), v::varchar, to_json(v), v::int from (select parse_json(?) v)"
    assert run(asked, "1.912e2") == [("DOUBLE", "191.2", "1.912000000000000e+02", 191)]
    assert run(asked, "1e2") == [("DOUBLE", "100", "100", 100)]
