"""Queries: order, sets, windows, QUALIFY, CTEs and the names of columns."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
import snowflake.connector
from shared import one_database

from conformance.shared import error, failure

database = pytest.fixture(scope="module")(one_database)
Run = Any


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select column1 from values (1), (null), (2) order by 1", [1, 2, None]),
        ("select column1 from values (1), (null), (2) order by 1 desc", [None, 2, 1]),
        ("select column1 from values (1), (null), (2) order by 1 nulls first", [None, 1, 2]),
        ("select column1 from values (1), (2), (3) order by 1 limit 1 offset 1", [2]),
        ("select top 2 column1 from values (1), (2), (3) order by 1", [1, 2]),
        ("select $1 from values (1), (2) order by 1", [1, 2]),
        ("select 1 union select 1 union all select 2 order by 1", [1, 2]),
        ("select column1 from values (1), (2), (2) intersect select 2", [2]),
        ("select column1 from values (1), (2) except select 2", [1]),
        ("select column1 from values (1), (2) minus select 2", [1]),
        ("select x from values (1), (2) t (x) where x in (select 2)", [2]),
        ("select x from values (1), (2) t (x) where x not in (select null)", []),
        ("select seq4() from table(generator(rowcount => 3))", [0, 1, 2]),
        (
            "select x from values (1), (2), (2) t (x)"
            " qualify row_number() over (partition by x order by x) = 1 order by x",
            [1, 2],
        ),
        (
            "select sum(x) over (order by x rows between unbounded preceding and current row)"
            " from values (1), (2), (4) t (x) order by 1",
            [1, 3, 7],
        ),
        ("select lag(x) over (order by x) from values (1), (2) t (x) order by x", [None, 1]),
        ("select lead(x, 1, 0) over (order by x) from values (1), (2) t (x) order by x", [2, 0]),
        (
            "select rank() over (order by x desc)"
            " from values (1), (2), (2), (null) t (x) order by 1",
            [1, 2, 2, 4],
        ),
        (
            "select dense_rank() over (order by x) from values (5), (5), (7) t (x) order by 1",
            [1, 1, 2],
        ),
        (
            "select count(*) over (partition by x) from values (1), (2), (2) t (x) order by 1",
            [1, 2, 2],
        ),
        (
            "select last_value(y ignore nulls) over (order by x rows between unbounded preceding"
            " and current row) from values (1, 'a'), (2, null), (3, 'c') t (x, y) order by x",
            ["a", "a", "c"],
        ),
        (
            "select first_value(y) over (partition by x order by y desc)"
            " from values (1, 'a'), (1, 'b'), (2, 'c') t (x, y) order by 1",
            ["b", "b", "c"],
        ),
    ],
)
def test_rows_come_in_snowflakes_order_and_number(run: Run, sql: str, expected: list[Any]) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/order-by"""
    assert [row[0] for row in run(sql)] == expected


def test_a_cte_hides_the_table_of_its_name(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/with"""
    run("create table hidden (x int)")
    run("insert into hidden values (1)")
    assert run("with hidden as (select x + 1 as x from hidden) select x from hidden") == [(2,)]
    assert run("with other as (select x from hidden) select x from other") == [(1,)]


def test_names_are_upper_case_unless_quoted(run: Run, database: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/identifiers-syntax"""
    run('create table names (Plain int, "Quoted name" int, "select" int)')
    run('insert into names (plain, "Quoted name", "select") values (1, 2, 3)')
    assert run('select PLAIN, names."Quoted name", "select" from Names') == [(1, 2, 3)]
    assert run(f"select plain from {database}.public.names") == [(1,)]
    assert run(f'select plain from "{database}"."PUBLIC"."NAMES"') == [(1,)]


def test_identifier_holds_the_name_of_anything(run: Run, database: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/identifier-literal"""
    run(f"create schema identifier('{database.lower()}.held')")
    run("create schema if not exists identifier(?)", '"Held too"')
    schemas = [row[1] for row in run(f"show schemas like 'held%' in database {database}")]
    assert schemas == ["HELD", "Held too"]
    run("create table identifier('held.wine') (n int)")
    run("insert into identifier(?) values (1)", f"{database}.held.wine")
    assert run("select n from identifier('held.wine') w where w.n = 1") == [(1,)]
    run("drop schema identifier('held')")
    run("drop schema identifier(?)", '"Held too"')
    assert run(f"show schemas like 'held%' in database {database}") == []
    run("use schema public")


def test_a_column_without_an_alias_is_named_by_its_text(
    connection: snowflake.connector.SnowflakeConnection,
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/select"""
    cursor = connection.cursor()
    cursor.execute("select count(*), 1 + 1, max(column1), column1::int from values (1) group by 4")
    assert [column.name for column in cursor.description] == [
        "COUNT(*)",
        "1 + 1",
        "MAX(COLUMN1)",
        "COLUMN1::INT",
    ]
    cursor.execute(
        "select 1  +1, abs( n ), n Is not null, 'a'||'b', (select max(c) from x),"
        " * from (select count(*), true from x) a cross join (select 1 n) b".replace(
            "from x", "from (select 2 as c)"
        )
    )
    assert [column.name for column in cursor.description] == [
        "1  +1",
        "ABS( N )",
        "N IS NOT NULL",
        "'A'||'B'",
        "(SELECT MAX(C) FROM (SELECT 2 AS C))",
        "COUNT(*)",
        "TRUE",
        "N",
    ]


def test_a_view_needs_names_for_its_columns(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-view"""
    assert error(run, "create view unnamed as select 1 + 1") == 2022
    assert (
        error(run, "create view unnamed as select max(a), a from (select 1 a) group by a") == 2022
    )
    run("create or replace view named (n) as select 1 + 1")
    assert run("select n from named") == [(2,)]


def test_joins_without_a_condition_in_parentheses(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/join"""
    both = "(select 1 a) as l inner join (select 2 b) as r"
    assert run(f"select * from ({both})") == [(1, 2)]
    assert run(f"select * from ({both} inner join (select 3 c) as s)") == [(1, 2, 3)]


def test_asof_join_takes_the_last_row_before_and_keeps_rows_without_one(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/asof-join"""
    run("create table prices (sku varchar, t int, price int)")
    run("insert into prices values ('a', 1, 10), ('a', 5, 50), ('b', 2, 20)")
    rows = run(
        "select l.sku, l.t, r.price from values ('a', 3), ('b', 1), ('a', 9) l (sku, t)"
        " asof join prices r match_condition (l.t >= r.t) on l.sku = r.sku order by all"
    )
    assert rows == [("a", 3, 10), ("a", 9, 50), ("b", 1, None)]


def test_order_by_all(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/order-by"""
    pairs = "select * from values (2, 'a'), (1, 'b'), (1, 'a') order by all"
    assert run(pairs) == [(1, "a"), (1, "b"), (2, "a")]
    assert run(f"{pairs} desc") == [(2, "a"), (1, "b"), (1, "a")]


def test_a_sequence_is_a_columns_default(run: Run, database: str) -> None:
    """https://docs.snowflake.com/en/user-guide/querying-sequences"""
    run("create sequence ids")
    run("create table numbered (id int default ids.nextval, v int)")
    run("insert into numbered (v) values (10), (20)")
    run("create schema elsewhere")
    run(f"insert into {database}.public.numbered (v) values (30)")
    run(f"insert into {database}.public.numbered select public.ids.nextval, 40")
    run("use schema public")
    assert run("select * from numbered order by id") == [(1, 10), (2, 20), (3, 30), (4, 40)]


def test_a_session_knows_its_queries_and_its_transaction(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/last_query_id"""
    run("select 'first'")
    run("select 'second'")
    [(both,)] = run("select last_query_id(-2) || ' ' || last_query_id()")
    texts = [run(f"select * from table(result_scan('{each}'))")[0][0] for each in both.split()]
    assert texts == ["first", "second"]
    assert run("select last_query_id(1) is not null, last_query_id(900)") == [(True, None)]

    assert run("select current_transaction()") == [(None,)]
    run("begin")
    [(transaction,)] = run("select current_transaction()")
    assert transaction and run("select current_transaction()") == [(transaction,)]
    run("rollback")


_SIDES = "(select 1 as a) as l {} join (select 2 as b) as r"


@pytest.mark.parametrize("kind", ["", "inner", "left outer", "right outer", "full outer"])
@pytest.mark.parametrize("natural", ["", "natural "])
def test_a_join_without_a_condition_joins_every_row_with_every_other(
    run: Run, kind: str, natural: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/join"""
    sides = _SIDES.format(natural + kind)
    assert run(f"select * from {sides}") == [(1, 2)]
    assert run(f"select * from ({sides})") == [(1, 2)]


def test_what_is_joined_in_parentheses_has_its_names_and_types_outside(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/join"""
    run("create or replace table days (id int, day date)")
    run("insert into days values (1, '2026-01-31')")
    joined = "((select 1 as a) as l join days as r on l.a = r.id)"
    assert run(f"select l.a, r.day + 1, add_months(day, 1) from {joined}") == [
        (1, date(2026, 2, 1), date(2026, 2, 28))
    ]
    assert run(f'select a as "id", id from (select * from {joined})') == [(1, 1)]
    twice = "(select * from ((select 1 as a) as l join (select 2 as a) as r))"
    assert error(run, f"select a from {twice}") == 2028


@pytest.mark.parametrize(
    ("sample", "rows"),
    [("(10 rows)", 10), ("(0 rows)", 0), ("(500 rows)", 100), ("block (100)", 100), ("(0)", 0)],
)
@pytest.mark.parametrize("source", ["table(generator(rowcount => 100))", "({})", "({}) as t"])
def test_a_sample_has_as_many_rows_as_it_says(
    run: Run, source: str, sample: str, rows: int
) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/sample"""
    made = "select seq4() as n from table(generator(rowcount => 100))"
    counted = f"select count(*) from (select 1 from {source.format(made)} sample {sample})"
    assert run(counted) == [(rows,)]


def test_a_sample_has_a_million_rows_at_most(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/sample"""
    assert run("select count(*) from values (1), (2) sample (1000000 rows)") == [(2,)]
    assert error(run, "select count(*) from values (1), (2) sample (1000001 rows)") == 1007


def test_an_asof_join_takes_using_beside_its_condition(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/asof-join"""
    left = "(select 'a' as kind, 15 as l union all select 'b', 18) as x"
    right = "(select 'a' as kind, 14 as r union all select 'b', 19) as y"
    joined = f"{left} asof join {right} match_condition (l >= r) using (kind)"
    assert run(f"select * from {joined} order by 1") == [("a", 15, 14), ("b", 18, None)]
    assert run(f"select * from ({joined}) order by 1") == [("a", 15, 14), ("b", 18, None)]


def test_a_window_has_its_rows_by_chance(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-window-syntax"""
    five = "(select column1 as n from values (1), (2), (3), (4), (5)) as t"
    rank = "row_number() over (order by random())"
    for star in ("*", "t.*"):
        rows = run(f"select {star}, {rank} as place from {five} order by place")
        assert [place for _, place in rows] == [1, 2, 3, 4, 5]
        assert sorted(n for n, _ in rows) == [1, 2, 3, 4, 5]


def test_a_pivot_takes_an_average(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/pivot"""
    rows = "select 'a' as kind, 10 as n union all select 'a', 3 union all select 'b', null"
    pivot = "pivot (avg(n) for kind in ('a', 'b'))"
    assert run(f"select * from ({rows}) {pivot}") == [(Decimal("6.500000"), None)]


def test_a_hash_of_all_columns_is_one_of_each(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/hash"""
    two = "from (select 1 as a, 'x' as b) as t"
    assert run(f"select hash(*) = hash(a, b), hash(t.*, 7) = hash(a, b, 7) {two}") == [(True, True)]


def test_pivots_columns_of_casts_are_called_as_snowflake_writes_them(
    run: Run, connection: snowflake.connector.SnowflakeConnection
) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/pivot"""
    cursor = connection.cursor()
    pivot = "pivot (sum(n) for kind in (1::int, 2::int))"
    cursor.execute(f"select * from (select 5 as n, 1 as kind) {pivot}")
    names = ["CAST(1 AS NUMBER(38,0))", "CAST(2 AS NUMBER(38,0))"]
    assert [column.name for column in cursor.description] == names
    assert cursor.fetchall() == [(5, None)]
    days = "pivot (sum(n) for day in (date '2026-01-31'))"
    cursor.execute(f"select * from (select 5 as n, '2026-01-31'::date as day) {days}")
    assert [column.name for column in cursor.description] == ["TO_DATE('2026-01-31')"]


def test_a_query_may_go_on_with_itself_without_recursive(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/with"""
    numbers = "with r (n) as (select 1 union all select n + 1 from r where n < 3)"
    assert run(f"{numbers} select sum(n) from r") == [(6,)]
    assert run(f"{numbers}, q as (select n * 2 as m from r) select sum(m) from q") == [(12,)]
    run("create table r as select 7 as n")
    assert run("with r as (select n + 1 as n from r) select n from r") == [(8,)]


def test_a_text_names_a_table_in_table(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/literals-table"""
    run("create or replace table cellar as select 1 as n, 'red' as kind")
    run("set cellars = 'public.cellar'")
    for table in ("table('cellar')", "table('PUBLIC.\"CELLAR\"')", "table($cellars)"):
        assert run(f"select n, c.kind from {table} as c where c.n = 1") == [(1, "red")], table
    assert run("select n from table(?)", "cellar") == [(1,)]
    assert run("select count(*) from cellar a join table('cellar') b on a.n = b.n") == [(1,)]
    run("create or replace view of_cellar as select * from table('cellar')")
    assert run("select * from table('of_cellar')") == [(1, "red")]
    assert error(run, "select * from table('nowhere')") == 2003


def test_a_cte_within_another_one_of_its_name_is_one_of_its_own(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/with"""
    with_ = "with c as (select 1 as a)"
    for query, rows in {
        f"{with_}, e as (with c as (select 2 as a) select * from c) select * from e, c": [(2, 1)],
        f"{with_} select * from (with c as (select a + 1 as a from c) select c.a from c)": [(2,)],
        f"{with_} select * from (with c as (select c.a + 1 as a from c), d as"
        " (select c.a * 10 as a from c) select d.a, (with c as (select 7 as a) select c.a from c)"
        " from c join d on c.a < d.a) x, c": [(20, 7, 1)],
        f"{with_} select * from (with recursive c (n) as (select 1 union all select n + 1 from c"
        " where n < 3) select sum(n) from c) x, c": [(6, 1)],
        f"{with_}, c_1 as (select 4 as z) select * from"
        " (with c as (select 2 as a) select c.a, z from c, c_1)": [(2, 4)],
        f"{with_} select a from c where a in (with c as (select 1 as b) select b from c)": [(1,)],
    }.items():
        assert run(query) == rows, query
        run(f"create or replace view of_ctes as select count(*) as n from ({query})")
        assert run("select * from of_ctes") == [(1,)], query


def test_a_scalar_subquery_is_computed_ahead_of_its_querys_rows(run: Run) -> None:
    """https://docs.snowflake.com/en/user-guide/querying-subqueries"""
    run("create table several as select * from values (1), (2) as v (a)")
    run("create table nothing (a int)")
    for query in (
        "select (select a from several) where false",
        "select a, 1 + (select a from several) as x from several where 1 = 0",
        "select a, (select a from several) as x from several group by a having a = 5",
        "select a, (select a from several) as x from several limit 0",
        "select a, (select 1 union all select 2) as x from nothing",
        "with c as (select a from several) select (select a from c) where false",
    ):
        number, text = failure(run, query)
        said = "Single-row subquery returns more than one row."
        assert (number, text.endswith(said)) == (90150, True), query
    for query in (
        "select a, (select max(a) from several) as x from nothing",
        "select a, (select max(s.a) from several s where s.a = n.a) as x from nothing n",
        "select a, exists (select a from several), a in (select a from several) from nothing",
        "select * from (select a, (select a from several) as x from several) where false",
        "with c as (select 1 as a) select (select a from c) where false",
    ):
        assert run(query) == [], query


@pytest.mark.parametrize(
    "statement",
    [
        "insert into few select (select a from several) from several where false",
        "insert overwrite into few select (select a from several) where false",
        "insert into passing select (select a from several) where false",
        "create table made as select (select a from several) as a where false",
        "create temporary table made as select (select a from several) as a where false",
    ],
)
def test_so_is_one_of_a_query_that_fills_a_table(run: Run, statement: str) -> None:
    """https://docs.snowflake.com/en/user-guide/querying-subqueries"""
    run("create or replace table several as select * from values (1), (2) as v (a)")
    run("create or replace table few as select 7 as a")
    run("create or replace temporary table passing (a int)")
    assert error(run, statement) == 90150
    assert run("select a from few") == [(7,)]
    assert error(run, "select * from made") == 2003


@pytest.mark.parametrize(
    "query",
    [
        "select a from kept join seen using (a) join more on more.k = kept.a",
        "select a from kept join seen using (a), more",
        "select kept.c from kept natural join seen cross join more where a = 1",
    ],
)
def test_a_column_that_a_join_merged_is_ambiguous_beside_another_of_its_name(
    run: Run, query: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/join"""
    _three_tables(run)
    assert error(run, query) == 2028


def test_a_merged_column_is_one_where_all_joins_merge_it(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/join"""
    _three_tables(run)
    assert run("select a from kept join seen using (a) join more using (a)") == [(1,)]
    assert run("select seen.b from kept join seen using (a) join more on k = b") == [(7,)]


def _three_tables(run: Run) -> None:
    run("create or replace table kept as select 1 as a, 5 as c")
    run("create or replace table seen as select 1 as a, 7 as b")
    run("create or replace table more as select 1 as a, 7 as k")


def test_a_lateral_query_has_no_limit_for_each_row(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/join-lateral"""
    _three_tables(run)
    inner = "lateral (select b from seen where seen.a = kept.a{}) l"
    assert run(f"select b from kept, {inner.format('')}") == [(7,)]
    assert error(run, f"select b from kept, {inner.format(' limit 1')}") == 2031


def test_rows_are_in_order_by_no_fraction_of_a_place(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/order-by"""
    number, text = failure(run, "select 1 as a order by 2.50")
    assert number == 1007
    assert text.endswith("[2.5] is not a valid order by expression")
    assert run("select column1 from values (2), (1) order by 1.0") == [(1,), (2,)]


def test_result_scan_counts_as_last_query_id_does(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/result_scan"""
    run("select 7 as x")
    assert run("select x + 1 from table(result_scan(-1))") == [(8,)]
    assert run("select * from table(result_scan(-2))") == [(7,)]
    assert error(run, "select last_query_id(10001)") == 1007


def test_percentiles_are_of_numbers(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/percentile_disc"""
    within = "within group (order by d) from (select '2026-01-31'::date as d)"
    assert error(run, f"select percentile_disc(0.5) {within}") == 1007
    assert error(run, "select approx_percentile(column1, 0.5) from values (true)") == 1044
    assert run("select percentile_disc(0.5) within group (order by column1) from values (5)") == [
        (5,)
    ]


def test_a_place_is_of_the_one_source_that_has_so_many_columns(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/select"""
    run("create or replace table one (a int) as select 1")
    run("create or replace table two (b int, c int) as select 3, 4")
    both = "from one join two on one.$1 < two.$2"
    assert run(f"select $2, two.$1 {both} where $2 = 4 order by $2") == [(4, 3)]
    assert error(run, f"select $1 {both}") == 2028
    assert error(run, f"select $3 {both}") == 904
    assert error(run, "select $2 from one join (select 1 as a, 2 as d) s using (a)") == 2
