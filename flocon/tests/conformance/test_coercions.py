"""Where a value is read as another type without being told: by the types of columns."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from conformance.shared import Run, error


@pytest.fixture
def t(run: Run) -> None:
    run("create table t (id int, d date, ts timestamp, n number(10, 2), s varchar, v variant)")
    run(
        "insert into t select 1, '2024-01-31', '2024-01-31 10:00:00', 1.5, 'a',"
        ' parse_json(\'{"n": "x", "k": 5, "t": true}\')'
    )


DAY = date(2024, 2, 1)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("dateadd(day, 1, d)", DAY),
        ("dateadd(day, 1, d)::varchar", "2024-02-01"),
        ("dateadd(month, 1, d)", date(2024, 2, 29)),
        ("dateadd(quarter, 1, d)", date(2024, 4, 30)),
        ("timestampadd(year, 1, d)", date(2025, 1, 31)),
        ("add_months(d, 1)", date(2024, 2, 29)),
        ("d + interval '1 day'", DAY),
        ("d - interval '1 month'", date(2023, 12, 31)),
        ("date_trunc('month', d)", date(2024, 1, 1)),
        ("dateadd(day, 1, max(d) over ())", DAY),
        ("dateadd(day, 1, coalesce(null, d))", DAY),
        ("dateadd(day, 1, dateadd(day, -1, d))", date(2024, 1, 31)),
        ("dateadd(hour, 1, d)", datetime(2024, 1, 31, 1)),
        ("d + interval '1 hour'", datetime(2024, 1, 31, 1)),
        ("dateadd(day, 1, ts)", datetime(2024, 2, 1, 10)),
        ("(select max(d) + interval '1 day' from t)", DAY),
        ("to_char(ts, 'YYYY-MM-DD HH24:MI')", "2024-01-31 10:00"),
        ("to_varchar(d, 'DD.MM.YYYY')", "31.01.2024"),
    ],
)
def test_days_from_a_date_are_a_date(run: Run, t: None, expression: str, expected: Any) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/dateadd"""
    assert run(f"select {expression} from t") == [(expected,)]


def test_the_type_of_a_column_is_known_wherever_it_comes_from(run: Run, t: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/dateadd"""
    moved = "dateadd(day, 1, x)"
    for source in (
        "(select d as x from t)",
        "(select * from (select max(d) as x from t))",
        "(select d as x from t union all select d from t) limit 1",
        "(with c (x) as (select d from t) select * from c)",
        "(select a.d as x from t a join t b on a.id = b.id)",
        "(select u.x from (select d from t) u (x))",
    ):
        assert run(f"select {moved} from {source}") == [(DAY,)], source
    assert run("with c as (select d as x from t) select dateadd(day, 1, c.x) from c, t") == [(DAY,)]
    run("create table made as select dateadd(day, 1, d) as x, d + interval '1 day' as y from t")
    run("create view shown as select dateadd(day, 1, d) as x from t")
    run("update t set d = dateadd(day, 1, d)")
    assert run("select * from made") == [(DAY, DAY)]
    assert run("select d, x from t, shown") == [(DAY, date(2024, 2, 2))]


_OF_A_TEXT = {
    "startswith({v}, 'x')": True,
    "endswith({v}, 'x')": True,
    "contains({v}, 'x')": True,
    "length({v})": 1,
    "substr({v}, 1, 1)": "x",
    "left({v}, 1)": "x",
    "right({v}, 1)": "x",
    "position('x', {v})": 1,
    "replace({v}, 'x', 'y')": "y",
    "split_part({v}, '-', 1)": "x",
    "md5({v}) = md5('x')": True,
    "sha2({v}) = sha2('x')": True,
    "initcap({v})": "X",
    "upper({v})": "X",
    "reverse({v})": "x",
    "lpad({v}, 2, '-')": "-x",
    "repeat({v}, 2)": "xx",
    "regexp_replace({v}, 'x', 'z')": "z",
    "{v} like 'x'": True,
    "{v} || 'y'": "xy",
    "{v} = 'x'": True,
    "{v} in ('x', 'y')": True,
}


@pytest.mark.parametrize(
    ("value", "rows"),
    [
        ("v:n", '(select parse_json(\'{"n": "x"}\') as v)'),
        ("v", "(select to_variant('x') as v)"),
        ("parse_json('\"x\"')", "(select 1)"),
        ("f.value", "(select parse_json('[\"x\"]') as v) s, lateral flatten(s.v) f"),
    ],
    ids=["path", "column", "parsed", "flattened"],
)
def test_a_text_function_takes_a_variants_text(run: Run, value: str, rows: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured"""
    asked = ", ".join(expression.format(v=value) for expression in _OF_A_TEXT)
    [answers] = run(f"select {asked} from {rows}")
    assert dict(zip(_OF_A_TEXT, answers, strict=True)) == _OF_A_TEXT
    assert run(f"select listagg({value}) from {rows}") == [("x",)]


def test_numbers_and_dates_are_read_as_texts(run: Run, t: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    assert run(
        "select length(123), left(12345, 2), upper(true), left(d, 4), substr(n, 1, 3),"
        " 123 like '1%' from t"
    ) == [(3, "12", "TRUE", "2024", "1.5", True)]


def test_a_text_compared_with_a_date_is_read_as_one(run: Run, t: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    assert run(
        "select d = b.s, ts > b.s, b.s < d, d = '01/31/2024'::varchar || ''"
        " from t, (select '2024-01-31' as s) b"
    ) == [(True, True, False, True)]


_DAY_AFTER = "dateadd(day, 1, coalesce(null, d))"


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (f"{_DAY_AFTER}::varchar", "2024-02-01"),
        (f"cast({_DAY_AFTER} as varchar)", "2024-02-01"),
        (f"to_char({_DAY_AFTER}, 'DD.MM.YYYY')::varchar", "01.02.2024"),
        ("(coalesce(null, d) + interval '1 day')::varchar", "2024-02-01"),
        ("trim(coalesce(null, v:n))::varchar", "x"),
        ("substr(coalesce(null, v:n), 1, 1)::varchar", "x"),
        ("(coalesce(null, v:n) = 'x')::int", 1),
        ("length(coalesce(null, d))::int", 10),
        (f"array_construct({_DAY_AFTER})[0]::varchar", "2024-02-01"),
        ("dateadd(quarter, 1, nvl2(1, d, null))", date(2024, 4, 30)),
        ("add_months(nvl2(1, d, null), 1)", date(2024, 2, 29)),
        ("length(nvl2(1, 1e3::float, null))", 4),
        ("to_variant(to_timestamp(255))::varchar", "1970-01-01 00:04:15.000"),
        ("dateadd(day, 1, to_date(nvl2(1, '2024-01-31', null)))", DAY),
        ("to_time(nvl2(1, '10:11', null))::varchar", "10:11:00"),
    ],
)
def test_types_are_known_inside_of_a_cast_and_of_a_function(
    run: Run, t: None, expression: str, expected: Any
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/cast"""
    assert run(f"select {expression} from t") == [(expected,)]


def test_moments_are_moved_compared_and_cut_as_texts_and_as_times(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/date_trunc"""
    assert run(
        "select date_trunc('minute', t), date_trunc('month', s), dateadd(day, 1, s),"
        " datediff(day, s, '2024-03-01'::date), datediff(day, '2024-02-01', s), dateadd(hour, 1, s)"
        " from (select '10:11:12'::time as t, '2024-02-29' as s)"
    ) == [
        (
            time(10, 11), datetime(2024, 2, 1), datetime(2024, 3, 1), 1, 28,
            datetime(2024, 2, 29, 1),
        )
    ]  # fmt: skip


def test_a_text_from_any_expression_is_a_binarys_digits(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-text"""
    source = "(select '616263' as x)"
    ways = ("x", "iff(true, x, null)", "nvl2(1, x, '')", "decode(1, 1, x)", "greatest(x, '00')")
    asked = ", ".join(f"{way}::binary" for way in ways)
    assert run(f"select {asked} from {source}") == [(b"abc",) * len(ways)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("md5('')", "d41d8cd98f00b204e9800998ecf8427e"),
        ("repeat('ab', 2)", "abab"),
        ("lpad('a', 3, '*')", "**a"),
        ("dayname('2024-02-29'::date)", "Thu"),
        ("to_char('2024-02-29'::date, 'DD MON')", "29 Feb"),
        ("decode(1, 1, 'x')", "x"),
        ("base64_encode('true')", "dHJ1ZQ=="),
        ("array_to_string(array_construct('b', 'a'), '-')", "b-a"),
        ("typeof(1)", "INTEGER"),
        ("typeof('x'::variant)", "VARCHAR"),
    ],
)
def test_a_text_of_constants_is_cast_to_a_text(run: Run, expression: str, expected: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_char"""
    assert run(f"select {expression}::varchar, ({expression} || '')") == [(expected, expected)]


def test_a_long_expression_has_the_text_of_a_short_one(run: Run, t: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    of = "case when id > 5 then {0} when id > 4 then {0} when id > 3 then {0} when id > 2 then {0}"
    of = f"({of} when id > 9 then {{0}} else {{0}} end)"
    source = "(select id, ts, n::float + 0.5 as r, to_binary('616263') as b from t)"
    values = [of.format(name) for name in ("ts", "r", "b")]
    texts = ("2024-01-31 10:00:00.000", "2", "616263")
    assert run(f"select {', '.join(f'{each}::varchar' for each in values)} from {source}") == [
        texts
    ]
    assert run(f"select {', '.join(f'{each} || null, {each}' for each in values)} from {source}")
    concatenated = ", ".join(f"concat({each}, '')" for each in values[:2])
    assert run(f"select {concatenated} from {source}") == [texts[:2]]
    sums = "+".join(["max(r)"] * 12)
    assert run(
        f"select {values[1]}::varchar as x, ({sums})::varchar, count(*) from {source}"
        f" where {values[1]}::varchar = '2' group by 1 having ({sums})::varchar = '24'"
    ) == [("2", "24", 1)]


def test_a_number_in_parentheses_has_a_text(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_char"""
    assert run("select to_varchar((-3)), '' || (-3), ((3))::varchar, -(-3) || '', 1e3 || ''") == [
        ("-3", "-3", "3", "3", "1000")
    ]


@pytest.mark.parametrize("count", ["n", "n::number(12, 0)", "f", "-(-n)", "9999999998.5", "i + 1"])
def test_a_moment_is_moved_by_more_seconds_than_32_bits_count(run: Run, count: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/dateadd"""
    source = (
        "(select 9999999999::number(10, 0) as n, 9999999999::float as f, 9999999998 as i,"
        " '2024-02-29 13:14:15'::timestamp as m)"
    )
    moved = f"dateadd(second, {count}, m)"
    asked = f"select {moved}, datediff(second, m, {moved}) from {source}"
    assert run(asked) == [(datetime(2341, 1, 19, 7, 0, 54), 9999999999)]


def test_a_variant_in_arithmetic_is_its_number(run: Run, t: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured"""
    assert run(
        "select w + 1, -w, w * 2, sum(w) over (), abs(w), w = 5, w > 4, w between 1 and 9, w in (5)"
        " from (select v:k as w from t)"
    ) == [(6, -5, 10, 5, 5, True, True, True, True)]
    assert run("select sum(v:k), avg(v:k) from t") == [(5, 5)]
    assert run("select v:t = true from t") == [(True,)]


def test_the_columns_of_a_union_have_one_type(run: Run, t: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/operators-query"""
    assert error(run, "select 1 union all select 'a'") == 100038
    assert run("select 1 as a union all select '2' order by a") == [(1,), (2,)]
    assert run("select d from t union all select '2024-05-05' order by 1") == [
        (date(2024, 1, 31),),
        (date(2024, 5, 5),),
    ]
    assert run("select typeof(v) from (select v from t union all select 'text') order by 1") == [
        ("OBJECT",),
        ("VARCHAR",),
    ]


def test_a_column_of_many_queries_united_has_the_type_of_that_which_is_no_text(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/operators-query"""
    assert run("select '5' as a union all select 1 union all select '2' order by a") == [
        (1,),
        (2,),
        (5,),
    ]
    assert run("select '5' as a union all (select 1 union all select '2') order by a") == [
        (1,),
        (2,),
        (5,),
    ]


def test_a_union_by_name_casts_the_columns_of_one_name(run: Run, t: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/operators-query"""
    assert run(
        "select '12' as a, d as b from t union by name select '2024-05-01' as b, 7 as a order by a"
    ) == [(7, date(2024, 5, 1)), (12, DAY.replace(month=1, day=31))]
    # In the same place, and of another name.
    assert run("select s as a, id as b from t union all by name select 7 as c order by c") == [
        (None, None, 7),
        ("a", 1, None),
    ]
    assert run(
        "select 1 as a, '2' as b union all by name select 3 as b, 4 as a"
        " union all by name select '7' as a, 8 as b order by a"
    ) == [(1, 2), (4, 3), (7, 8)]
    assert run(
        "select dateadd(day, 1, b) from (select s as a, d as b from t"
        " union all by name select '2024-01-01'::date as b, 'q' as a) order by 1"
    ) == [(date(2024, 1, 2),), (DAY,)]
    assert run(
        "select v, a from (select v, 1 as a from t union all by name select 7 as a, 'x' as v)"
        " order by a desc limit 1"
    ) == [('"x"', 7)]
    run("create table u (a number, b varchar, c date)")
    run(
        "insert into u select '7' as a, 5 as b, '2024-01-02' as c"
        " union all by name select d as c, 6 as b, 8 as a from t"
    )
    assert run("select * from u order by a") == [
        (7, "5", date(2024, 1, 2)),
        (8, "6", date(2024, 1, 31)),
    ]
    by_place = "select 1 as a, 2 as b union all select 3, 4"
    assert error(run, f"{by_place} union all by name select '5' as b, '6' as a") == 2


def test_a_union_of_all_columns_takes_no_text_beside_another_type(run: Run, t: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/operators-query"""
    run("create table u (x number, y varchar)")
    run("insert into u values (1, 'a')")
    assert error(run, "select * from u union all by name select '5' as x") == 2
    assert error(run, "select * from u union all select '5', 'b'") == 2
    assert run("select * from u union all by name select 5 as x, 'b' as y order by x") == [
        (1, "a"),
        (5, "b"),
    ]


def test_a_variant_is_ordered_by_what_it_is_cast_to(run: Run, t: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured"""
    assert run("select max(v:k::int) from t order by max(v:k::int)") == [(5,)]


def test_equal_variants_are_one(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-semistructured"""
    values = """('{"a":1,"b":2}'), ('{"b":2,"a":1.0}'), ('[1]')"""
    rows = f"(select parse_json(column1) as v from values {values})"
    assert run(f"select count(distinct v) from {rows}") == [(2,)]
    for grouped in ("v", "1", "w"):
        counted = f"select v as w, count(*) from {rows} group by {grouped} order by 2"
        assert [count for _, count in run(counted)] == [1, 2], grouped
    assert len(run(f"select distinct v from {rows}")) == 2
    assert run("select parse_json('[1.0, \"x\"]') = parse_json('[1,\"x\"]')") == [(True,)]
    assert run("select parse_json('1') <> parse_json('1.0')") == [(False,)]


def test_a_timestamp_in_an_object_has_its_own_text(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/object_construct"""
    moment = "'2024-01-01 01:02:03'::timestamp"
    assert run(
        f"select object_construct('t', {moment}):t::varchar, array_construct({moment})[0]::varchar,"
        f" to_variant({moment})::varchar"
    ) == [("2024-01-01 01:02:03.000",) * 3]


def test_text_in_a_date_format_is_itself(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/date-time-input-output"""
    assert run("select to_char('2024-01-05'::date, '\"W\"YYYY')") == [("W2024",)]


def test_a_number_has_38_digits(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-numeric"""
    largest = "9" * 38
    assert run(f"select {largest}") == [(int(largest),)]
    assert error(run, f"select {largest} + 1") == 100039


def test_count_of_a_tables_star_counts_rows_without_a_null(run: Run, t: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/count"""
    run("insert into t (id) values (2)")
    assert run("select count(*), count(t.*), count(x.*) from t cross join (select 1 a) x") == [
        (2, 1, 2)
    ]


def test_a_name_means_one_column(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-view"""
    twice = "select 1 as a, 2 as a"
    assert run(f"select * from ({twice})") == [(1, 2)]
    assert error(run, f"select a from ({twice})") == 2028
    assert error(run, f"select t.a from ({twice}) t") == 2028
    assert error(run, f"create view v as {twice}") == 2025
    assert error(run, f"create table v as {twice}") == 2025
    run(f"create view v (x, y) as {twice}")
    assert run("select y from v") == [(2,)]


def test_a_number_of_unknown_size_is_no_whole_number(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/iff"""
    made = {"to_decimal(x, 38, 2)": "0.25", "sum(x)": "0.25", "to_number(x)": "0.50"}
    for value, answer in made.items():
        source = f"(select {value} as c from (select 0.25::number(10, 2) as x))"
        [(number,)] = run(f"select iff(c is null or c = 0, 0.5, c) from {source}")
        assert number == Decimal(answer)


@pytest.fixture
def mixed(run: Run) -> None:
    """Texts and numbers in one row."""
    run("create table mixed (s varchar, i int, n number(10, 2), f float, v variant)")
    run("insert into mixed select '2.4', 2, 2.4, 2.4, to_variant(5)")


@pytest.mark.usefixtures("mixed")
@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("s + 0", Decimal("2.40000")),
        ("s * n", Decimal("5.7600000")),
        ("s / 1", Decimal("2.40000000000")),
        ("s % 2", Decimal("0.40000")),
        ("s + i", Decimal("4.40000")),
        ("'1.123456'::varchar + 0", Decimal("1.12346")),
        ("'5' + 1", 6),
        ("'5' / 2", Decimal("2.500000")),
        ("'2.50' + 1", Decimal("3.5")),
        ("' 5 ' * 1", Decimal("5.00000")),
        ("-s", -2.4),
        ("s + '1'", 3.4),
        ("s + f", 4.8),
        ("v + s", 7.4),
        ("s + null", None),
        ("nvl(s, 0)", Decimal("2.40000")),
        ("coalesce(s, 0.5)", Decimal("2.40000")),
        ("iff(true, s, 0)", Decimal("2.40000")),
        ("greatest(s, n)", Decimal("2.40000")),
        ("nvl2(s, s, 1)", Decimal("2.40000")),
        ("case when i = 3 then 1 else s end", Decimal("2.40000")),
        ("sum(s + 1)", Decimal("3.40000")),
        ("sin('0')", 0.0),
        ("median(v)", 5.0),
    ],
)
def test_a_text_beside_a_number_is_calculated_with(
    run: Run, expression: str, expected: Any
) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    [(answer,)] = run(f"select {expression} from mixed")
    assert (type(answer), str(answer)) == (type(expected), str(expected))


@pytest.mark.usefixtures("mixed")
def test_a_text_is_compared_with_a_number_as_the_number_that_it_spells(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    true = (
        "s <> 2, s = n, s = 2.40, i < '2.4', n > '2.39', i = '2.0', i = ' 2 ', s > 2, f = '2.4',"
        " s between 2 and 3, i between '1' and '2.5', i in ('2', '3'), s in (select n from mixed),"
        " equal_null(s, 2.4)"
    )
    false = "s = 2, s = i, i = '2.4', i in ('2.4'), s in (2, 3), s in (select i from mixed)"
    assert run(f"select {true} from mixed") == [(True,) * 14]
    assert run(f"select {false} from mixed") == [(False,) * 6]
    assert run("select nullif(i, '2.4'), decode(s, 2, 'x', 2.4, 'y') from mixed") == [(2, "y")]
    assert run("select case s when 2 then 'x' end from mixed") == [(None,)]
    assert run("select count(*) from mixed a join mixed b on a.s = b.i") == [(0,)]
    assert run("update mixed set i = i + '1' where s = 2.4 and i = '2'") == [(1, 0)]
    assert run("select i from mixed where i = '3'") == [(3,)]


@pytest.mark.usefixtures("mixed")
@pytest.mark.parametrize("expression", ["'x' + 1", "i = 'x'", "''::varchar + 0", "i in ('2', '')"])
def test_a_text_that_spells_no_number_is_none(run: Run, expression: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    assert error(run, f"select {expression} from mixed") == 100038


def test_a_constant_of_a_type_is_cast_as_a_whole(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-datetime"""
    assert run(
        "select date '2020-01-05'::varchar, timestamp '2020-01-05 10:00:00'::date,"
        " timestamp '2020-01-05 10:00:00'::varchar, time '10:00:00'::varchar,"
        " typeof(date '2020-01-05'::variant)"
    ) == [("2020-01-05", date(2020, 1, 5), "2020-01-05 10:00:00.000", "10:00:00", "DATE")]
