"""Columns from values and by their places; statements that read the answer before them."""

import threading
import time
from decimal import Decimal as D
from typing import Any

import pytest
import snowflake.connector
from shared import one_database
from snowflake.connector import SnowflakeConnection

from conformance.shared import Run, error

database = pytest.fixture(scope="module")(one_database)

_SALES = "(1, 10, 'JAN'), (1, 400, 'JAN'), (2, 20, 'FEB'), (1, 5, 'FEB')"


@pytest.fixture
def sales(run: Run) -> None:
    run("create or replace table sales (empid int, amount int, month text)")
    run(f"insert into sales values {_SALES}")


def answer(connection: SnowflakeConnection, sql: str) -> tuple[list[str], list[Any]]:
    """Names of columns, and rows."""
    cursor = connection.cursor().execute(sql)
    return [column.name for column in cursor.description], cursor.fetchall()


@pytest.mark.usefixtures("sales")
def test_pivot_takes_the_values_that_are_there(connection: SnowflakeConnection) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/pivot"""
    names, rows = ["EMPID", "'FEB'", "'JAN'"], [(1, 5, 410), (2, 20, None)]
    pivot = "pivot(sum(amount) for month in"
    assert answer(connection, f"select * from sales {pivot} (any)) order by 1") == (names, rows)
    found = answer(connection, f"select * from sales {pivot} (any order by month desc)) order by 1")
    assert found == (["EMPID", "'JAN'", "'FEB'"], [(1, 410, 5), (2, None, 20)])
    query = "(select distinct month from sales where month < 'G')"
    found = answer(connection, f"with s as (select * from sales) select * from s {pivot} {query})")
    assert (found[0], sorted(found[1])) == (["EMPID", "'FEB'"], [(1, 5), (2, 20)])
    found = answer(connection, f"select * from sales {pivot} (any) default on null (0)) order by 1")
    assert found == (names, [(1, 5, 410), (2, 20, 0)])
    counted = "pivot(count(month) for amount in (any order by amount)) p order by 1"
    found = answer(connection, f"select p.* from sales {counted}")
    assert found[0] == ["EMPID", "5", "10", "20", "400"]


@pytest.mark.parametrize(
    ("value", "default", "expected"),
    [
        ("amount::int", "1.5", [D("5.0"), D("1.5")]),
        ("amount::int", "-1.5", [D("5.0"), D("-1.5")]),
        ("amount::number(10, 2)", "0.125", [D("5.000"), D("0.125")]),
        ("amount::number(38, 2)", "0.125::number(9, 3)", [D("5.000"), D("0.125")]),
        ("amount::number(10, 2)", "7", [D("5.00"), D("7.00")]),
        ("amount::float", "1.5", [5.0, 1.5]),
        ("amount::varchar", "'none'", ["5", "none"]),
    ],
)
@pytest.mark.usefixtures("sales")
def test_a_pivots_default_keeps_its_decimals_beside_numbers_of_all_sizes(
    run: Run, value: str, default: str, expected: list[Any]
) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/pivot"""
    aggregate = "max" if "varchar" in value else "sum"
    rows = f"(select month, empid, {value} as v from sales where amount = 5)"
    for months in ("'FEB', 'MAR'", "'FEB' as feb, 'MAR' as mar"):
        pivot = f"pivot({aggregate}(v) for month in ({months}) default on null ({default}))"
        assert run(f"select * from {rows} {pivot} p") == [(1, *expected)]


@pytest.mark.usefixtures("sales")
def test_a_pivots_value_without_a_name_is_called_as_it_is_written(
    run: Run, connection: SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/pivot"""
    pivot = "pivot(sum(amount) for month in ('JAN' as january, 'FEB', 'MAR'))"
    names, rows = ["EMPID", "JANUARY", "'FEB'", "'MAR'"], [(1, 410, 5, None), (2, None, 20, None)]
    assert answer(connection, f"select * from sales {pivot} order by 1") == (names, rows)
    run(f"create or replace view by_month as select * from sales {pivot}")
    assert answer(connection, "select * from by_month order by 1") == (names, rows)
    pivot = f"{pivot[:-1]} default on null (0))"
    filled = [(1, 410, 5, 0), (2, 0, 20, 0)]
    assert answer(connection, f"select * from sales {pivot} order by 1") == (names, filled)
    twins = "pivot(sum(amount) for month in ('JAN', 'Jan'))"
    assert answer(connection, f"select * from sales {twins}")[0] == ["EMPID", "'JAN'", "'Jan'"]
    several = "pivot(sum(amount), max(amount) for month in ('JAN'))"
    for begin in ("", "create or replace view by_month as "):
        assert error(run, f"{begin}select * from sales {several}") == 1003


@pytest.mark.usefixtures("sales")
def test_a_pivot_that_is_asked_again_has_the_new_values(
    run: Run, connection: SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/pivot"""
    query = "select * from sales pivot(max(amount) for month in (any)) order by 1"
    assert answer(connection, query)[0] == ["EMPID", "'FEB'", "'JAN'"]
    run("insert into sales values (3, 7, null)")
    names, rows = answer(connection, query)
    assert names == ["EMPID", "'FEB'", "'JAN'", "NULL"]
    assert rows[-1] == (3, None, None, 7)
    assert connection.cursor().describe(query)[-1].name == "NULL"


@pytest.mark.usefixtures("sales")
def test_columns_are_named_by_their_places(run: Run, connection: SnowflakeConnection) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/select"""
    assert answer(connection, "select $3, $1 from sales where $2 = 20") == (
        ["$3", "$1"],
        [("FEB", 2)],
    )
    assert run("select s.$1 + 1 from sales s order by s.$2 desc limit 1") == [(2,)]
    assert run("select $2 from (select 1 a, 'x' b)") == [("x",)]
    assert run("with c as (select 7 a, 8 b) select $2 from c") == [(8,)]
    assert run("select a.$1, b.$1 from (select 1) a, (select 2) b") == [(1, 2)]
    run("create or replace view by_place as select $3 m from sales where $1 = 2")
    assert run("select * from by_place") == [("FEB",)]
    assert error(run, "select $4 from sales") == 904


def test_a_statement_reads_those_before_it(run: Run, connection: SnowflakeConnection) -> None:
    """https://docs.snowflake.com/en/sql-reference/operators-flow"""
    run("create or replace table piped (a int)")
    run("insert into piped values (1), (2), (3)")
    assert run("show tables like 'piped' ->> select \"name\" from $1") == [("PIPED",)]
    chain = """select a from piped where a > ? ->> select a * 10 b from $1
        ->> select one.a, ten.b from $2 one join $1 ten on ten.b = one.a * 10 where a < ?"""
    assert sorted(run(chain, 1, 9)) == [(2, 20), (3, 30)]
    assert run("insert into piped values (4) ->> select * from $1") == [(1,)]
    assert run("select 'a ->> b'") == [("a ->> b",)]
    assert error(run, "select 1 ->> select * from $2") == 1003
    assert error(run, "select nothing ->> select * from $1") == 904


def test_waiting_takes_its_time_and_can_be_cancelled(connection: SnowflakeConnection) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/system_wait"""
    cursor = connection.cursor()
    begun = time.monotonic()
    assert cursor.execute("select system$wait(200, 'MILLISECONDS')").fetchall() == [
        ("waited 200 milliseconds",)
    ]
    assert cursor.execute("call system$wait(0)").fetchall() == [("waited 0 seconds",)]
    assert time.monotonic() - begun >= 0.2
    failed: list[Exception] = []

    def wait() -> None:
        try:
            cursor.execute("select count(*) from table(generator(timelimit => 600))")
        except snowflake.connector.errors.ProgrammingError as raised:
            failed.append(raised)

    waiting = threading.Thread(target=wait)
    waiting.start()
    ended = connection.cursor()
    while waiting.is_alive():
        ended.execute(f"select system$cancel_all_queries({connection.session_id})")
        waiting.join(0.05)
    assert [raised.errno for raised in failed] == [604]


def test_a_generator_with_a_time_limit_makes_rows(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/generator"""
    assert run("select count(*) > 100000 from table(generator(timelimit => 1))") == [(True,)]
    assert run("select count(*) from table(generator(timelimit => 60, rowcount => 5))") == [(5,)]


def test_a_table_function_splits_over_partitions(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/split_to_table"""
    assert run("select * from table(split_to_table('a.b', '.') over ())") == [
        (1, 1, "a"),
        (1, 2, "b"),
    ]
    query = """select s.n, t.value from (select 1 n, 'x y' words) s
        join table(split_to_table(s.words, ' ') over (partition by s.n)) t order by 2"""
    assert run(query) == [(1, "x"), (1, "y")]
