"""Subqueries that read a row of the query around them."""

from typing import Any

import pytest
from shared import one_database

from conformance.shared import failure

database = pytest.fixture(scope="module")(one_database)
Run = Any

_REFUSED = "002031 (42601): SQL compilation error:\nUnsupported subquery type cannot be evaluated"


@pytest.fixture
def tables(run: Run) -> None:
    run("create or replace table shops (id int, city varchar, is_open boolean)")
    run("insert into shops values (1, 'Lyon', true), (2, 'Dijon', false)")
    run("create or replace table sales (shop int, amount int, place varchar)")
    run("insert into sales values (1, 10, 'Lyon'), (1, 20, 'Lyon'), (3, 40, 'Nantes')")


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("(select max(amount) from sales where shop = id)", [20, None]),
        ("(select count(*) from sales where shop = shops.id)", [2, 0]),
        ("(select distinct sum(amount) * 2 from sales where shop = id order by 1)", [60, None]),
        ("(select coalesce(max(amount), id) from sales where shop > id)", [40, 40]),
        ("(select sum(amount) from sales where shop = id or shop in (id + 1, 3))", [70, 40]),
        ("(select sum(amount) from sales where shop between id and 9 and place like city)",
         [30, None]),
        ("(select sum(amount) from sales where id is not null and is_open = true)", [70, None]),
        ("(select sum(amount) from sales having sum(amount) > id)", [70, 70]),
        ("(select sum(amount) from sales where shop = (select max(id) from shops s"
         " where s.id <= shops.id))", [30, None]),
        ("(select id + 1)", [2, 3]),
        ("(select max(amount) from sales)", [40, 40]),
        ("(select amount from sales where place = 'Nantes' limit 1)", [40, 40]),
        ("exists (select amount from sales where shop = id group by amount)", [True, False]),
        ("id in (select shop from sales where amount > id)", [True, False]),
    ],
)  # fmt: skip
def test_a_subquery_that_is_one_row_by_its_form_may_read_the_rows_around(
    run: Run, value: str, expected: list[Any]
) -> None:
    """https://docs.snowflake.com/en/user-guide/querying-subqueries"""
    assert run(f"select {value} from shops order by id") == [(each,) for each in expected]


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(
    "value",
    [
        "(select amount from sales where shop = id)",
        "coalesce((select amount from sales where sales.shop = shops.id and amount = 40), 0)",
        "(select max(amount) from sales where shop = id limit 1)",
        "(select amount from sales where shop = id order by 1 limit 1)",
        "(select max(amount) from sales where shop = id group by shop)",
        "(select max(amount) from sales where shop = id union all select 1)",
        "(select sum(amount + id) from sales)",
        "(select sum(amount) from sales where shop + id = 2)",
        "(select sum(amount) from sales where is_open)",
        "(select sum(amount) from sales where not (shop = id))",
        "(select sum(amount) from sales where shop = id or not is_open)",
        "(select id where id > 1)",
        "(select (select max(s.id) from shops s where s.id = shops.id) from sales where shop = 3)",
        "exists (select 1 from sales where shop = id limit 1)",
        "exists (select 1 from sales where is_open)",
        "id in (select shop from sales where shop = id union select 2)",
    ],
)
def test_others_that_read_the_rows_around_are_refused(run: Run, value: str) -> None:
    """https://docs.snowflake.com/en/user-guide/querying-subqueries"""
    assert failure(run, f"select {value} from shops") == (2031, _REFUSED)


@pytest.mark.usefixtures("tables")
def test_dml_refuses_the_same(run: Run) -> None:
    """https://docs.snowflake.com/en/user-guide/querying-subqueries"""
    one = "(select amount from sales where shop = shops.id)"
    for sql in (
        f"update shops set id = {one}",
        f"delete from shops where {one} = 10",
        f"insert into sales (amount) select {one} from shops",
        f"create or replace table made as select {one} as a from shops",
        f"create or replace view made_of as select {one} as a from shops",
    ):
        assert failure(run, sql) == (2031, _REFUSED), sql
    run("update shops set id = (select max(amount) from sales where shop = shops.id)")
    assert run("select id from shops order by id") == [(20,), (None,)]
    assert run(
        "select city, s.amount from shops, lateral (select amount from sales where place = city) s"
        " order by amount"
    ) == [("Lyon", 10), ("Lyon", 20)]


def test_a_function_over_a_query_reads_the_rows_around_its_call(run: Run) -> None:
    """https://docs.snowflake.com/en/developer-guide/udf/sql/udf-sql-troubleshooting"""
    run("create or replace table stores (store_id int, city varchar)")
    run("insert into stores values (1, 'Lyon'), (2, 'Dijon')")
    run(
        "create or replace function one_city_of(x int) returns varchar as"
        " 'select any_value(city) from stores where store_id = x'"
    )
    assert run("select one_city_of(2)") == [("Dijon",)]
    assert run("select one_city_of(store_id) from stores order by 1") == [("Dijon",), ("Lyon",)]


def test_a_lateral_query_without_from_is_joined_outside_by_no_condition(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/join-lateral"""
    run("create or replace table numbers as select column1 as n from values (1), (7)")
    for joined in (
        "left join lateral (select 1 as m) l on true",
        "left join lateral (select t.n as m where t.n > 5) l on l.m = 7",
    ):
        assert failure(run, f"select * from numbers t {joined}") == (2031, _REFUSED)
    # Without a condition it is an inner join.
    for joined in (
        "left join lateral (select t.n as m where t.n > 5) l",
        "left outer join lateral (select n as m from numbers o where o.n = t.n and o.n > 5) l",
        "inner join lateral (select t.n as m where t.n > 5) l on true",
        ", lateral (select t.n as m where t.n > 5) l",
    ):
        assert run(f"select t.n, l.m from numbers t {joined}") == [(7, 7)]
    outer = "left join lateral (select n as m from numbers o where o.n = t.n and o.n > 5) l on true"
    assert run(f"select t.n, l.m from numbers t {outer} order by 1") == [(1, None), (7, 7)]


def test_a_recursive_cte_is_put_together_by_union_all(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/with"""
    for recursive in ("recursive ", ""):
        counted = "with {}r as (select 1 as n {} select n + 1 from r where n < 3) select n from r"
        assert failure(run, counted.format(recursive, "union"))[0] == 2
        assert run(counted.format(recursive, "union all") + " order by n") == [(1,), (2,), (3,)]
