"""INSERT ALL and INSERT FIRST: one query into several tables, in one statement."""

from typing import Any

import pytest
from shared import one_database
from snowflake.connector import SnowflakeConnection
from snowflake.snowpark import Session

from conformance.shared import Run, error, failure

database = pytest.fixture(scope="module")(one_database)

SYNTAX = 1003


@pytest.fixture(autouse=True)
def tables(run: Run) -> None:
    """T1 and T2 with the columns C1, C2, C3 and a default for C3; SRC with three rows."""
    for name in ("t1", "t2"):
        run(f"create or replace table {name} (c1 int, c2 varchar, c3 int default 7)")
    run(
        "create or replace table src as select column1 n1, column2 n2, column3 n3"
        " from values (5, 'five', 50), (20, 'twenty', 200), (200, null, 2000)"
    )


def sorted_rows(run: Run, table: str) -> list[Any]:
    return run(f"select * from {table} order by c1, c2, c3")


def answer(connection: SnowflakeConnection, sql: str, *binds: Any) -> dict[str, int]:
    """The answer's one row, by its columns' names."""
    cursor = connection.cursor().execute(sql, binds or None)
    (row,) = cursor.fetchall()
    return dict(zip((column.name for column in cursor.description), row, strict=True))


def test_each_row_goes_into_every_table(connection: SnowflakeConnection, run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/insert-multi-table"""
    counts = answer(
        connection,
        "insert all into t1 into t1 (c1, c2, c3) values (n3, n2, default)"
        " into t2 (c1, c2) values (n1, null) into t2 values (n3, n2, n1)"
        " select n1, n2, n3 from src where n1 < 100",
    )
    assert counts == {"number of rows inserted into T1": 4, "number of rows inserted into T2": 4}
    assert sorted_rows(run, "t1") == [
        (5, "five", 50),
        (20, "twenty", 200),
        (50, "five", 7),
        (200, "twenty", 7),
    ]
    assert sorted_rows(run, "t2") == [
        (5, None, 7),
        (20, None, 7),
        (50, "five", 5),
        (200, "twenty", 20),
    ]


def test_all_takes_every_when_that_is_met_and_first_only_one(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/insert-multi-table"""
    clauses = (
        " when n1 > 100 then into t1 (c1) values (n1)"
        " when n1 > 10 then into t1 (c1, c2) values (n1, n2) into t2 (c1) values (n1)"
        " else into t2 (c1, c3) values (n1, n3) select * from src"
    )
    assert run("insert all" + clauses) == [(3, 3)]
    assert sorted_rows(run, "t1") == [(20, "twenty", 7), (200, None, 7), (200, None, 7)]
    assert sorted_rows(run, "t2") == [(5, None, 50), (20, None, 7), (200, None, 7)]
    run("truncate table t1")
    run("truncate table t2")
    assert run("insert first" + clauses) == [(2, 2)]
    assert sorted_rows(run, "t1") == [(20, "twenty", 7), (200, None, 7)]
    assert sorted_rows(run, "t2") == [(5, None, 50), (20, None, 7)]


def test_a_condition_that_is_null_is_not_met(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/insert-multi-table"""
    for kind in ("all", "first"):
        sql = f"insert {kind} when n2 like '%e%' then into t1 select n1, n2, n3 from src"
        assert run(sql) == [(2,)]
        with_else = sql.replace(" select", " else into t2 select")
        assert run(with_else) == [(2, 1)]
    assert sorted_rows(run, "t2") == [(200, None, 2000), (200, None, 2000)]


def test_values_name_the_columns_of_the_subquery(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/insert-multi-table"""
    run(
        'insert all when an_alias > 1 then into t1 values ($1, "10 + 20", an_alias)'
        " with two as (select 2 as n) select n - 1, n * 25 as an_alias, 10 + 20 from two"
    )
    assert run("select * from t1") == [(1, "30", 50)]
    run("insert all into t1 (c1) values (n) (select n1 as n from src limit 1)")
    assert error(run, "insert all into t1 (c1) values (n1) select n1 as n from src") == 904
    assert error(run, "insert all into t1 (c1) values (src.n1) select n1 from src") == 904
    assert error(run, "insert all into t1 (c1) values ($2) select n1 from src") == 904
    assert run("select count(*) from t1") == [(2,)]


def test_binds_are_read_wherever_they_stand(connection: SnowflakeConnection, run: Run) -> None:
    """https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example"""
    counts = answer(
        connection,
        "insert first when n1 > ? then into t1 (c1, c2) values (n1, ?)"
        " else into t2 (c1, c2) values (n1, ?) select n1 from src where n1 < ?",
        10,
        "much",
        "little",
        100,
    )
    described = connection.cursor().describe("insert all into t2 into t1 into t2 select 1, 'a', 1")
    assert [column.name for column in described or ()] == [
        "number of rows inserted into T2",
        "number of rows inserted into T1",
    ]
    assert counts == {"number of rows inserted into T1": 1, "number of rows inserted into T2": 1}
    assert run("select c1, c2 from t1 union all select c1, c2 from t2") == [
        (20, "much"),
        (5, "little"),
    ]


def test_the_subquery_is_evaluated_once(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/insert-multi-table"""
    run("create or replace sequence once")
    run("insert all into t1 (c1) values (n) into t2 (c1) values (n) select once.nextval n from src")
    assert run("select c1 from t1 order by 1") == run("select c1 from t2 order by 1")
    assert run("select count(distinct c1) from t1") == [(3,)]


def test_overwrite_empties_every_target_first(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/insert-multi-table"""
    run("insert into t1 (c1) values (1), (2)")
    run("insert into t2 (c1) values (3)")
    assert run("insert overwrite all into t1 into t1 into t2 select c1 + 1, 'x', 0 from t1") == [
        (4, 2)
    ]
    assert run("select c1 from t1 order by 1") == [(2,), (2,), (3,), (3,)]
    assert run("select c1 from t2 order by 1") == [(2,), (3,)]


def test_what_is_out_of_its_place_is_a_syntax_error(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/insert-multi-table"""
    for sql in (
        "insert first into t1 select 1, 'a', 1",
        "insert when 1 = 1 then into t1 select 1, 'a', 1",
        "insert all else into t1 select 1, 'a', 1",
        "insert all into t1 when 1 = 1 then into t2 select 1, 'a', 1",
        "insert all when 1 = 1 then into t1 else into t2 when 1 = 2 then into t2 select 1, 'a', 1",
        "insert all when 1 = 1 then into t1 else into t2 into t2 select 1, 'a', 1",
        "insert all into t1 values (1, 'a', 1), (2, 'b', 2) select 1",
        "insert all into t1 values (1, 'a', 1)",
        "insert all select 1",
    ):
        assert error(run, sql) == SYNTAX, sql
    assert run("select count(*) from t1") == [(0,)]


def test_a_failing_table_leaves_all_of_them_as_they_were(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/transactions"""
    failing = "insert all into t1 (c1) values (n1) into t2 (c1) values (n2) select n1, n2 from src"
    assert error(run, failing) == 100038
    assert run("select count(*) from t1") == [(0,)]
    run("begin")
    run("insert all into t1 (c1) values (1) into t2 (c1) values (1) select 1")
    assert error(run, failing) == 100038
    assert error(run, failing.replace("t2", "t9")) == 2003
    assert failure(run, "insert all into t1 values (n1) select n1 from src") == failure(
        run, "insert into t1 select n1 from src"
    )
    run("commit")
    assert run("select c1 from t1") == run("select c1 from t2") == [(1,)]


def test_streams_that_it_reads_move_and_those_on_its_targets_show_its_rows(run: Run) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro"""
    run("create or replace stream of_src on table src append_only = true")
    run("create or replace stream of_t1 on table t1")
    run("create or replace stream of_t2 on table t2")
    run("insert into src values (7, 'seven', 70), (300, 'many', 1)")
    split = (
        "insert first when n1 < 10 then into t1 values (n1, n2, n3)"
        " else into t2 (c1, c2) values (n1, n2) select n1, n2, n3 from of_src"
    )
    run("begin")
    assert run(split) == [(1, 1)]
    run("rollback")
    assert run("select count(*) from of_src") == [(2,)]
    run("begin")
    assert run(split) == [(1, 1)]
    run("commit")
    assert run("select * from of_src") == []
    columns = "c1, c2, c3, metadata$action, metadata$isupdate"
    assert run(f"select {columns} from of_t1") == [(7, "seven", 70, "INSERT", False)]
    assert run(f"select {columns} from of_t2") == [(300, "many", 7, "INSERT", False)]
    # In a transaction of its own, and of the same text, it takes what came since.
    run("insert into src values (8, 'eight', 80)")
    assert run(split) == [(1, 0)]
    assert run("select c1 from of_t1 order by 1") == [(7,), (8,)]
    assert error(run, "insert all into of_t1 select 1, 'a', 1") == 2


def test_streams_show_what_the_columns_made_of_the_values(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/insert-multi-table"""
    run("create or replace table typed (d number(10, 1), v varchar, n int, m timestamp_ntz)")
    run("create or replace stream of_typed on table typed")
    assert run(
        "insert all into typed (v, d) into typed values (v, d, ?, null) into typed (n) values (1)"
        " select n1 as v, '2.25' as d from src where n1 = 5",
        9,
    ) == [(3,)]
    rows = [("2.3", "5", None, None), ("5.0", "2.25", 9, None), (None, None, 1, None)]
    assert run("select d::varchar, v, n, m from typed order by d") == rows
    assert run("select d::varchar, v, n, m from of_typed order by d") == rows


def test_every_row_of_many_has_an_identity_of_its_own_in_a_stream(run: Run) -> None:
    """https://docs.snowflake.com/en/user-guide/streams-intro"""
    run("create or replace stream of_t1 on table t1")
    run("begin")
    split = (
        "insert first when n % 2 = 0 then into t1 values (n, 'even', 0) else into t1 values"
        " (n, 'odd', 1) select seq4() as n from table(generator(rowcount => 60000))"
    )
    assert run(split) == [(60000,)]
    run("insert into t1 values (60000, 'even', 0)")
    run("commit")
    run("delete from t1 where c1 < 59998")
    assert run("select c1, c2, metadata$action from of_t1 order by c1") == [
        (59998, "even", "INSERT"),
        (59999, "odd", "INSERT"),
        (60000, "even", "INSERT"),
    ]


def test_variants_keep_their_types_and_temporary_tables_may_be_targets(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/insert-multi-table"""
    run("create or replace table docs (v variant, d number(10, 2))")
    run("create or replace temporary table mine (v varchar)")
    assert run(
        "insert all into docs values (v, d) into mine values (t)"
        " select parse_json('{\"a\": [1, 2]}') as v, v:a[1]::varchar as t, '1.5' as d"
    ) == [(1, 1)]
    assert run("select v:a[0]::int, typeof(v), d from docs") == [(1, "OBJECT", 1.5)]
    assert run("select v from mine") == [("2",)]


def test_snowpark_collects_the_counts(session: Session, run: Run, database: str) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowpark/reference/python/latest/snowpark/api/snowflake.snowpark.Session.sql"""
    into = ", ".join(f"{database}.public.{name}" for name in ("t1", "t2")).split(", ")
    [row] = session.sql(
        f"insert first when n > 1 then into {into[0]} (c1) values (n)"
        f" else into {into[1]} (c1) values (n) select column1 n from values (1), (2), (?)",
        params=[3],
    ).collect()
    assert row.as_dict() == {
        "number of rows inserted into T1": 2,
        "number of rows inserted into T2": 1,
    }
