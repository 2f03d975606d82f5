"""Means and quotients of numbers with more digits than a floating-point number tells."""

from decimal import Decimal
from typing import Any

import pytest
from shared import one_database

from conformance.shared import Run, error, failure

D = Decimal
database = pytest.fixture(scope="module")(one_database)


@pytest.fixture(scope="module")
def fractions(account: Any, database: str) -> None:
    with account.connect(database=database, schema="PUBLIC") as opened:
        for statement in (
            "create table fractions (n10 number(20, 10), n20 number(38, 20), n15 number(15, 15),"
            " n37 number(38, 37), n36 number(36, 36), n35 number(38, 35))",
            "insert into fractions select 2.5, 2.5, 0.5, 1.5, 0.5, 2.5",
            "insert into fractions select 3.5, 3.5, 0.25, 2.5, 0.25, 3.5",
            "create table large (c number(37, 0), b number(38, 0), part number)",
            "insert into large values (1234567890123456789012345, 1234567890123456789, 1),"
            " (1234567890123456789012346, 1234567890123456790, 1),"
            " (1234567890123456789012999, 1234567890123456999, 2)",
        ):
            opened.cursor().execute(statement)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("avg(n10)", "3.000000000000"),
        ("avg(n20)", "3.00000000000000000000"),
        ("avg(n15)", "0.375000000000000"),
        ("avg(n36)", "0.375000000000000000000000000000000000"),
        ("avg(n37)", "2.0000000000000000000000000000000000000"),
        ("max(n20 / 3)", "1.16666666666666666667"),
        ("max(n20 / n37)", "1.66666666666666666667"),
        ("max(1 / n20)", "0.400000"),
    ],
)
def test_a_quotient_of_long_fractions_is_exact(
    run: Run, fractions: None, value: str, expected: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/operators-arithmetic"""
    assert run(f"select to_varchar({value}) from fractions") == [(expected,)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("median(n10)", "3.0000000000000"),
        ("median(n20)", "3.00000000000000000000000"),
        ("median(n15)", "0.375000000000000000"),
        ("percentile_cont(0.5) within group (order by n10)", "3.0000000000000"),
        ("percentile_disc(0.5) within group (order by n35)", "2.5" + "0" * 34),
        ("max(m) from (select avg(n20) over () m from fractions)", "3.00000000000000000000000"),
        ("max(m) from (select avg(n10) over () m from fractions)", "3.0000000000000"),
    ],
)
def test_what_lies_between_long_fractions_is_exact(
    run: Run, fractions: None, value: str, expected: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/median"""
    called, _, source = value.partition(" from ")
    query = f"select to_varchar({called}) from {source or 'fractions'}"
    assert run(query) == [(expected,)]


def test_the_median_of_long_numbers_has_all_of_their_digits(run: Run, fractions: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/median"""
    assert run("select median(c), median(b) from large") == [
        (D("1234567890123456789012346.000"), D("1234567890123456790.000"))
    ]
    assert run("select part, median(c) from large group by part order by part") == [
        (1, D("1234567890123456789012345.500")),
        (2, D("1234567890123456789012999.000")),
    ]
    assert run("select median(b) over (partition by part) from large order by b limit 1") == [
        (D("1234567890123456789.500"),)
    ]
    assert run("select median(b) from large where part = 3") == [(None,)]
    assert run("select avg(c), max(c / 3) from large where part = 1") == [
        (D("1234567890123456789012345.500000"), D("411522630041152263004115.333333"))
    ]


def test_a_share_of_numbers_with_more_digits_than_a_float_tells_is_refused(
    run: Run, fractions: None
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/percentile_cont"""
    asked = "select percentile_cont(0.25) within group (order by {}) from large"
    assert error(run, asked.format("c")) == 2
    assert run(asked.format("part")) == [(D("1.000"),)]
    seconds = "column1::number(20, 6) / 1000"
    shares = f"percentile_cont(0.25) within group (order by {seconds})"
    [(share,)] = run(f"select {shares} from values (1000000), (3000000)")
    assert str(share) == "1500.000000000000"


@pytest.mark.parametrize(
    ("value", "datatype"),
    [
        ("median(n37)", "NUMBER(41,40)"),
        ("percentile_cont(0.5) within group (order by n37)", "NUMBER(41,40)"),
        ("avg(n37) over ()", "NUMBER(41,40)"),
        ("median(n36)", "NUMBER(39,39)"),
        ("avg(n36) over ()", "NUMBER(41,39)"),
    ],
)
def test_three_decimals_more_than_38_are_no_number_also_without_rows(
    run: Run, fractions: None, value: str, datatype: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-numeric"""
    for condition in ("true", "false"):
        number, text = failure(run, f"select {value} from fractions where {condition}")
        assert (number, text.rpartition("\n")[2]) == (
            2, f"Invalid intermediate datatype: {datatype}."
        )  # fmt: skip


def test_a_value_that_three_decimals_more_leave_no_room_for_is_out_of_range(
    run: Run, fractions: None
) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-numeric"""
    for value in ("median(n35)", "avg(n35) over ()"):
        assert error(run, f"select {value} from fractions") == 100039


def test_a_variance_of_long_fractions_is_refused_and_their_deviation_is_not_lost(
    run: Run, fractions: None
) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/variance"""
    assert error(run, "select variance(n20) from fractions") == 2
    assert error(run, "select var_pop(n15) from fractions") == 2
    assert run("select stddev(n20 / 100000000) from fractions") == [(0.7071067811865475e-8,)]
