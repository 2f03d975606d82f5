"""Two columns whose names differ in case alone are two columns, wherever they come and go.

https://docs.snowflake.com/en/sql-reference/identifiers-syntax
"""

import json
from typing import Any

import pandas as pd
import pytest
from snowflake.connector.connection import SnowflakeConnection
from snowflake.connector.pandas_tools import write_pandas
from snowflake.snowpark import Session

from conformance.shared import Run, error, failure


def _names(connection: SnowflakeConnection, sql: str) -> list[str]:
    return [column.name for column in connection.cursor().execute(sql).description]


@pytest.fixture
def twins(run: Run) -> None:
    """A table TWINS with the columns a, A and "b b", and one row."""
    run('create table twins ("a" int, a int, "b b" varchar)')
    run("insert into twins values (1, 2, 'x')")


@pytest.mark.parametrize(
    ("query", "names", "row"),
    [
        ('select "One", "ONE" from (select 1 as "One", 2 as ONE)', ["One", "ONE"], (1, 2)),
        ('with c as (select 1 as "a", 2 as a) select * from c', ["a", "A"], (1, 2)),
        ('select a, "a" from (values (1, 2)) as v ("a", a)', ["A", "a"], (2, 1)),
        ('select "a" as a, a as "a" from (select 1 as "a", 2 as a)', ["A", "a"], (1, 2)),
        (
            'select * from (select 1 as "i", 2 as i) a'
            ' join (select 1 as "i", 3 as i) b using ("i")',
            ["i", "I", "I"],
            (1, 2, 3),
        ),
        (
            'select sum("n") as n, max(n) as "n" from (select 1 as "n", 2 as n) group by "n"',
            ["N", "n"],
            (1, 2),
        ),
        (
            'select * exclude ("a") rename (a as "q") from (select 1 as "a", 2 as a)',
            ["q"],
            (2,),
        ),
        ("select * ilike '%b' from (select 1 as \"ab\", 2 as ab, 3 as c)", ["ab", "AB"], (1, 2)),
        ('select t.* ilike \'_\' from (select 1 as "ab", 2 as "c") t', ["c"], (2,)),
        (
            "select * from (select 'x' as k, 1 as n) pivot (sum(n) for k in ('x', 'X'))",
            ["'x'", "'X'"],
            (1, None),
        ),
        (
            'select row_number() over (order by "a") as "rowid", a from (select 1 as "a", 2 as a)',
            ["rowid", "A"],
            (1, 2),
        ),
    ],
)
def test_a_query_keeps_them_apart(
    connection: SnowflakeConnection, run: Run, query: str, names: list[str], row: tuple[Any, ...]
) -> None:
    """https://docs.snowflake.com/en/sql-reference/identifiers-syntax"""
    assert (_names(connection, query), run(query)) == (names, [row])
    assert [column.name for column in connection.cursor().describe(query)] == names


def test_unpivot_says_the_columns_names(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/constructs/unpivot"""
    months = '(select 1 as "jan", 2 as jan)'
    assert run(f'select m, v from {months} unpivot (v for m in ("jan", jan)) order by v') == [
        ("jan", 1),
        ("JAN", 2),
    ]


@pytest.mark.parametrize("kind", ["table", "temporary table", "view"])
@pytest.mark.parametrize("made", ["", '("a", a) '])
def test_tables_and_views_of_a_query_have_both(
    connection: SnowflakeConnection, run: Run, kind: str, made: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-view"""
    if made and kind != "view":
        made = '("a" int, a int) '
    run(f'create {kind} both {made}as select 1 as "a", 2 as a')
    assert _names(connection, "select * from both") == ["a", "A"]
    assert run('select a, "a" from both') == [(2, 1)]
    described = run(f"describe {'view' if kind == 'view' else 'table'} both")
    assert [name for name, *_ in described] == ["a", "A"]


def test_dml_changes_the_one_that_is_named(run: Run, twins: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/merge"""
    run('insert into twins (a, "a") values (4, 3)')
    run('update twins set "a" = "a" + 10 where a = 4')
    run(
        'merge into twins using (select 1 as "a", 9 as a) s on twins."a" = s."a" when matched then'
        ' update set a = s.a when not matched then insert ("a") values (s."a")'
    )
    run('delete from twins where "a" = 13')
    assert run("select * from twins") == [(1, 9, "x")]
    assert error(run, 'insert into twins ("A", A) values (1, 2)') != 0
    assert error(run, 'update twins set "B B" = 1') == 904


def test_a_stream_has_both_and_follows_their_changes(run: Run, twins: None) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro"""
    run("create stream s on table twins")
    run('update twins set "a" = 7')
    run('alter table twins rename column a to "c"')
    assert run('select "a", "c", metadata$action from s order by 3') == [
        (1, 2, "DELETE"),
        (7, 2, "INSERT"),
    ]


def test_alter_table_finds_the_one_that_is_named(run: Run, twins: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-table"""
    run('alter table twins add column "d" int, d varchar(7)')
    run('alter table twins drop column "a"')
    assert error(run, 'alter table twins alter column "b b" type int') == 2108
    run("comment on column twins.\"d\" is 'small'")
    run('alter table twins rename column "d" to "e"')
    shown = [(row[0], row[1], row[9]) for row in run("describe table twins")]
    assert shown == [
        ("A", "NUMBER(38,0)", None),
        ("b b", "VARCHAR(16777216)", None),
        ("e", "NUMBER(38,0)", "small"),
        ("D", "VARCHAR(7)", None),
    ]


def test_listings_say_the_names_as_they_are(run: Run, database: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/info-schema/columns"""
    run('create table k ("id" int primary key, id varchar(5) unique)')
    run("create view v as select * from k")
    assert [row[2] for row in run("show columns in table k")] == ["id", "ID"]
    assert [row[4] for row in run("show primary keys in k")] == ["id"]
    assert run(
        "select table_name, column_name, character_maximum_length from information_schema.columns"
        " where table_schema = 'PUBLIC' order by 1, ordinal_position"
    ) == [("K", "id", None), ("K", "ID", 5), ("V", "id", None), ("V", "ID", 5)]
    [(text,)] = run("select view_definition from information_schema.views where table_name = 'V'")
    assert text.isascii()


def test_a_star_of_no_columns_is_told_without_the_pattern(run: Run, twins: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/select"""
    for query in ("select * ilike 'q%' from twins", "select * exclude (c) from (select 1 as c)"):
        assert failure(run, query) == (
            1080,
            "001080 (42601): SQL compilation error:\nSELECT with no columns",
        )


def test_an_object_of_all_columns_has_their_names_as_keys(run: Run, twins: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/object_construct"""
    for written in (
        "object_construct(*)",
        "object_construct_keep_null(*)",
        "object_construct(t.*)",
        "{*}",
        "{* exclude c}",
    ):
        [(document,)] = run(f"select {written} from (select *, 0 as c from twins) t")
        rest = {} if "exclude" in written else {"C": 0}
        assert json.loads(document) == {"a": 1, "A": 2, "b b": "x"} | rest, written
    assert error(run, "select {* ilike 'a'} from twins") == 2


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("type = parquet", "type = parquet"),
        ("type = csv", "type = csv parse_header = true"),
    ],
)
def test_files_have_both_and_are_loaded_by_their_names(
    run: Run, twins: None, written: str, read: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/copy-into-table"""
    run("create stage shelf")
    run(f"copy into @shelf from twins file_format = ({written}) header = true")
    run('create table others (a int, "b b" varchar, "a" int)')
    run(
        f"copy into others from @shelf file_format = ({read}) match_by_column_name = case_sensitive"
    )
    assert run("select * from others") == [(2, "x", 1)]


def test_columns_of_a_file_of_parquet_are_read_by_their_names(run: Run, twins: None) -> None:
    """https://docs.snowflake.com/en/user-guide/querying-stage"""
    run("create stage shelf")
    run("create file format wood type = parquet")
    run("copy into @shelf from twins file_format = (type = parquet) header = true")
    assert run("select $1:a::int, $1:A::int from @shelf (file_format => wood)") == [(1, 2)]
    run('create table others ("a" int, a int)')
    run("copy into others from (select $1:a, $1:A from @shelf) file_format = (format_name = wood)")
    assert run("select * from others") == [(1, 2)]
    found = "table(infer_schema(location => '@shelf', file_format => 'wood'))"
    assert run(f"select column_name from {found} order by order_id") == [("a",), ("A",), ("b b",)]


def test_the_rows_of_an_earlier_query_have_its_names(run: Run, twins: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/functions/result_scan"""
    run('select "a", a from twins')
    assert run('select a, "a" from table(result_scan(last_query_id()))') == [(2, 1)]
    run("show tables")
    assert run('select "name" from table(result_scan(last_query_id()))') == [("TWINS",)]


def test_functions_in_sql_have_both_as_arguments_and_answers(run: Run) -> None:
    """https://docs.snowflake.com/en/developer-guide/udf/sql/udf-sql-tabular-functions"""
    run('create function f("x" int, x int) returns int as \'10 * "x" + x\'')
    run("create function t() returns table (\"y\" int, y int) as 'select 1, 2'")
    assert run("select f(1, 2)") == [(12,)]
    assert run('select y, "y" from table(t())') == [(2, 1)]


@pytest.mark.filterwarnings("ignore:is_datetime64tz_dtype")
def test_write_pandas_writes_both(connection: SnowflakeConnection, run: Run) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api"""
    frame = pd.DataFrame({"a": [1], "A": [2]})
    write_pandas(connection, frame, "FRAME", auto_create_table=True)
    assert run('select a, "a" from frame') == [(2, 1)]


def test_snowpark_keeps_them_apart(session: Session) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark/python/working-with-dataframes"""
    frame = session.create_dataframe([[1, 2]], schema=['"a"', "a"])
    assert frame.columns == ['"a"', "A"]
    assert frame.select('"a"', "a").collect() == [(1, 2)]
    frame.write.save_as_table("kept")
    assert session.table("kept").filter('"a" = 1').select("a").collect() == [(2,)]


def test_errors_name_a_column_as_it_is_written(run: Run, twins: None) -> None:
    """https://docs.snowflake.com/en/sql-reference/identifiers-syntax"""
    assert error(run, 'select "b" from twins') == 904
    assert error(run, 'select t."B b" from twins t') == 904
    assert error(run, 'create table one ("a" int, "a" int)') == 2025
    assert error(run, 'select 1 as "\uf8e0"') == 2
