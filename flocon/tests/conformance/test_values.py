"""Values of every type go in and come back."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from shared import errno, one, one_database

database = pytest.fixture(scope="module")(one_database)
Run = Any
D = Decimal


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
    """https://docs.snowflake.com/en/sql-reference/intro-summary-data-types"""
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
        moment.replace(tzinfo=UTC), b"\x00\xff", '{\n  "k": 1\n}', '{\n  "k": 1\n}', "[\n  1\n]",
    )  # fmt: skip
    assert empty == (2, *[None] * 12)


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
        ("select to_char(12.3, '9.99EE')", 2),
    ],
)
def test_a_value_that_does_not_fit_is_an_error_with_snowflakes_number(
    run: Run, sql: str, number: int
) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    assert errno(run, sql) == number
