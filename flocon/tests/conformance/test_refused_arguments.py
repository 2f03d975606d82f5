"""What Snowflake finds while it compiles a statement, and the engine would answer."""

from datetime import date, datetime
from datetime import time as clock
from typing import Any

import pytest
from shared import one_database

from conformance.shared import Run, error, failure, wrong_answers

database = pytest.fixture(scope="module")(one_database)
FROM = "from held"


@pytest.fixture(scope="module", autouse=True)
def held(account: Any, database: str) -> None:
    with account.connect(database=database, schema="PUBLIC") as opened:
        for statement in (
            "create table held (o object, a array, v variant, s varchar, n number(5, 2), d date,"
            " ts timestamp_ntz, tm time, f float, b boolean)",
            "insert into held select {'k': 1}, [1, 2], to_variant('x'), 'y', 1.5, '2020-01-01',"
            " '2020-01-01 10:00:00', '10:00:00', 2.5, true",
            "create table pairs as select * from values (1, 30), (2, 10), (3, 50) v (a, b)",
        ):
            opened.cursor().execute(statement)


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("'x' || o", "||"),
        ("a || 'x'", "||"),
        ("concat('x', o)", "CONCAT"),
        ("concat_ws(',', s, a)", "CONCAT_WS"),
        ("listagg(o)", "LISTAGG"),
        ("upper(o)", "UPPER"),
        ("length(a)", "LENGTH"),
        ("substr(object_construct('a', 1), 1)", "SUBSTR"),
        ("replace(split('a,b', ','), 'a')", "REPLACE"),
        ("power(true, true)", "POWER"),
    ],
)
def test_arrays_and_objects_are_no_texts(run: Run, call: str, name: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    number, text = failure(run, f"select {call} {FROM}")
    assert (number, name in text) == (1044, True)


def test_what_is_cast_to_a_text_is_one(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    expected = {
        "'x' || o::varchar": 'x{"k":1}',
        "'x' || o:k": "x1",
        "v || 'y'": "xy",
        "upper(a::varchar)": "[1,2]",
        "upper(v)": "X",
    }
    assert wrong_answers(run, expected, FROM) == {}


@pytest.mark.parametrize(
    "call",
    [
        "try_to_time(ts)", "try_to_date(ts)", "try_to_double(123)", "try_to_boolean(n)",
        "try_to_boolean(f)", "try_cast(n as int)", "try_cast(1 as varchar)",
        "try_cast(d as varchar)", "try_cast(b as int)",
    ],
)  # fmt: skip
def test_only_texts_are_tried(run: Run, call: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/try_cast"""
    assert error(run, f"select {call} {FROM}") == 1065
    expected = {
        "try_to_time(tm)": clock(10),
        "try_to_date(d)": date(2020, 1, 1),
        "try_to_double(f)": 2.5,
        "try_to_boolean(b)": True,
        "try_cast(s as int)": None,
        "try_cast(null as int)": None,
    }
    assert wrong_answers(run, expected, FROM) == {}


def test_a_float_is_no_timestamp(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-type-conversion"""
    assert error(run, f"select f::timestamp_ntz {FROM}") == 1065
    expected = {"n::timestamp_ntz": datetime(1970, 1, 1, 0, 0, 1, 500000)}
    assert wrong_answers(run, expected, FROM) == {}


def test_date_part_has_no_part_between_seconds_and_nanoseconds(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/date_part"""
    for part in ("ms", "millisecond", "microsecond", "us"):
        assert error(run, f"select date_part({part}, ts) {FROM}") == 1007
    assert error(run, f"select extract(millisecond from ts) {FROM}") == 1007
    assert wrong_answers(run, {"date_part(nanosecond, ts)": 0}, FROM) == {}


def test_months_are_not_between_texts(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/months_between"""
    assert error(run, "select months_between('2020-01-01', '2019-01-01')") == 1007


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("select distinct a from pairs order by b", "[PAIRS.B]"),
        ("select distinct p.a from pairs p order by p.b", "[P.B]"),
        ("select distinct sum(b) from pairs group by a order by a", "[PAIRS.A]"),
        ("select distinct sum(b) from pairs group by a order by count(*)", "[COUNT(*)]"),
    ],
)
def test_distinct_rows_are_in_order_by_their_columns(run: Run, query: str, shown: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/order-by"""
    number, text = failure(run, query)
    assert (number, f"{shown} is not a valid order by expression" in text) == (1007, True)


def test_distinct_rows_are_in_order_by_what_is_made_of_their_columns(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/order-by"""
    for columns, order in (
        ("a", "a"), ("p.a", "a"), ("a", "p.a"), ("a as x", "a"), ("a as x", "x"), ("a", "1"),
        ("a", "a + 1"),
    ):  # fmt: skip
        query = f"select distinct {columns} from pairs p order by {order} desc"
        assert run(query) == [(3,), (2,), (1,)], query
    summed = "select distinct sum(b) as s from pairs group by a order by"
    assert run(f"{summed} s") == run(f"{summed} sum(b)") == [(10,), (30,), (50,)]
    assert run("select distinct * from pairs order by b") == [(2, 10), (1, 30), (3, 50)]


def test_a_frame_is_one_of_rows_in_order(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-window-syntax"""
    for window in (
        "rows between unbounded preceding and unbounded following",
        "partition by b rows unbounded preceding",
    ):
        number, text = failure(run, f"select sum(a) over ({window}) from pairs")
        assert (number, "Window frame requires an ORDER BY clause" in text) == (1007, True)
    framed = "select sum(a) over (order by a rows unbounded preceding) from pairs order by 1"
    assert run(framed) == [(1,), (3,), (6,)]
