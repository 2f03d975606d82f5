"""`/` and AVG of fixed-point numbers: exact, with Snowflake's scale."""

from decimal import Decimal
from typing import Any

import pytest
import snowflake.connector
from shared import errno, one, one_database, shown

database = pytest.fixture(scope="module")(one_database)
Run = Any
D = Decimal


@pytest.mark.parametrize(
    ("expression", "expected", "scale"),
    [
        ("7 / 2", "3.500000", 6),
        ("2 / 3", "0.666667", 6),
        ("-2 / 3", "-0.666667", 6),
        ("1 / 0.3", "3.333333", 6),
        ("10.12 / 3", "3.37333333", 8),
        ("10.10 / 3", "3.3666667", 7),
        ("10.123456789 / 3", "3.374485596333", 12),
        ("1.1234567890123 / 1", "1.1234567890123", 13),
        ("1.10 / 2 / 4", "0.137500000000", 12),
        ("div0(1, 3)", "0.333333", 6),
        ("div0(1, 0)", "0.000000", 6),
        ("div0null(1, 0)", "0.000000", 6),
        ("div0null(1, null)", "0.000000", 6),
        ("div0null(null::int, 0)", "None", 6),
        ("round(10.10 / 3, 2)", "3.37", 2),
        ("9999999999.99 / 0.01", "999999999999.00000000", 8),
    ],
)
def test_a_quotient_has_the_scale_of_its_operands(
    connection: snowflake.connector.SnowflakeConnection, expression: str, expected: str, scale: int
) -> None:
    """https://docs.snowflake.com/en/sql-reference/operators-arithmetic"""
    cursor = connection.cursor()
    ((value,),) = cursor.execute(f"select {expression}").fetchall()
    assert (str(value), cursor.description[0].scale) == (expected, scale)


@pytest.fixture(scope="module")
def sales(account: Any, database: str) -> None:
    with account.connect(database=database, schema="PUBLIC") as opened:
        cursor = opened.cursor()
        cursor.execute("create table sales (shop int, amount number(12, 2), n int, f float)")
        cursor.execute(
            "insert into sales values (1, 10.10, 3, 1.5), (1, 20.00, 7, 2), (2, -1.05, 4, null),"
            " (2, null, 0, 1)"
        )


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ("avg(amount) from sales", ["9.68333333"]),
        ("avg(n) from sales", ["3.500000"]),
        ("avg(distinct n) from sales where n > 0", ["4.666667"]),
        ("avg(amount) from sales where n > 100", ["None"]),
        ("avg(f) from sales", ["1.5"]),
        ("sum(amount) / count(*) from sales", ["7.26250000"]),
        ("100 * count_if(n > 3) / count(*) from sales", ["50.000000"]),
        ("avg(iff(n > 3, amount, null)) from sales", ["9.47500000"]),
        ("avg(amount) over (partition by shop) from sales where shop = 1", ["15.05000"] * 2),
        (
            "avg(n) over (order by n rows between 1 preceding and current row) from sales",
            ["0.000", "1.500", "3.500", "5.500"],
        ),
        (
            "avg(amount) over (order by n rows between 1 preceding and 1 preceding) from sales",
            ["None", "None", "10.10000", "-1.05000"],
        ),
        ("avg(sum(amount)) over () from sales group by shop order by shop", ["14.52500"] * 2),
        ("avg(n) over (order by n) from sales where n > 3", ["4.000000", "5.500000"]),
        (
            "avg(n) over (order by n range between unbounded preceding and current row) from sales"
            " where n > 3",
            ["4.000000", "5.500000"],
        ),
        ("avg(-n) over () from sales where n < 7 or n = 3 limit 1", ["-2.333"]),
        ("avg(iff(n = 3, 2, 0)) over () from sales where n < 7 limit 1", ["0.666"]),
        ("avg(distinct n) over () from sales where n > 3", ["5.500"] * 2),
        ("avg(0.1234567::number(20, 7)) over () from sales where n = 3", ["0.1234567000"]),
        ("amount / f from sales where n in (3, 7) order by 1", ["6.733333333333333", "10.0"]),
        ("avg(amount) from sales group by shop having sum(amount) / count(*) > 0", ["15.05000000"]),
        ("(select avg(s.amount) / t.n from sales s) from sales t where n = 3", ["3.227777776667"]),
        ("sum(q) from (select amount / n q from sales where n > 0)", ["5.96130953"]),
        ("count(*) from sales where n > 0 group by amount / n order by amount / n", ["1"] * 3),
    ],
)
def test_an_average_is_exact(run: Run, sales: None, select: str, expected: list[str]) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/avg"""
    assert [str(value) for (value,) in run(f"select {select}")] == expected


def test_quotients_are_stored_and_shown_with_their_scale(
    run: Run, sales: None, connection: snowflake.connector.SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-numeric"""
    run("create or replace view shares as select amount / nullif(n, 0) share from sales")
    run("create or replace table kept as select share, avg(share) over () mean from shares")
    assert [row["type"] for row in shown(connection, "describe table kept")] == [
        "NUMBER(18,8)",
        "NUMBER(33,11)",
    ]
    run("create or replace table written (x number(10, 3))")
    run("insert into written select 10 / 3")
    run("update written set x = x / 7")
    run("merge into written w using (select 2 y) s on w.x > s.y when matched then delete"
        " when not matched then insert (x) values (s.y / 3)")  # fmt: skip
    assert run("select x from written order by 1") == [(D("0.476"),), (D("0.667"),)]
    with connection.cursor() as cursor:
        cursor.execute("begin")
        cursor.execute("create temporary table held (x int)")
        cursor.execute("insert into held values (1), (2)")
        assert cursor.execute("select avg(x) from held").fetchall() == [(D("1.500000"),)]
        cursor.execute("rollback")


def test_division_by_zero_is_an_error(run: Run, sales: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/div0"""
    assert errno(run, "select 1.5 / 0") == 100051
    assert errno(run, "select f / 0 from sales") == 100051
    assert errno(run, "select 10 / n from sales") == 100051
    assert one(run, "select null / 0") is None


@pytest.mark.parametrize(
    ("select", "binds", "expected"),
    [
        ("1 / ?", (3,), "0.333333"),
        ("? / 3", (1,), "0.333333"),
        ("? / ?", (D("1.50"), 7), "0.2142857"),
        ("10.12 / ?", (3,), "3.37333333"),
        ("1 / ?", (3.0,), "0.3333333333333333"),
        ("1 / ?", ("3",), "0.333333"),
        ("1 / ?", (None,), "None"),
        ("div0(?, 3)", (10,), "3.333333"),
        ("div0null(?, ?)", (10, None), "0.000000"),
        ("avg(?)", (4,), "4.000000"),
        ("n / ? from sales where n > ? limit ?", (2, 4, 1), "3.500000"),
    ],
)
def test_a_bind_is_divided_as_the_constant_is(
    run: Run, sales: None, select: str, binds: tuple[Any, ...], expected: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/operators-arithmetic"""
    assert str(one(run, f"select {select}", *binds)) == expected


def test_a_bind_is_divided_in_what_is_stored(run: Run, sales: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/operators-arithmetic"""
    run("create or replace table thirds as select n / ? third from sales where shop = 1", 3)
    run("insert into thirds select n / ? from sales where n = ?", 7, 4)
    run("update thirds set third = third / ? where third > ?", 2, 2)
    assert run("select third from thirds order by 1") == [
        (D("0.571429"),),
        (D("1.000000"),),
        (D("1.166667"),),
    ]
