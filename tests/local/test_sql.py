"""Queries and DML through the real connector, with answers as Snowflake's reference gives them."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
import snowflake.connector

from tests.local.shared import one_database

database = pytest.fixture(scope="module")(one_database)
Run = Any


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("split_part('a-b-c', '-', 2)", "b"),
        ("split_part('a-b-c', '-', -1)", "c"),
        ("split_part('a-b', '-', 5)", ""),
        ("regexp_like('abc', 'b')", False),
        ("regexp_like('abc', '.*b.*')", True),
        ("'abc' rlike 'a.c'", True),
        ("rlike('abc', 'ABC', 'i')", True),
        ("rlike('abc', 'ABC', 'c')", False),
        ("regexp_replace('a1b2', '[0-9]', 'x')", "axbx"),
        ("regexp_replace('+0200', '([+-][0-9]{2}):?([0-9]{2})$', '\\\\1:\\\\2')", "+02:00"),
        ("regexp_replace('abc', 'b')", "ac"),
        ("regexp_substr('abc123', '[0-9]+')", "123"),
        ("trim('  a ')", "a"),
        ("trim('xxaxx', 'x')", "a"),
        ("ltrim('000123', '0')", "123"),
        ("concat('a', null, 'b')", None),
        ("'a' || null", None),
        ("concat_ws('-', 'a', null, 'b')", None),
        ("length('🍷é')", 2),
        ("upper('été')", "ÉTÉ"),
        ("lower('ÉTÉ')", "été"),
        ("left('🍷ab', 2)", "🍷a"),
        ("substr('abc', -2)", "bc"),
        ("charindex('b', 'abc')", 2),
        ("lpad('7', 3, '0')", "007"),
        ("replace('a,b', ',', '.')", "a.b"),
        ("'Abc' ilike 'a%'", True),
        ("'a%c' like 'a^%c' escape '^'", True),
        ("'abc' like any ('x%', 'a%')", True),
        ("sha2('a')", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
        ("iff(1 = 1, 'a', 'b')", "a"),
        ("nvl2(null, 1, 2)", 2),
        ("decode(null, null, 'n', 'x')", "n"),
        ("decode(5, 1, 'a')", None),
        ("case when null then 1 else 2 end", 2),
        ("zeroifnull(null)", 0),
        ("equal_null(null, null)", True),
        ("greatest(1, null, 3)", None),
        ("least(1, null, 3)", None),
        ("greatest(1, 2)", 2),
        ("datediff('day', '2026-01-31'::date, '2026-02-01'::date)", 1),
        ("datediff('year', '2025-12-31'::date, '2026-01-01'::date)", 1),
        ("datediff('week', '2026-01-04'::date, '2026-01-05'::date)", 1),
        ("datediff('hour', '2026-01-01 00:59'::timestamp, '2026-01-01 01:00'::timestamp)", 1),
        (
            "datediff('millisecond', '2026-01-01 00:00:00.1'::timestamp,"
            " '2026-01-01 00:00:01.2'::timestamp)",
            1100,
        ),
        ("dateadd('month', 1, '2026-01-31'::date)", date(2026, 2, 28)),
        ("dateadd('quarter', 1, '2026-01-01'::date)", date(2026, 4, 1)),
        ("dateadd('hour', 1, '2026-01-31'::date)", datetime(2026, 1, 31, 1)),
        ("dateadd(minute, -5, '2026-01-01 00:00'::timestamp)", datetime(2025, 12, 31, 23, 55)),
        ("dateadd(day, 1, '2026-01-01')", datetime(2026, 1, 2)),
        ("date_trunc('hour', '2026-02-03 10:11:12'::timestamp)", datetime(2026, 2, 3, 10)),
        ("date_trunc('week', '2026-02-03 10:11:12'::timestamp)", datetime(2026, 2, 2)),
        ("last_day('2026-02-03'::date)", date(2026, 2, 28)),
        ("dayofweek('2026-02-01'::date)", 0),
        ("dayofweekiso('2026-02-01'::date)", 7),
        ("dayname('2026-02-03'::date)", "Tue"),
        ("time_slice('2026-02-03 10:11:12'::timestamp, 15, 'MINUTE')", datetime(2026, 2, 3, 10)),
    ],
)
def test_a_function_answers_as_the_reference_says(run: Run, expression: str, expected: Any) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-all"""
    assert run(f"select {expression}") == [(expected,)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("count(x)", 4),
        ("sum(x)", 10),
        ("avg(x)", 2.5),
        ("median(x)", 2.5),
        ("percentile_cont(0.95) within group (order by x)", pytest.approx(3.85)),
        ("percentile_disc(0.5) within group (order by x)", 2),
        ("max_by(k, x)", "d"),
        ("min_by(k, x)", "a"),
        ("count(distinct iff(x > 2, 1, 0))", 2),
        ("count_if(x > 1)", 3),
        ("listagg(k, ',') within group (order by x desc)", "d,c,b,a"),
        ("array_agg(x) within group (order by x desc)", "[4,3,2,1]"),
    ],
)
def test_an_aggregate_leaves_nulls_out(run: Run, expression: str, expected: Any) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions-aggregation"""
    rows = "values (1, 'a'), (2, 'b'), (null, null), (3, 'c'), (4, 'd')"
    assert run(f"select {expression} from {rows} t (x, k)") == [(expected,)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [("count(*)", 0), ("sum(x)", None), ("listagg(x, ',')", ""), ("max(x)", None)],
)
def test_an_aggregate_of_nothing(run: Run, expression: str, expected: Any) -> None:
    assert run(f"select {expression} from values (1) t (x) where x > 5") == [(expected,)]


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


def test_a_column_without_an_alias_is_named_by_its_text(
    connection: snowflake.connector.SnowflakeConnection,
) -> None:
    cursor = connection.cursor()
    cursor.execute("select count(*), 1 + 1, max(column1), column1::int from values (1) group by 4")
    assert [column.name for column in cursor.description] == [
        "COUNT(*)",
        "1 + 1",
        "MAX(COLUMN1)",
        "COLUMN1::INT",
    ]


def test_dml_answers_with_counts(
    connection: snowflake.connector.SnowflakeConnection,
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/merge"""
    cursor = connection.cursor()
    cursor.execute("create or replace table stock (id int, level int)")

    def answer(sql: str) -> tuple[list[str], list[Any]]:
        cursor.execute(sql)
        return [column.name for column in cursor.description], cursor.fetchall()

    assert answer("insert into stock values (1, 10), (2, 20), (3, 30)") == (
        ["number of rows inserted"],
        [(3,)],
    )
    assert answer("update stock set level = 0 where id > 1") == (
        ["number of rows updated", "number of multi-joined rows updated"],
        [(2, 0)],
    )
    merge = (
        "merge into stock t using (select column1 id, column2 level from values (1, 11), (4, 44)) s"
        " on t.id = s.id when matched and t.level < 100 then update set t.level = s.level"
        " when not matched then insert (id, level) values (s.id, s.level)"
    )
    assert answer(merge) == (["number of rows inserted", "number of rows updated"], [(1, 1)])
    assert answer("delete from stock where level = 0") == (["number of rows deleted"], [(2,)])
    assert cursor.execute("select * from stock order by id").fetchall() == [(1, 11), (4, 44)]
    assert cursor.rowcount == 2


def test_merge_refuses_two_rows_for_one_and_changes_nothing(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/merge#duplicate-join-behavior"""
    run("create or replace table once (id int, level int)")
    run("insert into once values (1, 10)")
    merge = (
        "merge into once t using (select column1 id, column2 level from values {}) s on t.id = s.id"
        " when matched then update set level = s.level"
        " when not matched then insert (id, level) values (s.id, s.level)"
    )
    with pytest.raises(snowflake.connector.errors.ProgrammingError) as caught:
        run(merge.format("(1, 11), (1, 12)"))
    assert caught.value.errno == 100090
    assert run("select * from once") == [(1, 10)]
    # Duplicates that match nothing are all inserted.
    assert run(merge.format("(2, 1), (2, 2)")) == [(2, 0)]


def test_insert_overwrite_replaces_all_rows(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/insert"""
    run("create or replace table replaced as select 1 x union all select 2")
    assert run("insert overwrite into replaced select 7") == [(1,)]
    assert run("select x from replaced") == [(7,)]


@pytest.mark.parametrize(
    ("sql", "number", "state"),
    [
        ("selec 1", 1003, "42000"),
        ("select * from nowhere", 2003, "02000"),
        ("select nothing from values (1)", 904, "42000"),
        ("select nothing(1)", 2140, "42601"),
        ("insert into strict values (null)", 100072, "22000"),
        ("drop table nowhere", 2003, "02000"),
        ("create table strict (x int)", 2002, "42710"),
        ("alter table strict add column x int", 1430, "42601"),
        ("use schema nowhere", 2003, "02000"),
        ("use warehouse nowhere", 2003, "02000"),
        ("select * from nowhere.public.t", 2003, "02000"),
        ("call nowhere()", 2141, "42601"),
        ("select 1; select 2", 8, "0A000"),
    ],
)
def test_an_error_has_snowflakes_number_state_and_query_id(
    connection: snowflake.connector.SnowflakeConnection, sql: str, number: int, state: str
) -> None:
    cursor = connection.cursor()
    cursor.execute("create table if not exists strict (x int not null)")
    with pytest.raises(snowflake.connector.errors.DatabaseError) as caught:
        cursor.execute(sql)
    assert (caught.value.errno, caught.value.sqlstate) == (number, state)
    assert caught.value.sfqid


def test_decimals_keep_their_scale_through_a_view(run: Run) -> None:
    run("create or replace table prices (price number(10, 2))")
    run("insert into prices values (9.90), (0.1)")
    run("create or replace view totals as select sum(price) total, max(price) top from prices")
    assert run("select * from totals") == [(Decimal("10.00"), Decimal("9.90"))]
