"""Functions in SQL, scalar and tabular: CREATE, calls in statements, rights."""

from decimal import Decimal

import pytest
from shared import one_database, shown

from conformance.shared import Run, error
from flocon import AccountProcess

database = pytest.fixture(scope="module")(one_database)


@pytest.fixture
def goods(run: Run) -> None:
    run("create or replace table goods (id int, price number(10, 2), name varchar)")
    run("insert into goods values (1, 2.50, 'a'), (2, 4, 'b'), (3, null, 'c')")


@pytest.mark.usefixtures("goods")
def test_a_call_is_the_value_of_the_body(run: Run) -> None:
    """https://docs.snowflake.com/en/developer-guide/udf/sql/udf-sql-scalar-functions"""
    run("create or replace function twice(x number) returns number as 'x * 2'")
    run("create or replace function area(r float) returns float as $$ pi() * r * r $$")
    run("create or replace function quad(x number) returns number as 'twice(twice(x))'")
    run(
        "create or replace function dear(i number) returns number(10, 2) as"
        " 'select max(price) from goods where id = i'"
    )
    run(
        "create or replace function total() returns number(12, 2) language sql as"
        " 'select sum(price) from goods;'"
    )
    assert run("select twice(id), twice(id + 1) + 1, quad(id) from goods order by id") == [
        (2, 5, 4),
        (4, 7, 8),
        (6, 9, 12),
    ]
    assert run("select area(1)") == [(3.141592653589793,)]
    assert run("select id, dear(id), total() from goods where twice(id) > 2 order by id") == [
        (2, Decimal("4.00"), Decimal("6.50")),
        (3, None, Decimal("6.50")),
    ]
    run("create or replace view doubled as select twice(id) d from goods")
    run("update goods set price = twice(price) where id = 2")
    assert run("select max(price), (select sum(d) from doubled) from goods") == [(8, 12)]


def test_arguments_are_cast_named_and_left_out(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-function"""
    run("create or replace function added(x number, y number default 10) returns number as 'x + y'")
    assert run("select added(1), added(1, 2), added(y => 5, x => 1), added('3', ?)", 4) == [
        (11, 3, 6, 7)
    ]
    run("create or replace function eager(x number) returns number strict as 'coalesce(x, 7)'")
    run("create or replace function calm(x number) returns number as 'coalesce(x, 7)'")
    assert run("select eager(null), calm(null)") == [(None, 7)]
    run("create or replace function part(v variant) returns varchar as 'v:a'")
    assert run("""select part(parse_json('{"a": "x"}'))""") == [("x",)]
    run("create or replace function day_after(d date) returns date as 'd + 1'")
    assert run("select day_after('2026-01-31')::varchar") == [("2026-02-01",)]
    assert error(run, "select added()") == 1044


@pytest.mark.usefixtures("goods")
def test_a_table_function_is_a_source_of_rows(run: Run) -> None:
    """https://docs.snowflake.com/en/developer-guide/udf/sql/udf-sql-tabular-functions"""
    run(
        "create or replace function above(least number) returns table (label varchar, cost float)"
        " as 'select name, price from goods where price >= least'"
    )
    assert run("select * from table(above(3))") == [("b", 4.0)]
    assert run("select g.id, a.label from goods g, table(above(g.id)) a order by 1, 2") == [
        (1, "a"),
        (1, "b"),
        (2, "a"),
        (2, "b"),
        (3, "b"),
    ]
    assert error(run, "select above(3)") == 2140


def test_a_body_is_read_where_the_function_is(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-function"""
    place = run("select current_database()")[0][0]
    run("create schema if not exists shelf")
    run("create or replace table shelf.words (w varchar)")
    run("insert into shelf.words values ('here')")
    run("create or replace function shelf.word() returns varchar as 'select max(w) from words'")
    run("create or replace function shelf.loud() returns varchar as 'upper(word())'")
    run("use schema public")
    assert run(f"select {place}.shelf.loud(), shelf.word()") == [("HERE", "here")]


def test_a_function_with_a_wrong_body_is_not_made(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-function"""
    create = "create function wrong(x number) returns number"
    assert error(run, f"{create} as 'x * nothing'") == 904
    assert error(run, f"{create} as 'select * from nowhere'") == 2003
    assert error(run, f"{create} as 'x +'") == 1003
    assert error(run, f"{create} handler = 'run' as 'x'") == 1003
    assert error(run, create) == 1008
    assert error(run, "drop function wrong(number)") == 2003


def test_a_function_in_sql_is_shown_described_and_written(run: Run, connection: object) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/show-user-functions"""
    run("create or replace function half(x number) returns number(9, 1) comment = 'c' as 'x / 2'")
    run("create or replace function both() returns table (n number) as 'select 1 union select 2'")
    found = {row["name"]: row for row in shown(connection, "show user functions")}  # type: ignore[arg-type]
    assert (found["HALF"]["language"], found["HALF"]["is_table_function"]) == ("SQL", "N")
    assert found["BOTH"]["is_table_function"] == "Y"
    assert run("describe function half(number)") == [
        ("signature", "(X NUMBER)"),
        ("returns", "NUMBER(9,1)"),
        ("language", "SQL"),
        ("body", "x / 2"),
    ]
    [(written,)] = run("select get_ddl('function', 'half(number)')")
    run("drop function half(number)")
    assert error(run, "select half(3)") == 2140
    run(written)
    assert run("select half(3)") == [(Decimal("1.5"),)]


@pytest.mark.usefixtures("goods")
def test_a_role_reads_through_a_function_what_it_may_not_read(
    run: Run, account: AccountProcess, database: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-function"""
    run("create or replace function counted() returns number as 'select count(*) from goods'")
    role = f"READER_{database}"
    run("create warehouse if not exists reading")
    run(f"create role {role}")
    for grant in (
        f"usage on database {database}",
        "usage on schema public",
        "usage on warehouse reading",
    ):
        run(f"grant {grant} to role {role}")
    run(f"grant role {role} to user {run('select current_user()')[0][0]}")
    with account.connect(
        database=database, schema="PUBLIC", role=role, warehouse="READING"
    ) as opened:

        def ask(sql: str) -> list[object]:
            return opened.cursor().execute(sql).fetchall()

        assert error(ask, "select counted()") == 2140
        run(f"grant usage on function counted() to role {role}")
        assert ask("select counted()") == [(3,)]
        assert error(ask, "select count(*) from goods") == 2003
    run(f"drop role {role}")
