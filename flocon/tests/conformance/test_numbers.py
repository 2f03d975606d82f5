"""Numbers: exact, and rounded as Snowflake rounds."""

from decimal import Decimal
from typing import Any

import pytest
from shared import one, one_database

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
