"""Numbers: exact, and rounded as Snowflake rounds."""

from decimal import Decimal
from typing import Any

import pytest
from shared import one, one_database
from snowflake.connector.errors import ProgrammingError

from conformance.shared import error, failure

database = pytest.fixture(scope="module")(one_database)
Run = Any
D = Decimal


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
    """https://docs.snowflake.com/en/sql-reference/functions/sum"""
    run("create table sales (amount number(12, 2))")
    run("insert into sales select 0.10 from table(generator(rowcount => 1000))")
    assert one(run, "select sum(amount) from sales") == D("100.00")


def test_decimals_keep_their_scale_through_a_view(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-numeric"""
    run("create or replace table prices (price number(10, 2))")
    run("insert into prices values (9.90), (0.1)")
    run("create or replace view totals as select sum(price) total, max(price) top from prices")
    assert run("select * from totals") == [(Decimal("10.00"), Decimal("9.90"))]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("round(f, one)", D("-135.20")),
        ("round(f, low)", D("-100.00")),
        ("round(f, 5 * one)", D("-135.16")),
        ("round(135.135, low)", D("100.000")),
        ("round(n, low)", 12300),
        ("round(n, one)", 12345),
        ("round(r, one)", -135.2),
        ("round(f, null::int)", None),
        ("round(f * f, one)", D("18268.2000")),
        ("round(n, -40 * one)", 0),
        ("round(f, one)::varchar", "-135.20"),
        ("max(round(f, one)) over ()", D("-135.20")),
        ("trunc(f, one)", D("-135.10")),
        ("trunc(n, low)", 12300),
        ("truncate(r, low)", -100.0),
        ("ceil(r, one)", -135.1),
    ],
)
def test_a_column_says_to_how_many_places_a_number_is_rounded(
    run: Run, expression: str, expected: Any
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/round"""
    source = (
        "(select -135.156::number(10, 2) as f, -135.156::float as r, 12345::number(38, 0) as n,"
        " 1::number(5, 0) as one, -2 as low)"
    )
    assert one(run, f"select {expression} from {source}") == expected


def test_numbers_are_rounded_in_a_having(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/round"""
    source = "(select 1.25::number(10, 2) as n, 1 as one)"
    having = "max(round(n, one)) = 1.3 and floor(max(n), 1) = 1.2 and ceil(max(n) * 2, 0) = 3"
    assert one(run, f"select max(n) from {source} group by one having {having}") == D("1.25")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("floor(n, 2)", D("0.29")),
        ("ceil(m, 1)", D("1.1")),
        ("ceil(m, 5)", D("1.10000")),
        ("floor(n * 1, 2)", D("0.29")),
        ("floor(-n, 1)", D("-0.3")),
        ("ceil(m, -1)", 10),
        ("floor(-m, -1)", -10),
        ("ceil(m, 1)::varchar", "1.1"),
    ],
)
def test_no_float_comes_into_ceil_and_floor_of_fixed_point_numbers(
    run: Run, expression: str, expected: Any
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/floor"""
    source = "(select 0.29::number(10, 2) as n, 1.10::number(10, 2) as m)"
    assert one(run, f"select {expression} from {source}") == expected


def test_ceil_of_a_fixed_point_number_to_places_of_a_column_is_refused(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/ceil"""
    for function in ("ceil", "floor"):
        with pytest.raises(ProgrammingError) as raised:
            run(f"select {function}(n, p) from (select 1.25::number(10, 2) as n, 1 as p)")
        assert raised.value.errno == 2


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("coalesce(f, w)", D("-0.25")),
        ("coalesce(w, f)", D("3.00")),
        ("nvl(f, 0::int)", D("-0.25")),
        ("ifnull(f, v:n::number)", D("-0.25")),
        ("iff(f < 0, f, 1::int)", D("-0.25")),
        ("case when f < 0 then 0.125 when f > 5 then null else v:n::int end", D("0.125")),
        ("case when f < 0 then f else coalesce(w, 0::int) end", D("-0.25")),
        ("case when f > 0 then 1 else iff(f < 0, f, w) end", D("-0.25")),
        ("nvl2(f, f, w)", D("-0.25")),
        ("decode(1, 1, f, w)", D("-0.25")),
        ("greatest(f, -w, 0::int)", D("0.00")),
        ("least(f, w, 0.125)", D("-0.250")),
        ("greatest(-w, 0.5, f + 1)", D("0.75")),
        ("coalesce(sum(w) over (), 0.5)", D("3.0")),
        ("coalesce(sum(f) over (), 0.125)", D("-0.250")),
        ("coalesce(f, w)::varchar", "-0.25"),
        ("to_variant(coalesce(f, w))::varchar", "-0.25"),
        ("coalesce(w, 1)", 3),
        ("coalesce(w, 1::int) / 2", D("1.500000")),
        ("f % w", D("-0.25")),
        ("mod(w, f)", D("0.00")),
    ],
)
def test_a_fraction_keeps_its_decimals_beside_a_whole_number(
    run: Run, expression: str, expected: Any
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/coalesce"""
    source = "(select -0.25::number(10, 2) as f, 3::int as w, parse_json('{\"n\": 5}') as v)"
    answer = one(run, f"select {expression} from {source}")
    assert (answer, type(answer)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("coalesce(sum(n), 0.125)", D("0.125")),
        ("nvl(-sum(n), 0.125)", D("0.125")),
        ("coalesce(sum(n * 2) + 1, 0.125)", D("0.125")),
        ("coalesce(sum(round(n, 1)), 0.25)", D("0.25")),
        ("coalesce(sum(0.5 * n), 0.125)", D("0.125")),
        ("coalesce(sum(n * n), 0.125)", D("0.1250")),
        ("coalesce(max(n::number(38, 2)), 0.125)", D("0.125")),
        ("iff(sum(n) is null, 0.125, sum(n))", D("0.125")),
        ("decode(1, 2, sum(n), 0.125)", D("0.125")),
        ("greatest(coalesce(sum(n), 0), 0.125)", D("0.125")),
        ("coalesce(avg(n), 0.1234567891)", D("0.1234567891")),
        ("coalesce(sum(n) / 2, 0.1234567891)", D("0.1234567891")),
        ("coalesce(sum(n), avg(m))", D("1.25000000")),
        ("coalesce(sum(n), sum(m), 0.125)", D("1.250")),
        ("coalesce(sum(n::float), 0.125)", 0.125),
        ("coalesce(sum(n), 0.125)::varchar", "0.125"),
        ("coalesce(sum(iff(m > 0, n, null)), 0.125)", D("0.125")),
        ("coalesce(sum(m), 0)", D("1.25")),
    ],
)
def test_a_fraction_keeps_its_decimals_beside_a_sum(
    run: Run, expression: str, expected: Any
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/sum"""
    source = "(select null::number(10, 2) as n, 1.25::number(10, 2) as m)"
    answer = one(run, f"select {expression} from {source}")
    assert (str(answer), type(answer)) == (str(expected), type(expected))


def test_a_fraction_keeps_its_decimals_beside_a_sum_of_a_query_within(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/sum"""
    sums = "(select sum(n) as s from (select 1.25::number(10, 2) as n))"
    assert run(f"select greatest(s, 0.125), s from {sums}") == [(D("1.250"), D("1.25"))]
    assert run(f"select s from {sums} union all select 0.125 order by s") == [
        (D("0.125"),), (D("1.250"),)
    ]  # fmt: skip
    run("create or replace table n125 as select 1.25::number(10, 2) as n")
    run("create or replace view totals as select sum(n) as s from n125")
    assert run("select coalesce(s, 0.125), iff(s > 2, s, 0.125) from totals") == [
        (D("1.250"), D("0.125"))
    ]


def test_a_union_of_fractions_and_whole_numbers_has_fractions(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/operators-query"""
    for other in ("7::int", "w from (select 7::int as w)", "coalesce(7::int, 1::int)"):
        union = f"select 0.25 as n union all select {other} union all select 0.5 order by n"
        assert run(union) == [(D("0.25"),), (D("0.50"),), (D("7.00"),)]
        assert run(f"select n from ({union}) where n > 0.3") == [(D("0.50"),), (D("7.00"),)]


def test_functions_of_numbers_take_texts_for_their_numbers(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion#implicit-casting-coercion,
    https://docs.snowflake.com/en/sql-reference/functions/median"""
    texts = "(select column1 as s, column2 as t from values ('10', '2'), ('9', '5'), (null, '1'))"
    expected = {
        "median(s)": 9.5, "sum(s)": 19.0, "avg(s)": 9.5, "var_pop(s)": 0.25, "stddev_pop(s)": 0.5,
        "variance(s)": 0.5, "covar_pop(s, t)": -0.75, "corr(s, t)": -1.0,
        "regr_slope(s, t)": -1 / 3,
    }  # fmt: skip
    for call, answer in expected.items():
        assert run(f"select round({call}, 9) from {texts}") == [(round(answer, 9),)], call
    assert run(f"select abs(s), sqrt(t), sign(s) from {texts} where t = '1'") == [(None, 1.0, None)]
    assert error(run, "select stddev(x) from (select 'a' as x)") == 100038


def test_a_window_function_counts_in_any_number(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/ntile,
    https://docs.snowflake.com/en/sql-reference/functions/lag"""
    rows = run(
        "select n, ntile(two) over (order by n), lag(n, 1::int) over (order by n),"
        " lead(n, two) over (order by n), nth_value(n, 2::number(5)) over (order by n rows"
        " between unbounded preceding and unbounded following)"
        " from (select column1 as n, 2::int as two from values (1), (2), (3), (4)) order by n"
    )
    assert rows == [(1, 1, None, 3, 2), (2, 1, 1, 4, 2), (3, 2, 2, None, 2), (4, 2, 3, None, 2)]


@pytest.mark.parametrize(
    ("value", "source", "expected"),
    [
        ("coalesce(a, 0.123456789012345)", "(select avg(n) a from none)", "0.123456789012345"),
        ("coalesce(a, 0.123456789012345)", "(select avg(m) a from one)", "1.250000000000000"),
        ("coalesce(q, 0.123456789012345)", "(select null::number(10, 2) / m q from one)",
         "0.123456789012345"),
        ("greatest(a, 0.123456789012345)", "(select avg(m) a from one)", "1.250000000000000"),
        ("iff(a > 5, a, 0.123456789012345)", "(select avg(m) a from one)", "0.123456789012345"),
        ("case when a > 5 then a else b end", "(select avg(m) a, 0.1234567891 b from one)",
         "0.1234567891"),
        ("coalesce(a, s)", "(select avg(n) a from none) x, (select sum(m) s from one) y",
         "1.25000000"),
        ("coalesce(p, 0.1234567890123456)", "(select null::number(10, 2) * m * 1.55 p from one)",
         "0.1234567890123456"),
        ("coalesce(avg(m * n), sum(m))", "one", "1.5625000000"),
        ("nvl2(n, avg(m), 0.123456789012345)", "none group by n", None),
        ("decode(1, 1, 0.123456789012345, a)", "(select avg(m) a from one)", "0.123456789012345"),
        ("coalesce(a, null)", "(select avg(m) a from one)", "1.25000000"),
        ("coalesce(a, 2::float)", "(select avg(m) a from one)", 1.25),
    ],
)  # fmt: skip
def test_an_average_of_a_query_within_leaves_others_their_decimals(
    run: Run, value: str, source: str, expected: str | float | None
) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-numeric
    https://docs.snowflake.com/en/sql-reference/operators-arithmetic"""
    run("create or replace temporary table one as select 1.25::number(10, 2) m, m n")
    run("create or replace temporary table none as select m, n from one where false")
    found = run(f"select {value} from {source}")
    if expected is None:
        assert found == []
    else:
        wanted = D(expected) if isinstance(expected, str) else expected
        assert [str(row[0]) for row in found] == [str(wanted)]
    cte = run(f"with x as (select {value} v from {source}) select v from x")
    assert cte == found


@pytest.mark.parametrize(
    "union",
    [
        "select avg(m) a from one union all select 0.123456789012345",
        "select * from (select avg(m) a from one) union all select 0.123456789012345",
        "select 0.123456789012345 a union all select * from (select avg(m) from one)",
        "select avg(m) a from one union select * from (select 0.123456789012345)",
        "with x as (select avg(m) a from one) select a from x"
        " union all (select null union all select 0.123456789012345)",
        "select * from averages union all select 0.123456789012345",
    ],
)
def test_a_union_has_the_decimals_of_the_finest_of_its_numbers(run: Run, union: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/operators-query"""
    run("create or replace temporary table one as select 1.25::number(10, 2) m")
    run("create or replace temporary view averages as select avg(m) a from one")
    rows = run(f"select a from ({union}) where a is not null order by a")
    assert [str(a) for (a,) in rows] == ["0.123456789012345", "1.250000000000000"]


def test_a_union_by_name_has_the_decimals_of_the_finest_of_each_column(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/operators-query"""
    run("create or replace temporary table one as select 1.25::number(10, 2) m")
    union = "select avg(m) a, 1 b from one union all by name"
    for other in (
        "select 2 b, 0.123456789012345 a",
        "select * from (select 2 b, 0.123456789012345 a)",
    ):
        rows = run(f"{union} {other} order by b")
        assert [(str(a), b) for a, b in rows] == [
            ("1.250000000000000", 1),
            ("0.123456789012345", 2),
        ]
    rows = run(f"{union} select 0.123456789012345 a order by b")
    assert [(str(a), b) for a, b in rows] == [("1.250000000000000", 1), ("0.123456789012345", None)]


def test_values_have_the_decimals_of_the_finest_of_them(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/values"""
    rows = run("select column1 from (values (1.5::number(38, 1)), (0.2567), (null)) order by 1")
    assert rows == [(D("0.2567"),), (D("1.5000"),), (None,)]


def test_a_condition_of_delete_divides_as_any_other(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/operators-arithmetic"""
    run("create or replace temporary table parts as select 1::number(10, 0) p, 3 q")
    run("delete from parts where p / q = 1::float / 3")
    assert run("select p / q from parts") == [(D("0.333333"),)]
    run("delete from parts using (select 0.333333 s) x where parts.p / parts.q = x.s")
    assert run("select * from parts") == []


def test_a_default_of_lag_and_lead_has_no_more_decimals_than_their_values(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/lag"""
    run("create temporary table priced (x number(38, 2), i int, s varchar)")
    run("insert into priced values (1.25, 1, 'a'), (2.5, 2, 'b')")
    over = "over (order by x) from priced"
    for call in (
        "lag(x, 1, 0.1234)",
        "lead(x, 1, 0.1234)",
        "lag(x, 1, 0.1234) ignore nulls",
        "lag(i, 1, 0.5)",
        "lag(i, 1, 0::float)",
        "lag(x, 1, '0.1234')",
        "lag(x, 1, x / 3)",
        "lag(abs(x), 1, 0.001)",
        "lag(s, 1, 5)",
    ):
        assert error(run, f"select {call} {over}") == 2, call
    for call, expected in {
        "lag(x, 1, 0)": [D("0.00"), D("1.25")],
        "lead(x, 1, 0.5)": [D("2.50"), D("0.50")],
        "lag(x, 1, null)": [None, D("1.25")],
        "lag(x, 1, x)": [D("1.25"), D("1.25")],
        "lag(x::number(38, 4), 1, 0.1234)": [D("0.1234"), D("1.2500")],
        "lag(abs(x) * 1.5, 1, 0.001)": [D("0.001"), D("1.875")],
        "lag(i, 1, 0)": [0, 1],
        "lag(s, 1, 'q')": ["q", "a"],
        "lag(i::float, 1, 0.5)": [0.5, 1.0],
    }.items():
        assert run(f"select {call} {over} order by x") == [(each,) for each in expected], call


def test_a_remainder_of_long_fractions_is_no_float(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/mod"""
    run("create temporary table divided as select 1.25::number(38, 2) x")
    assert run("select mod(x, 0.1234), mod(x, 0.2) from divided") == [(D("0.0160"), D("0.05"))]


def test_a_truth_is_no_floating_point_number(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_double"""
    run("create temporary table truths as select true b")
    for value in ("b", "true", "1 = 1"):
        assert error(run, f"select to_double({value}) from truths") == 1065
        assert error(run, f"select ({value})::float from truths") == 1065
    assert run("select b::number, to_double('1.5') from truths") == [(1, 1.5)]


def test_the_seed_of_random_is_a_number(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/random"""
    assert error(run, "select random('abc')") == 100038
    assert run("select random('5') = random('5')") == [(True,)]


def test_a_sequence_that_a_default_names_stays(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/drop-sequence"""
    run("create sequence numbered")
    run("create table of_numbers (n int default numbered.nextval, b int)")
    assert error(run, "drop sequence numbered") == 2
    assert error(run, "create or replace sequence numbered") == 2
    run("insert into of_numbers (b) values (7)")
    assert run("select * from of_numbers") == [(1, 7)]


def test_a_constant_with_an_exponent_is_a_fixed_point_number(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/system_typeof"""
    assert run("select 1e2, 15e-3, 2e0+3, 1E+2-1, 1e0 / 3, typeof(1e10::variant), '1e0+1'") == [
        (100, Decimal("0.015"), 5, 99, Decimal("0.333333"), "INTEGER", "1e0+1")
    ]


def test_the_deviation_of_fixed_point_numbers_is_the_root_of_their_variance(run: Run) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest/snowpark/api/snowflake.snowpark.DataFrame.agg
    https://docs.snowflake.com/en/sql-reference/functions/stddev"""
    run("create table spread (n int, d number(10, 1))")
    run("insert into spread values (1, 1), (1, 1), (3, 3)")
    assert run("select stddev(n), stddev_samp(n), stddev_pop(n), stddev(d) from spread") == [
        (1.1547003940416753, 1.1547003940416753, 0.9428091005076267, 1.1547005369358758)
    ]
    assert run("select stddev(n) over () from spread limit 1") == [(1.1547003940416753,)]


def test_a_truncated_zero_has_no_sign(run: Run) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest/snowpark/api/snowflake.snowpark.functions.trunc"""
    run("create table signed (f float)")
    run("insert into signed values (-0.9)")
    assert run("select trunc(f)::varchar, trunc(f, 0)::varchar from signed") == [("0", "0")]


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("1.50", "1.5"),
        ("-1.00", "-1"),
        ("100.00", "100"),
        ("100", "100"),
        (".50", "0.5"),
        ("7.", "7"),
        ("0.0", "0"),
        ("1.05", "1.05"),
        ("12345678901234567890123456789012345678.0", "12345678901234567890123456789012345678"),
        ("1.50 || 'x'", "1.5x"),
        ("to_varchar(1.00)", "1"),
        ("to_variant(1.50)", "1.5"),
        ("coalesce(1.50, 2.25)", "1.50"),
        ("'1.50'", "1.50"),
        ("1.50::number(5, 2)", "1.50"),
        ("system$typeof(1.00)", "NUMBER(1,0)[SB1]"),
        ("system$typeof(0.10)", "NUMBER(2,1)[SB1]"),
        ("system$typeof(1.05)", "NUMBER(3,2)[SB1]"),
    ],
)
def test_the_zeros_at_the_end_of_a_constant_are_none_of_its_digits(
    run: Run, expression: str, text: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/system_typeof"""
    assert str(one(run, f"select {expression}")) == text


def test_a_constant_is_stored_as_a_text_without_zeros_and_a_default_is_shown_with_them(
    run: Run,
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/system_typeof"""
    run("create or replace table shown (s varchar, d number(5, 2) default 2.50, n number(5, 2))")
    run("insert into shown (s, n) values (1.50, 1.50)")
    run("insert into shown (s, n) values (3.50, 3.50), (4.00, 5.25), (7.10, 0.00)")
    assert run("select * from shown order by 1") == [
        ("1.5", Decimal("2.50"), Decimal("1.50")),
        ("3.5", Decimal("2.50"), Decimal("3.50")),
        ("4.0", Decimal("2.50"), Decimal("5.25")),
        ("7.1", Decimal("2.50"), Decimal("0.00")),
    ]
    defaults = [row[4] for row in run("describe table shown")]
    assert defaults == [None, "2.50", None]


def test_bounds_of_uniform_are_what_they_are_written_as(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/uniform"""
    assert one(run, "select count(distinct uniform(0.0, 1.0, random())) > 1"
               " from table(generator(rowcount => 9))") is True  # fmt: skip


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        (
            "select seq1(1) as s from table(generator(rowcount => 300)) order by s limit 2",
            [-128, -127],
        ),
        (
            "select seq1(1) as s from table(generator(rowcount => 150))"
            " order by s limit 3 offset 20",
            [-108, -107, 0],
        ),
        (
            "select seq2(1) as s from table(generator(rowcount => 40000)) order by s limit 1",
            [-32768],
        ),
        ("select seq1() as s from table(generator(rowcount => 3)) order by s", [0, 1, 2]),
        ("select max(s) from (select seq2() as s from table(generator(rowcount => 300)))", [299]),
        (
            "select max(s) from (select seq4(1) as s from table(generator(rowcount => 70000)))",
            [69999],
        ),
    ],
)
def test_a_sequence_of_sign_1_goes_on_with_the_smallest_number_of_its_bytes(
    run: Run, query: str, rows: list[int]
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/seq1"""
    assert run(query) == [(row,) for row in rows]


@pytest.mark.parametrize(
    ("text", "format", "number"),
    [
        ("12.5", "99.99", "12.50"), ("5", "9.9", "5.00"), (" 12 ", "99", "12.00"),
        ("-12", "99", "-12.00"), ("- 12", "99", "-12.00"), ("+12", "99", "12.00"),
        ("1,234.56", "9,999.99", "1234.56"), ("1234.56", "9G999D99", "1234.56"),
        ("12,34", "99,99", "1234.00"), ("123", "9,999", "123.00"), ("012", "000", "12.00"),
        ("123", "9099", "123.00"), ("1.50", "9.90", "1.50"), (".5", "B9.9", "0.50"),
        ("$12", "$99", "12.00"), ("-$12", "$99", "-12.00"), ("$ 12", "$99", "12.00"),
        ("12$", "99$", "12.00"), ("+12", "S99", "12.00"), ("1-", "9S", "-1.00"),
        ("12-", "99MI", "-12.00"), ("12", "99mi", "12.00"), ("-101", "MI999|999MI", "-101.00"),
        ("102-", "MI999|999MI", "-102.00"), ("ae5", "XXX", "2789.00"), (" ff ", "xx", "255.00"),
        ("-12.3", "TM9", "-12.30"),
    ],
)  # fmt: skip
def test_a_text_becomes_a_number_by_a_format(run: Run, text: str, format: str, number: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql-format-models
    https://docs.snowflake.com/en/sql-reference/functions/to_decimal
    """
    source = f"(select '{text}' as x)"
    functions = ("to_number", "to_decimal", "to_numeric", "try_to_number", "try_to_decimal")
    for function in functions:
        asked = f"{function}(x, '{format}', 10, 2), {function}('{text}', '{format}', 10, 2)"
        assert run(f"select {asked} from {source}") == [(Decimal(number), Decimal(number))]
    assert run(f"select to_number(x, '{format}') = round({number}) from {source}") == [(True,)]


@pytest.mark.parametrize(
    ("text", "format"),
    [
        ("123", "99"), ("0012", "99"), ("12,345", "9,999"), ("1,23", "9,999"), (",123", "9,999"),
        ("123,", "9,999"), ("123.5", "99.9"), ("12", "0000"), ("12", "9099"), (".5", "9.9"),
        ("1.", "9"), ("1.5", "9.90"), ("$123", "$99"), ("12.50", "$99.99"), ("$-12", "$99"),
        ("12-", "99"), ("--12", "99"), ("1 2", "99"), ("-1", "9S"), ("12", "S99"), ("ae5", "XX"),
        ("-ff", "XX"), ("ff", "0XX"), ("1e5", "TM9"), ("1,234", "TM9"), ("abc", "999"), ("", "9"),
    ],
)  # fmt: skip
def test_a_text_that_is_not_of_a_format_is_no_number(run: Run, text: str, format: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/to_decimal
    https://docs.snowflake.com/en/sql-reference/functions/try_to_decimal
    """
    assert failure(run, f"select to_number('{text}', '{format}')") == (
        100140,
        f"100140 (22007): Can't parse '{text}' as number with format '{format}'",
    )
    assert run(f"select try_to_number('{text}', '{format}'), try_to_number(null, '9')") == [
        (None, None)
    ]


@pytest.mark.parametrize("format", ["9EEEE", "99%", "FX9", "FM9", "TME", '"x"9', "9e9", "S9S", ""])
def test_a_format_that_is_not_carried_out_is_refused(run: Run, format: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql-format-models"""
    assert error(run, f"select to_number('1', '{format}')") == 2
    assert error(run, "select to_number(1, '9')") == 2
