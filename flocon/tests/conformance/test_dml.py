"""INSERT, UPDATE, DELETE and MERGE: what they change and what they answer."""

from typing import Any

import pytest
import snowflake.connector
from shared import errno, one_database

database = pytest.fixture(scope="module")(one_database)
Run = Any


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


def test_an_update_says_how_many_rows_have_several_to_be_updated_from(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/update"""
    for kind in ("table", "temporary table"):
        run(f"create or replace {kind} shelves (id int, level int)")
        run("insert into shelves values (1, 10), (2, 20), (3, 30)")
        source = "(select column1 as id, column2 as n from values (1, 5), (1, 5), (2, 6)) as s"
        update = f"update shelves as t set level = s.n from {source} where t.id = s.id"
        assert run(update) == [(2, 1)]
        assert run("select level from shelves order by id") == [(5,), (6,), (30,)]
        assert run(f"{update} and s.n > ?", 5) == [(1, 0)]
        run("alter table shelves add column rowid int")
        assert errno(run, update) == 2
        run("drop table shelves")


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


def test_an_update_names_its_table_and_sets_defaults(run: Run) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/update"""
    for kind in ("table", "temporary table"):
        run(
            f"create or replace {kind} cellar (n int default 9, m int, z timestamp_tz default"
            " '2026-01-01 10:00:00 +0200'::timestamp_tz)"
        )
        run("insert into cellar values (1, 1, null), (2, 2, null), (3, 3, null)")
        assert run("update cellar c set c.n = default where c.m = 1") == [(1, 0)]
        joined = "update cellar set cellar.n = default, z = default from (select 2 as k) s"
        assert run(f"{joined} where cellar.m = s.k") == [(1, 0)]
        assert run("update cellar set m = default where m = 3") == [(1, 0)]
        assert run("select n, m, z is null from cellar order by m") == [
            (9, 1, True), (9, 2, False), (3, None, True),
        ]  # fmt: skip
        for wrong in ("other.n = 1", "c.n = 1", "n = default + 1", 'n = "DEFAULT"'):
            assert errno(run, f"update cellar set {wrong}") == 904, wrong
        assert errno(run, "update cellar set s.n = 1 from (select 1 as n) s") == 904


def test_the_counts_of_dml_have_19_digits(
    connection: snowflake.connector.SnowflakeConnection,
) -> None:
    """https://docs.snowflake.com/en/sql-reference/data-types-numeric"""
    cursor = connection.cursor()
    cursor.execute("create or replace table t (a int)")
    for sql in (
        "insert into t values (1)",
        "update t set a = 2",
        "merge into t using (select 2 as a) s on t.a = s.a when matched then update set a = 3",
        "insert all into t values (a) select 4 as a",
        "delete from t",
        "select * from table(result_scan(last_query_id()))",
    ):
        for column in cursor.execute(sql).description:
            assert (column.type_code, column.precision, column.scale) == (0, 19, 0), sql
